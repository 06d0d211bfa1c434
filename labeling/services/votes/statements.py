"""The statements of ``votes.sql``, by name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from labeling.sql import statements

SQL: Final = statements.load(Path(__file__).with_name("votes.sql"))
