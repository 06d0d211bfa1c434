"""The queue's order: what a cheap, fresh model is least sure of, and some chance."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
from django.db.models import F
from django.utils.translation import gettext_noop as noop

from activelearn.core import mixing, ordering
from activelearn.models import LearningPolicy, RankingFit
from activelearn.services import features, suggesting
from labeling.models import Item, Project, ProjectCounter, Resolution
from labeling.services.queue import order
from labeling.services.work import jobs

# Items with a vote whose further votes stand in an order.
FURTHER: Final = 2000


def request_order(project_id: int) -> None:
    """Request a new order; one that already waits will do."""
    jobs.request_for_project("learn.rank", project_id, series="rank")


def is_due(project_id: int) -> bool:
    """Whether 10 to 25 new labels, or a tenth more, came since the last order."""
    last = RankingFit.objects.filter(project_id=project_id).first()
    if last is None:
        return Item.objects.filter(project_id=project_id).exists()
    now = ProjectCounter.confident_of(project_id)
    return now - last.label_count >= min(25, max(10, last.label_count // 10))


def labeled(project_id: int) -> Any:
    """Return the current labels of pool items."""
    return Resolution.objects.filter(
        project_id=project_id, superseded_at=None, item__split=Item.Split.POOL
    )


def run(progress: jobs.Progress) -> dict[str, Any]:
    """Rank the job's project."""
    project = progress.job.project
    if project is None:
        return {}
    progress.report(stage=noop("features"))
    fit, entries = _ranked(project, ordering.Limits())
    progress.report(stage=noop("swap"))
    # The swap's transaction asks the job's row: a worker that lost it swaps nothing in.
    confirm = partial(progress.report, stage=noop("done"))
    return {"generation": _swap_in(fit, entries, confirm=confirm)}


def rank(project: Project, limits: ordering.Limits | None = None) -> int:
    """Order the unlabeled items and swap the order in; return its generation."""
    return _swap_in(*_ranked(project, limits or ordering.Limits()))


def _swap_in(fit: RankingFit, entries: list[order.Entry], **how: Any) -> int:
    fit.generation = order.swap(fit.project_id, entries, **how)
    fit.save()
    return fit.generation


def _ranked(
    project: Project, limits: ordering.Limits
) -> tuple[RankingFit, list[order.Entry]]:
    """Return what a new order was made from, not yet saved, and its entries."""
    # Counted first: labels that come in from here on count toward the next order.
    label_count = ProjectCounter.confident_of(project.pk)
    table = features.load(project)
    known = dict(labeled(project.pk).values_list("item_id", "labels"))
    wanting = (
        Item.objects.filter(project=project, votes=0).wanting_votes().order_by("pk")
    )
    pool = list(wanting.pool().values_list("pk", flat=True))
    held_out = list(wanting.evaluation().values_list("pk", flat=True))
    ranking = ordering.rank(
        ordering.Material(table, known, pool, held_out),
        _policy(project, limits),
        np.random.default_rng([project.seed, _generation(project), 1]),
    )
    fit = RankingFit(
        project=project,
        strategy=ranking.strategy,
        label_count=label_count,
        pool=ranking.pool_size,
    )
    return fit, _entries(project, ranking.picks)


def _policy(project: Project, limits: ordering.Limits) -> ordering.Policy:
    settled = Item.objects.filter(
        project=project, split=Item.Split.EVALUATION, state=Item.State.SETTLED
    ).count()
    own = LearningPolicy.of(project.pk)
    return ordering.Policy(
        strategy=own.strategy,
        batch="spread" if own.batch == LearningPolicy.Batch.SPREAD else "ranked",
        is_multi=project.is_multi,
        seed=project.seed,
        shares=mixing.Shares(
            random=own.exploration_rate,
            evaluation=mixing.evaluation_share(project.evaluation_rate, settled),
        ),
        limits=limits,
    )


def _generation(project: Project) -> int:
    """Return the number of the present order, so that each new one draws anew."""
    return Project.objects.values_list("queue_generation", flat=True).get(pk=project.pk)


def _entries(project: Project, picks: list[mixing.Pick]) -> list[order.Entry]:
    """Return the queue's entries: each pick's slots, then further votes of others.

    What votes there are is read now: some came in while the order was made.
    """
    number, suggestions = suggesting.suggestions_for(
        project, [pick.item_id for pick in picks]
    )
    votes_wanted = dict(
        Item.objects.filter(project=project, votes=0, votes_wanted__gt=1)
        .wanting_votes()
        .values_list("pk", "votes_wanted")
    )
    entries = []
    for place, pick in enumerate(picks):
        entries.append(
            order.Entry(
                item_id=pick.item_id,
                slot=0,
                is_first=True,
                rank=float(place),
                reason=pick.reason,
                probability=pick.probability,
                model_number=number,
                suggestion=None if pick.is_blind else suggestions.get(pick.item_id),
            )
        )
        entries += [
            order.Entry(pick.item_id, slot, False, float(place), "second", 1.0)
            for slot in range(1, votes_wanted.get(pick.item_id, 1))
        ]
    return entries + _further_votes(project)


def _further_votes(project: Project) -> list[order.Entry]:
    """Return the free slots of items that have a vote: the most complete first."""
    items = list(
        Item.objects.filter(project=project, votes__gt=0)
        .wanting_votes()
        .annotate(missing=F("votes_wanted") - F("votes"))
        .order_by("missing", "pk")[:FURTHER]
    )
    taken = order.live_slots([item.pk for item in items])
    return [
        order.Entry(item.pk, slot, False, float(place - FURTHER), "second", 1.0)
        for place, item in enumerate(items)
        for slot in range(item.votes_wanted)
        if (item.pk, slot) not in taken
    ]
