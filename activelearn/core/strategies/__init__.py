"""How the next items are chosen: one file and one function for each strategy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from activelearn.core.strategies.auto import auto
from activelearn.core.strategies.badge import badge
from activelearn.core.strategies.balanced import balanced
from activelearn.core.strategies.committee import committee
from activelearn.core.strategies.scene import Scene, ServedRows
from activelearn.core.strategies.typiclust import typiclust
from activelearn.core.strategies.unsure import unsure_by

Strategy = Callable[[Scene], ServedRows]
STRATEGIES: Final[dict[str, Strategy]] = {
    "auto": auto,
    "margin": unsure_by("margin"),
    "least_confidence": unsure_by("least_confidence"),
    "entropy": unsure_by("entropy"),
    "balanced": balanced,
    "committee": committee,
    "badge": badge,
    "typiclust": typiclust,
}
