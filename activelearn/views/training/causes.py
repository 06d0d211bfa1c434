"""What starts the next run, as the models page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from activelearn.core import causes as core
from activelearn.models import LearningPolicy
from activelearn.services.training import causes

NAMES: Final[dict[str, Promise]] = {
    core.LABELS: lazy("New labels"),
    core.SCHEDULE: lazy("Schedule"),
    core.ERRORS: lazy("Errors"),
    core.DRIFT: lazy("Drift"),
    core.FEEDBACK: lazy("Feedback"),
}
# Where a group of causes has several, all of them are needed.
_AND: Final = lazy("and")


@dataclass(frozen=True)
class CausesShown:
    """Each cause with its name and whether the rule names it; and how much may start.

    is_by_labels: whether new labels alone are enough.
    """

    rows: list[tuple[Promise, causes.Cause, bool]]
    groups: list[str]
    budget: causes.Budget
    is_by_labels: bool


def shown(policy: LearningPolicy) -> CausesShown:
    """Return how far each cause is."""
    groups = core.groups_of(policy.retrain_when)
    used = {name for group in groups for name in group}
    return CausesShown(
        rows=[
            (NAMES[cause.name], cause, cause.name in used)
            for cause in causes.named(policy, core.CAUSES)
        ],
        groups=[
            f" {_AND} ".join(str(NAMES[name]) for name in group) for group in groups
        ],
        budget=causes.budget_of(policy),
        is_by_labels=(core.LABELS,) in groups,
    )
