"""When a run starts by itself: causes joined by *and* and *or*, in a project's own words."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

LABELS: Final = "labels"
SCHEDULE: Final = "schedule"
ERRORS: Final = "errors"
DRIFT: Final = "drift"
FEEDBACK: Final = "feedback"
CAUSES: Final = (LABELS, SCHEDULE, ERRORS, DRIFT, FEEDBACK)
# Any of these groups is enough; of a group all causes are needed.
CauseGroups = tuple[tuple[str, ...], ...]
_OR: Final = re.compile(r"\s+or\s+")
_AND: Final = re.compile(r"\s+and\s+")


def groups_of(rule: str) -> CauseGroups:
    """Return the groups of a rule such as ``labels or schedule and drift``.

    *and* binds more closely than *or*; case and further spaces do not matter. Raises
    ValueError with the word that is no cause, or is named twice in a group.
    """
    groups = []
    for group in _OR.split(rule.strip().lower()):
        causes = tuple(_AND.split(group))
        for cause in causes:
            if cause not in CAUSES or causes.count(cause) > 1:
                raise ValueError(cause)
        groups.append(causes)
    return tuple(groups)


def fired(groups: CauseGroups, due: Collection[str]) -> tuple[str, ...]:
    """Return the first group whose causes are all due, or none."""
    return next((group for group in groups if set(group) <= set(due)), ())
