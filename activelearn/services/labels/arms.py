"""The votes that chance has drawn and those that the rule has picked, as they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from activelearn.core import arms as core
from labeling.models import Annotation, Item, Project, Reason

_DRAWN: Final = Q(reason=Reason.RANDOM, probability__isnull=False)
# Of the rule's places, those that chance fills where it has no more to say are no picks.
_PICKED: Final = Q(reason__in=(Reason.MODEL, Reason.COLD), probability=1.0)


def drawn_items(project: Project) -> set[int]:
    """Return the items that chance has drawn, and that were answered blind."""
    votes = Annotation.votes.filter(project=project, undone_at=None)
    # With the model's answer in sight a label agrees with it more often than it should.
    seen = votes.filter(suggestion_shown__isnull=False).values("item")
    drawn = votes.filter(_DRAWN).exclude(item__in=seen)
    return set(drawn.values_list("item", flat=True))


def fewest(project_id: int) -> int:
    """Return how many votes the smaller arm has at least."""
    votes = Annotation.votes.filter(project=project_id, undone_at=None).order_by()
    if not votes.filter(_DRAWN).exists():
        return 0
    counts = votes.aggregate(
        drawn=Count("item", filter=_DRAWN, distinct=True),
        picked=Count("item", filter=_PICKED, distinct=True),
    )
    return min(counts.values())


def taken(project: Project, most: int) -> core.TwoArms:
    """Return the labeled items of both arms, at most ``most`` of each.

    By the project's seed: the same votes, the same arms.
    """
    rng = np.random.default_rng(project.seed)
    # Outside a transaction, a cursor would read all votes before it gave the first ones.
    with transaction.atomic():
        return core.arms_of(_first_votes(project), most, rng)


def _first_votes(project: Project) -> Iterator[core.FirstVote]:
    votes = pool_votes(project).values_list("item", "reason", "probability", "mixture")
    known: set[int] = set()
    # As they come in: there may be a million, of which the first ones will do.
    for item, reason, probability, mixture in votes.iterator(chunk_size=2000):
        if item not in known:
            known.add(item)
            yield _first_vote(item, reason, probability, mixture)


def pool_votes(project: Project) -> QuerySet[Annotation]:
    """Return the votes that stand on settled items of the pool, in the order they came."""
    return Annotation.votes.filter(
        project=project,
        undone_at=None,
        item__split=Item.Split.POOL,
        item__state=Item.State.SETTLED,
    ).order_by("pk")


def _first_vote(
    item: int, reason: str, probability: float | None, mixture: dict[str, Any] | None
) -> core.FirstVote:
    if reason == Reason.RANDOM and probability is not None and mixture:
        return core.FirstVote(item, "chance", mixture["open"])
    is_pick = reason in {Reason.MODEL, Reason.COLD} and probability == 1.0
    return core.FirstVote(item, "rule" if is_pick else "other")
