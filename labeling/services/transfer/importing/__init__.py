"""Bring files in: keep the good rows, report each bad one, count duplicates."""

from __future__ import annotations

from labeling.services.transfer.importing.run import again, cancel, run, start
from labeling.services.transfer.importing.staging import (
    Preview,
    forget_files,
    preview,
    stage,
)
from labeling.services.transfer.limits import LIMITS, Limits
from labeling.services.transfer.rows import RowError

__all__ = [
    "LIMITS",
    "Limits",
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
