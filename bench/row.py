"""How a figure is written down, and how large the measurements of the queue are.

``SCALE`` in the environment shrinks the data and the durations for a quick look.
"""

from __future__ import annotations

import os
from typing import Any

SCALE = float(os.environ.get("SCALE", "1"))


def row(
    name: str, value: float, unit: str, target: float, detail: str
) -> dict[str, Any]:
    is_rate = unit.endswith("/s")
    return {
        "name": name,
        "value": round(value, 2),
        "unit": unit,
        "target": target,
        "met": value >= target if is_rate else value <= target,
        "detail": detail,
    }
