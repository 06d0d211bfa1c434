"""Bring files in: keep the good rows, report each bad one, count duplicates."""

from __future__ import annotations

from labeling.services.transfer.importing.rows import MAX_TEXT, RowError
from labeling.services.transfer.importing.run import (
    Preview,
    again,
    cancel,
    forget_files,
    preview,
    run,
    stage,
    start,
)

__all__ = [
    "MAX_TEXT",
    "Preview",
    "RowError",
    "again",
    "cancel",
    "forget_files",
    "preview",
    "run",
    "stage",
    "start",
]
