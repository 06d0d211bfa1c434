"""Shares with their uncertainty."""

from __future__ import annotations

import math
from typing import Final

Z: Final = 1.959963984540054


def wilson(hits: float, total: float) -> tuple[float, float] | None:
    """Return the 95 % interval of a share (Wilson's score), or None without cases."""
    if not total:
        return None
    share, z2 = hits / total, Z * Z
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    spread = (Z * math.sqrt(share * (1 - share) / total + z2 / (4 * total * total))) / (
        1 + z2 / total
    )
    # Rounding may leave [0, 1] by a hair.
    return max(0.0, middle - spread), min(1.0, middle + spread)
