"""Where the free first entries of a project begin, as this process has just seen it.

While a snapshot lives, of an export or of who writes all predictions, every entry that
is lent stays before the head as a dead row, and each look would read past all of them.
So a look begins where the last one found its entry; it sees again what another process
gives back after a second at most, and what this one does at once.
"""

from __future__ import annotations

import math
import time
from typing import Final, NamedTuple

from labeling.models import Project

# Seconds after a look from the very start.
KNOWN_FOR: Final = 1.0


class _Floor(NamedTuple):
    generation: int
    rank: float
    until: float


_floors: dict[int, _Floor] = {}


def of(project: Project) -> float:
    """Return the rank from which on to look."""
    known = _floors.get(project.pk)
    # A new generation ranks before all earlier ones, so before the floor.
    if known is None or known.generation != project.queue_generation:
        return -math.inf
    return known.rank if time.monotonic() < known.until else -math.inf


def note(project: Project, start: float, rank: float) -> None:
    """Remember where a look from ``start`` on found its first entry."""
    known = _floors.get(project.pk)
    # Only a look from the very start keeps the floor for another second; otherwise it
    # would be kept for good, and what another process gives back would never be seen.
    if start == -math.inf:
        until = time.monotonic() + KNOWN_FOR
    elif known is not None and known.rank >= start:
        until = known.until
    else:
        return
    _floors[project.pk] = _Floor(project.queue_generation, rank, until)


def forget(project_id: int) -> None:
    """Look from the very start again: an entry has come."""
    _floors.pop(project_id, None)
