"""Which labels are recent enough to learn from, and to be judged on: a project's window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from activelearn.models import LearningPolicy
from activelearn.models.teaching import days_of
from labeling.models import Item, Project, Resolution
from labeling.services.votes.resolutions import CurrentLabel

Window = LearningPolicy.Window


@dataclass(frozen=True)
class LabelPeriod:
    """Moments whose labels count: none before ``since``, none in what is left out."""

    since: datetime | None = None
    left_out: tuple[datetime, datetime] | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether a label of a moment counts."""
        if self.since is not None and moment < self.since:
            return False
        return (
            self.left_out is None or not self.left_out[0] <= moment < self.left_out[1]
        )

    def outside(self, labels: QuerySet[Resolution]) -> QuerySet[Resolution]:
        """Return those of the labels that do not count."""
        conditions = Q()
        if self.since is not None:
            conditions |= Q(created_at__lt=self.since)
        if self.left_out is not None:
            begin, end = self.left_out
            conditions |= Q(created_at__gte=begin, created_at__lt=end)
        # A filter of nothing would be all of them.
        return labels.filter(conditions) if conditions else labels.none()


def period_of(project: Project) -> LabelPeriod:
    """Return whose labels count now.

    A window of days ends with the newest label, not with this moment: the same labels
    must be the same snapshot whenever one looks.
    """
    policy = LearningPolicy.of(project.pk)
    # Checked when it was set: what cannot be read is refused there.
    left_out = days_of(policy.left_out_days) if policy.left_out_days else None
    return LabelPeriod(_since(project, policy), left_out)


def counting(project: Project, labels: Sequence[CurrentLabel]) -> list[CurrentLabel]:
    """Return the labels that the project's window holds."""
    period = period_of(project)
    return [label for label in labels if period.holds(label.since)]


def _since(project: Project, policy: LearningPolicy) -> datetime | None:
    if policy.window == Window.ALL:
        return None
    labels = Resolution.objects.filter(
        project=project, superseded_at=None, is_ambiguous=False
    )
    # What the model accepted by itself would push people's labels out of the window.
    labels = labels.exclude(source=Resolution.Source.AUTO)
    moments = labels.order_by("-created_at").values_list("created_at", flat=True)
    if policy.window == Window.DAYS:
        newest = moments.first()
        return newest - timedelta(days=policy.window_size) if newest else None
    of_pool = moments.filter(item__split=Item.Split.POOL)
    # The oldest of them begins the window; where there are fewer, none does.
    return of_pool[policy.window_size - 1 : policy.window_size].first()
