"""What may start a run by itself, and how far each cause is."""

from __future__ import annotations

from typing import Annotated

from activelearn.core import causes as core
from activelearn.models import LearningPolicy
from activelearn.services.training import causes
from labeling.api.http.fields import ReplyData, about, one_of
from labeling.templatetags.localized import localized


class RunCause(ReplyData):
    """How much of what a cause waits for is there."""

    cause: Annotated[str, one_of(core.CAUSES, "What it is.")]
    now: Annotated[
        float,
        about(
            "What is there: of `schedule` days, of `errors` and `drift` alarms, else a number."
        ),
    ]
    wanted: Annotated[float, about("With how much it is due.")]
    due: Annotated[bool, about("Whether it is.")]
    used: Annotated[bool, about("Whether the project's rule names it.")]
    explanation: Annotated[str, about("The same, in the caller's language.")]


class RunCauses(ReplyData):
    """What starts the next run."""

    rule: Annotated[str, about("The setting `retrain_when`.")]
    any_of: Annotated[
        list[list[str]],
        about("The rule taken apart: the causes of one of these are enough, together."),
    ]
    started: Annotated[
        int, about("Runs that have started by themselves in the last 30 days.")
    ]
    most: Annotated[int, about("How many may; 0 is no limit.")]
    causes: Annotated[list[RunCause], about("Each cause there is.")]


def causes_of(policy: LearningPolicy) -> RunCauses:
    """Return how far each cause is in a project."""
    groups = core.groups_of(policy.retrain_when)
    used = {name for group in groups for name in group}
    budget = causes.budget_of(policy)
    return RunCauses(
        rule=policy.retrain_when,
        any_of=[list(group) for group in groups],
        started=budget.used,
        most=budget.most,
        causes=[
            RunCause(
                cause=cause.name,
                now=cause.now,
                wanted=cause.wanted,
                due=cause.is_due,
                used=cause.name in used,
                explanation=localized(cause.words),
            )
            for cause in causes.named(policy, core.CAUSES)
        ],
    )
