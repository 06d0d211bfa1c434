"""Read models that join several tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import Count, Q, Sum

from labeling.models import (
    AgreementReport,
    Disagreement,
    Item,
    Membership,
    Project,
    ProjectCounter,
)


@dataclass(frozen=True)
class Progress:
    """A project's counts; items are counted now, votes from the exact counters."""

    items: int
    settled: int
    disputed: int
    invalid: int
    evaluation: int
    evaluation_settled: int
    votes: int
    confident: int
    disagreements: int


_COUNTS = tuple(one.name for one in fields(Progress)[:6])


def progress(project: Project) -> Progress:
    """Return the counts of one project, in three queries."""
    return progress_of([project.pk])[project.pk]


def progress_of(project_ids: Sequence[int]) -> dict[int, Progress]:
    """Return the counts of some projects, in three queries whatever their number."""
    items = (
        Item.objects.filter(project__in=project_ids)
        .order_by()
        .values("project")
        .annotate(
            items=Count("pk"),
            settled=Count("pk", filter=Q(state=Item.State.SETTLED)),
            disputed=Count("pk", filter=Q(state=Item.State.DISPUTED)),
            invalid=Count("pk", filter=Q(state=Item.State.INVALID)),
            evaluation=Count("pk", filter=Q(split=Item.Split.EVALUATION)),
            evaluation_settled=Count(
                "pk", filter=Q(split=Item.Split.EVALUATION, state=Item.State.SETTLED)
            ),
        )
    )
    counters = (
        ProjectCounter.objects.filter(project__in=project_ids)
        .order_by()
        .values("project")
        .annotate(total=Sum("votes"), labels=Sum("confident"))
    )
    disputed = (
        Disagreement.objects.filter(project__in=project_ids, resolved_at=None)
        .order_by()
        .values("project")
        .annotate(count=Count("pk"))
    )
    counts: dict[int, dict[str, Any]] = {row["project"]: dict(row) for row in items}
    votes = {row["project"]: (row["total"], row["labels"]) for row in counters}
    open_ = {row["project"]: row["count"] for row in disputed}
    return {
        pk: Progress(
            **{name: counts.get(pk, {}).get(name, 0) for name in _COUNTS},
            votes=votes.get(pk, (0, 0))[0],
            confident=votes.get(pk, (0, 0))[1],
            disagreements=open_.get(pk, 0),
        )
        for pk in project_ids
    }


def alpha_of(project_ids: Sequence[int]) -> dict[int, float | None]:
    """Return the newest agreement of some projects, in one query."""
    newest = (
        AgreementReport.objects.filter(project__in=project_ids)
        .order_by("project", "-computed_at", "-pk")
        .distinct("project")
    )
    return dict(newest.values_list("project", "krippendorff_alpha"))


def memberships_of(user_id: int) -> list[Membership]:
    """Return a person's projects by name, in one query."""
    return list(
        Membership.objects.select_related("project")
        .filter(user_id=user_id)
        .order_by("project__name", "pk")
    )
