"""Send everything out: one row per item, each with where its label comes from."""

from __future__ import annotations

from labeling.services.transfer.exporting.files import (
    FORMATS,
    KINDS,
    CsvStyle,
    Export,
    check,
    ending,
    stream,
)
from labeling.services.transfer.exporting.offered import offered
from labeling.services.transfer.exporting.rows import COLUMNS

__all__ = [
    "COLUMNS",
    "FORMATS",
    "KINDS",
    "CsvStyle",
    "Export",
    "check",
    "ending",
    "offered",
    "stream",
]
