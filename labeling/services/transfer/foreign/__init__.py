"""Files of other tools: recognized by their content, read as our rows, and written."""

from __future__ import annotations

from labeling.services.transfer.foreign.registry import INCOMING, OUTGOING, recognized
from labeling.services.transfer.foreign.shape import (
    ExportedPrediction,
    Incoming,
    Outgoing,
    Record,
    Target,
)

__all__ = [
    "INCOMING",
    "OUTGOING",
    "ExportedPrediction",
    "Incoming",
    "Outgoing",
    "Record",
    "Target",
    "recognized",
]
