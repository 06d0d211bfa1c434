"""What may start a run by itself: how far each cause is, and which have come together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from activelearn.core import causes as core
from activelearn.models import (
    Feedback,
    LearningPolicy,
    RetrainTrigger,
    TrainingRun,
    WatchIncident,
    WatchRule,
)
from labeling.messages import Message, message, verbatim
from labeling.models import ProjectCounter

# The days whose runs a project's limit is about.
MONTH: Final = timedelta(days=30)
Trigger = TrainingRun.Trigger
# Those that nobody asked for and that train: a judgment costs next to nothing.
_BY_THEMSELVES: Final = tuple(Trigger(name) for name in core.CAUSES)
Metric = WatchRule.Metric
# What an alarm says that new labels may mend; where the data are broken they do not.
_ALARMS: Final = {
    core.ERRORS: (Metric.ERRORS,),
    core.DRIFT: (Metric.DIFFERENCE, Metric.FALL),
}


@dataclass(frozen=True)
class Cause:
    """A cause: how much of what it waits for is there, and in words; both in its own unit."""

    name: str
    now: float
    wanted: float
    words: Message

    @property
    def is_due(self) -> bool:
        """Whether it would start a run."""
        return self.now >= self.wanted

    @property
    def percent(self) -> int:
        """How far it is, from 0 to 100."""
        return 100 if self.is_due else math.floor(100 * self.now / self.wanted)

    @property
    def evidence(self) -> dict[str, Any]:
        """What a run keeps of it."""
        return {"cause": self.name, "now": self.now, "wanted": self.wanted}


@dataclass(frozen=True)
class Budget:
    """Runs that have started by themselves in 30 days, and how many may; 0 is no limit."""

    used: int
    most: int

    @property
    def is_used_up(self) -> bool:
        """Whether none may start until one of them is older."""
        return 0 < self.most <= self.used


def next_threshold(policy: LearningPolicy, labels_then: int) -> int:
    """Return how many confident labels and corrections of them start the next run."""
    # There is nothing yet that could grow.
    if labels_then == 0:
        return policy.retrain_first
    # At least ten: a share of few labels would start a run for each one.
    growth = math.ceil(labels_then * policy.retrain_growth)
    return labels_then + max(10, growth)


def budget_of(policy: LearningPolicy) -> Budget:
    """Return how much of a project's limit of runs is used."""
    runs = TrainingRun.objects.filter(
        project_id=policy.project_id,
        trigger__in=_BY_THEMSELVES,
        created_at__gt=timezone.now() - MONTH,
    )
    return Budget(runs.count(), policy.retrain_most)


def named(policy: LearningPolicy, names: Sequence[str]) -> list[Cause]:
    """Return how far each of the named causes is."""
    trigger = RetrainTrigger.objects.filter(project=policy.project_id).first()
    labels_then = trigger.label_count if trigger else 0
    return [_OF[name](policy, labels_then) for name in names]


def together(policy: LearningPolicy) -> list[Cause]:
    """Return the causes that are all due and are enough by the project's rule, or none."""
    groups = core.groups_of(policy.retrain_when)
    # Only these: it is asked after each label.
    names = dict.fromkeys(name for group in groups for name in group)
    known = {cause.name: cause for cause in named(policy, list(names))}
    due = [name for name, cause in known.items() if cause.is_due]
    return [known[name] for name in core.fired(groups, due)]


def reason_of(causes: Sequence[Cause]) -> Message:
    """Return why a run starts, in one sentence."""
    words, *others = (cause.words for cause in causes)
    for more in others:
        words = message("%(why)s; and %(more)s", why=words, more=more)
    return words


def _labels(policy: LearningPolicy, labels_then: int) -> Cause:
    now = ProjectCounter.toward_retrain(policy.project_id)
    new, wanted = now - labels_then, next_threshold(policy, labels_then) - labels_then
    words = message(
        "%(new)s new confident labels and corrections (%(wanted)s start a run)",
        new=new,
        wanted=wanted,
    )
    return Cause(core.LABELS, new, wanted, words)


def _last_run(policy: LearningPolicy) -> datetime | None:
    runs = TrainingRun.objects.filter(project=policy.project_id, judges=None)
    return runs.order_by("-pk").values_list("created_at", flat=True).first()


def _schedule(policy: LearningPolicy, labels_then: int) -> Cause:
    """Return how old the last run is; with nothing new since it is never due."""
    wanted, last = policy.retrain_days, _last_run(policy)
    new = ProjectCounter.toward_retrain(policy.project_id) - labels_then
    if last is None:
        why = message("there has been no run yet")
        return Cause(core.SCHEDULE, 0, wanted, why)
    days = (timezone.now() - last) / timedelta(days=1)
    if new <= 0:
        # It would do the same experiment again, each time that its days are over.
        why = message(
            "no new label since the last run, %(days)s days ago", days=int(days)
        )
        return Cause(core.SCHEDULE, min(days, wanted - 1), wanted, why)
    why = message(
        "the last run was %(days)s days ago (%(wanted)s start a run)",
        days=int(days),
        wanted=wanted,
    )
    return Cause(core.SCHEDULE, days, wanted, why)


def _alarm(name: str, policy: LearningPolicy) -> Cause:
    """Return whether an alarm has opened since the last run, and nobody has closed it."""
    # Where one is closed somebody has dealt with it, and an older one the last run has.
    incidents = WatchIncident.objects.filter(
        project=policy.project_id, metric__in=_ALARMS[name], closed_at=None
    )
    if last := _last_run(policy):
        incidents = incidents.filter(opened_at__gt=last)
    opened = incidents.order_by("pk").first()
    if opened is None:
        return Cause(
            name, 0, 1, message("no alarm is open that opened since the last run")
        )
    why = message(
        "the alarm “%(alarm)s” is open: %(value)s (it opens at %(threshold)s)",
        alarm=verbatim(str(Metric(opened.metric).label)),
        value=f"{opened.value:.2f}",
        threshold=f"{opened.threshold:g}",
    )
    return Cause(name, 1, 1, why)


def _errors(policy: LearningPolicy, _: int) -> Cause:
    return _alarm(core.ERRORS, policy)


def _drift(policy: LearningPolicy, _: int) -> Cause:
    return _alarm(core.DRIFT, policy)


def _feedback(policy: LearningPolicy, _: int) -> Cause:
    """Return how often a prediction was said to be wrong since the last run."""
    rows = Feedback.objects.filter(project=policy.project_id).contradicted()
    if last := _last_run(policy):
        rows = rows.filter(created_at__gt=last)
    count, wanted = rows.count(), policy.retrain_feedback
    why = message(
        "%(count)s predictions were called wrong since the last run (%(wanted)s start a run)",
        count=count,
        wanted=wanted,
    )
    return Cause(core.FEEDBACK, count, wanted, why)


_OF: Final[dict[str, Callable[[LearningPolicy, int], Cause]]] = {
    core.LABELS: _labels,
    core.SCHEDULE: _schedule,
    core.ERRORS: _errors,
    core.DRIFT: _drift,
    core.FEEDBACK: _feedback,
}
