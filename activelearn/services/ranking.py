"""The queue's order: what a cheap, fresh model is least sure of, and some chance."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
from django.db.models import F
from numpy.typing import NDArray

from activelearn.core import diversity, influence, lanes, query, training
from activelearn.models import ModelVersion, RankingFit
from activelearn.services import features, registry
from labeling.models import (
    Gold,
    Item,
    Prediction,
    Project,
    ProjectCounter,
    Resolution,
)
from labeling.services.queue import order
from labeling.services.work import jobs

WINDOW: Final = 2000
SHORTLIST: Final = 10
KNOWN: Final = 500
BATCH: Final = 50
ENOUGH_EVALUATION: Final = 100
# What is typical of a large pool is typical of so many of it by chance.
SAMPLE: Final = 5000
TRICKLE: Final = 0.05
# About as many as are lent before the next order comes.
EXPLAINED: Final = 200


def request_order(project_id: int) -> None:
    """Request a new order; one that already waits will do."""
    jobs.request_for_project("learn.rank", project_id, series="rank")


def is_due(project_id: int) -> bool:
    """Whether 10 to 25 new labels, or a tenth more, came since the last order."""
    last = RankingFit.objects.filter(project_id=project_id).first()
    if last is None:
        return Item.objects.filter(project_id=project_id).exists()
    now = ProjectCounter.confident_of(project_id)
    return now - last.labels >= min(25, max(10, last.labels // 10))


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
    progress.report(stage="features")
    entries, fit = _ranked(project)
    progress.report(stage="swap")
    # With a word to the job's row: a worker that was taken over swaps nothing in.
    _swap_in(entries, fit, confirm=partial(progress.report, stage="done"))
    return {"generation": fit.generation}


def rank(project: Project) -> int:
    """Order what is unlabeled and swap the order in; return its generation."""
    return _swap_in(*_ranked(project))


def _swap_in(entries: list[order.Entry], fit: RankingFit, **how: Any) -> int:
    fit.generation = order.swap(fit.project_id, entries, **how)
    fit.save()
    return fit.generation


def _ranked(project: Project) -> tuple[list[order.Entry], RankingFit]:
    """Return the entries of a new order, and what it was made from, not yet saved."""
    labels = ProjectCounter.confident_of(project.pk)
    ids, rows = features.load(project)
    known = {
        row[0]: row[1] for row in labeled(project.pk).values_list("item_id", "labels")
    }
    pool, evaluation = _open_items(project)
    place = {int(pk): row for row, pk in enumerate(ids)}
    pool = [pk for pk in pool if pk in place]
    strategy, choices = _order(project, [place[pk] for pk in pool], (ids, rows), known)
    shares = lanes.Shares(project.exploration_rate, _evaluation_rate(project))
    rng = np.random.default_rng([project.seed, _generation(project), 1])
    picks = list(lanes.mixed(choices, pool, evaluation, shares, rng))
    fit = RankingFit(project=project, strategy=strategy, labels=labels, pool=len(pool))
    return _entries(project, picks), fit


def _open_items(project: Project) -> tuple[list[int], list[int]]:
    """Return the items without any vote: of the pool, and of the evaluation split."""
    wanting = (
        Item.objects.filter(project=project, votes=0).wanting_votes().order_by("pk")
    )
    pool = wanting.pool().values_list("pk", flat=True)
    evaluation = wanting.evaluation().values_list("pk", flat=True)
    return list(pool), list(evaluation)


def _order(
    project: Project,
    places: list[int],
    table: tuple[features.Ids, Any],
    known: dict[int, list[str]],
) -> tuple[str, list[lanes.Choice]]:
    ids, rows = table
    if not places:
        return "none", []
    where = np.array(places)
    answers = [known.get(int(pk)) for pk in ids]
    seen = [row for row, answer in enumerate(answers) if answer]
    given = [answer for answer in answers if answer]
    try:
        model = training.fit(
            rows[seen], given, is_multi=project.is_multi, seed=project.seed
        )
    except ValueError:
        return "cold", _cold(project, where, ids, rows)
    scores = query.uncertainty(
        model.probabilities(rows[where]),
        is_multi=project.is_multi,
        strategy=project.strategy,
    )
    rng = np.random.default_rng([project.seed, len(seen)])
    first = query.least_sure(scores, WINDOW, rng)
    short = first[: SHORTLIST * BATCH]
    batch = short[_batch(project, rows, where[short], scores[short], np.array(seen))]
    ranked = np.concatenate([batch, first[len(short) :]])
    return project.strategy, [
        lanes.Choice(int(ids[where[one]]), "model") for one in ranked
    ]


def _batch(
    project: Project, rows: Any, short: Any, scores: Any, seen: Any
) -> NDArray[np.int64]:
    """Order a short list so that the next items are unsure and unlike each other."""
    if project.batch == Project.Batch.SPREAD:
        points = diversity.compact(rows[short], project.seed)
        return diversity.spread(points, scores, BATCH, project.seed)
    points = diversity.compact(
        rows[np.concatenate([short, seen[-KNOWN:]])], project.seed
    )
    return query.ranked_batch(points[: len(short)], scores, points[len(short) :], BATCH)


def _cold(
    project: Project, where: Any, ids: features.Ids, rows: Any
) -> list[lanes.Choice]:
    rng = np.random.default_rng(project.seed)
    some = where if len(where) <= SAMPLE else np.sort(rng.choice(where, SAMPLE, False))
    points = diversity.compact(rows[some], project.seed)
    typical = some[diversity.typical(points, BATCH, project.seed)]
    rest = rng.permutation(np.setdiff1d(where, typical))
    ranked = np.concatenate([typical, rest])[:WINDOW]
    return [
        lanes.Choice(int(ids[one]), "cold", is_drawn=number >= len(typical))
        for number, one in enumerate(ranked)
    ]


def _generation(project: Project) -> int:
    """Return the number of the present order, so that each new one draws anew."""
    return Project.objects.values_list("queue_generation", flat=True).get(pk=project.pk)


def _evaluation_rate(project: Project) -> float:
    """Return the share of evaluation items: full until enough are labeled."""
    done = Item.objects.filter(
        project=project, split=Item.Split.EVALUATION, state=Item.State.SETTLED
    ).count()
    rate = project.evaluation_rate
    return rate if done < ENOUGH_EVALUATION else min(rate, TRICKLE)


def _entries(project: Project, picks: list[lanes.Pick]) -> list[order.Entry]:
    number, told = _suggestions(project, [pick.item_id for pick in picks])
    entries = []
    wanted = dict(
        Item.objects.filter(project=project, votes=0, votes_wanted__gt=1)
        .wanting_votes()
        .values_list("pk", "votes_wanted")
    )
    for rank_, pick in enumerate(picks):
        is_blind = pick.reason not in ("model", "random")
        entries.append(
            order.Entry(
                item_id=pick.item_id,
                slot=0,
                is_first=True,
                rank=float(rank_),
                reason=pick.reason,
                probability=pick.probability,
                model_number=number,
                suggestion=None if is_blind else told.get(pick.item_id),
            )
        )
        entries += [
            order.Entry(pick.item_id, slot, False, float(rank_), "second", 1.0)
            for slot in range(1, wanted.get(pick.item_id, 1))
        ]
    return entries + _further_votes(project)


def _further_votes(project: Project) -> list[order.Entry]:
    """Return the free slots of items that have a vote: the most complete first."""
    items = list(
        Item.objects.filter(project=project, votes__gt=0)
        .wanting_votes()
        .annotate(missing=F("votes_wanted") - F("votes"))
        .order_by("missing", "pk")[:WINDOW]
    )
    taken = order.live_slots([item.pk for item in items])
    return [
        order.Entry(item.pk, slot, False, float(number - WINDOW), "second", 1.0)
        for number, item in enumerate(items)
        for slot in range(item.votes_wanted)
        if (item.pk, slot) not in taken
    ]


def _suggestions(
    project: Project, item_ids: list[int]
) -> tuple[int | None, dict[int, dict[str, Any]]]:
    champion = ModelVersion.objects.filter(
        project=project, stage=ModelVersion.Stage.CHAMPION
    ).first()
    if champion is None:
        return None, {}
    if project.suggestion_mode == Project.SuggestionMode.BLIND:
        return champion.number, {}
    asked = Gold.objects.filter(item__in=item_ids, is_question=True)
    rows = Prediction.objects.filter(item__in=item_ids).exclude(
        item__in=asked.values("item")
    )
    told = {
        row.item_id: {
            "label": row.label,
            "confidence": row.confidence,
            "model": row.model_number,
        }
        for row in rows
    }
    if project.suggestion_mode == Project.SuggestionMode.ASSIST:
        _explain(project, champion, told, item_ids[:EXPLAINED])
    return champion.number, told


def _explain(
    project: Project,
    champion: ModelVersion,
    told: dict[int, dict[str, Any]],
    item_ids: list[int],
) -> None:
    """Add to the suggestions of texts the words that speak most for them."""
    if project.data_type != Project.DataType.TEXT:
        return
    texts = dict(
        Item.objects.filter(pk__in=[pk for pk in item_ids if pk in told]).values_list(
            "pk", "data__text"
        )
    )
    pairs = [(told[pk]["label"], str(text)) for pk, text in texts.items()]
    model, spec = registry.load(champion), features.spec_of(project)
    for pk, words in zip(texts, influence.influential(model, pairs, spec), strict=True):
        told[pk]["words"] = words
