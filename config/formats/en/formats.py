"""How English writes a moment."""

from __future__ import annotations

DATETIME_FORMAT = "j M Y, H:i"
SHORT_DATETIME_FORMAT = "j M, H:i"
