"""How a figure is written down, and how large the measurements of the queue are.

``SCALE`` in the environment shrinks the data and the durations for a quick look.
"""

from __future__ import annotations

import os
from pathlib import Path
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


def most_memory(process: int | str = "self") -> float:
    """Return the most that a process had in memory so far, in MiB; 0 where it ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if "VmHWM" in line) / 1024
