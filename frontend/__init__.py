"""Templates, style sheets and modules; the package carries them wherever it is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parent
