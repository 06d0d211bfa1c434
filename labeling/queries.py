"""Read models that join several tables."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from labeling.models import (
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


def progress(project: Project) -> Progress:
    """Return the counts of one project, in three queries."""
    items = Item.objects.filter(project=project).aggregate(
        items=Count("pk"),
        settled=Count("pk", filter=Q(state=Item.State.SETTLED)),
        disputed=Count("pk", filter=Q(state=Item.State.DISPUTED)),
        invalid=Count("pk", filter=Q(state=Item.State.INVALID)),
        evaluation=Count("pk", filter=Q(split=Item.Split.EVALUATION)),
        evaluation_settled=Count(
            "pk", filter=Q(split=Item.Split.EVALUATION, state=Item.State.SETTLED)
        ),
    )
    counters = ProjectCounter.objects.filter(project=project).aggregate(
        votes=Sum("votes", default=0), confident=Sum("confident", default=0)
    )
    disagreements = Disagreement.objects.filter(
        project=project, resolved_at=None
    ).count()
    return Progress(**items, **counters, disagreements=disagreements)


def memberships_of(user_id: int) -> list[Membership]:
    """Return a person's projects by name, in one query."""
    return list(
        Membership.objects.select_related("project")
        .filter(user_id=user_id)
        .order_by("project__name", "pk")
    )
