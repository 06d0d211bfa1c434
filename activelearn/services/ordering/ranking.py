"""The queue's order: what a cheap, fresh model is least sure of, and some chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop as noop

from activelearn.core import mixing
from activelearn.core.strategies import ordering
from activelearn.models import LearningPolicy, RankingFit
from activelearn.services.features import store
from activelearn.services.features.item_ids import ids_of
from activelearn.services.judging import duels, forecasts, meter
from activelearn.services.ordering import audited, entries, pacing, searching
from activelearn.services.predictions import newcomers
from activelearn.services.versions import strengths
from labeling.models import Item, Label, Project, ProjectCounter, Resolution
from labeling.services.queue import order
from labeling.services.transfer import beyond
from labeling.services.transfer.outside import using
from labeling.services.work.progress import Progress


def is_due(project_id: int) -> bool:
    """Whether enough new labels came since the last order."""
    last = RankingFit.objects.filter(project_id=project_id).first()
    if last is None:
        return Item.objects.filter(project_id=project_id).exists()
    return ordering.is_due(ProjectCounter.confident_of(project_id), last.label_count)


def run(progress: Progress) -> dict[str, Any]:
    """Rank the job's project.

    Raises what ``Progress.report`` and ``store.load`` raise, and NotFoundError where the
    project has been deleted.
    """
    project = progress.job.project
    if project is None:
        return {}
    progress.report(stage=noop("features"))
    # Fenced as every write: a worker that lost the job publishes nothing.
    confirm = partial(progress.report, stage=noop("scoring"))
    fit, picks = _ordered(project, ordering.OrderLimits(), confirm, progress.step)
    new_entries = entries.entries_of(project, picks)
    progress.report(stage=noop("swap"))
    # The swap's transaction asks the job's row: a worker that lost it swaps nothing in.
    confirm = partial(progress.report, stage=noop("done"))
    fit.generation = order.swap(project.pk, new_entries, confirm=confirm)
    fit.save()
    # Here, for an order is made as often as there are ten new labels or more.
    meter.consider(project.pk)
    forecasts.consider(project.pk)
    return {"generation": fit.generation}


def rank(project: Project, limits: ordering.OrderLimits | None = None) -> int:
    """Order the unlabeled items and swap the order in; return its generation.

    Raises what ``store.load`` raises, and NotFoundError where the project has been
    deleted.
    """
    fit, picks = _ordered(project, limits or ordering.OrderLimits())
    fit.generation = order.swap(project.pk, entries.entries_of(project, picks))
    fit.save()
    return fit.generation


def _ordered(
    project: Project,
    limits: ordering.OrderLimits,
    confirm: Callable[[], object] = lambda: None,
    step: store.Step = store.no_step,
) -> tuple[RankingFit, list[mixing.Pick]]:
    """Return a new order, and what it was made from: not yet saved."""
    # Counted first: labels that come in from here on count toward the next order.
    label_count = ProjectCounter.confident_of(project.pk)
    # Before anything is read: what is voted on from here on is found by
    # ``taken_since``.
    newest = order.newest_vote(project.pk)
    policy = policy_of(project, limits)
    material = replace(
        material_of(project, step), doubts=_doubts(project, policy, limits.window)
    )
    if LearningPolicy.of(project.pk).by_minute:
        seconds = pacing.seconds_of(project, material.table)
        material = replace(material, seconds=seconds)
    newcomers.score(project, material.table, confirm, step)
    chosen = ordering.chosen(material, policy)
    # As late as can be: what is lent from here on leaves its place empty.
    gone = order.taken_since(project.pk, newest)
    ranking = chosen.placed(_generator(project), gone)
    fit = RankingFit(
        project=project,
        strategy=ranking.strategy,
        label_count=label_count,
        pool=ranking.pool_size,
    )
    return fit, ranking.picks


def material_of(
    project: Project, step: store.Step = store.no_step
) -> ordering.Material:
    """Return the rows, the known labels of the pool, and the items without a vote.

    Raises what ``store.load`` raises.
    """
    table = store.load(project, step=step)
    labels = Resolution.objects.filter(project=project, superseded_at=None)
    # These have no single label that an order could learn from, or a model be judged on.
    undecided = labels.filter(is_ambiguous=True)
    labeled = labels.filter(item__split=Item.Split.POOL, is_ambiguous=False)
    # An order by what the model has guessed would ask about what it knows.
    labeled = labeled.exclude(source=Resolution.Source.AUTO)
    wanting = Item.objects.filter(project=project, votes=0).wanting_votes()
    settled = (
        Item.objects.filter(
            project=project, split=Item.Split.EVALUATION, state=Item.State.SETTLED
        )
        .exclude(pk__in=undecided.values("item"))
        .exclude(pk__in=list(beyond.items_of(project.pk)))
    )
    return ordering.Material(
        table=table,
        known=dict(labeled.values_list("item_id", "labels")),
        # By id: chance draws by place, so the same items must have the same places.
        pool=ids_of(wanting.pool()),
        held_out=ids_of(wanting.evaluation()),
        settled=settled.count(),
        duel=duels.asked_items(project.pk),
        audited=audited.asked_items(project.pk),
        searched=searching.searched_items(project),
    )


def _doubts(project: Project, policy: ordering.Policy, most: int) -> dict[int, float]:
    """Return how unsure the source is that orders, of the items it is least sure of."""
    if policy.strategy != ordering.EXTERNAL:
        return {}
    return using.doubts(project, LearningPolicy.of(project.pk).ranked_by, most)


def policy_of(project: Project, limits: ordering.OrderLimits) -> ordering.Policy:
    """Return how a project orders, by its settings and its labels."""
    own = LearningPolicy.of(project.pk)
    return ordering.Policy(
        strategy=own.strategy,
        batch="spread" if own.batch == LearningPolicy.Batch.SPREAD else "ranked",
        is_multi=project.is_multi,
        label_count=Label.objects.filter(label_set=project.label_set_pk).count(),
        seed=project.seed,
        exploration_rate=own.exploration_rate,
        evaluation_rate=project.evaluation_rate,
        is_text=project.data_type == Project.DataType.TEXT,
        has_fallen_back=meter.has_fallen_back(own),
        strength=strengths.in_force(project).value,
        limits=limits,
    )


def _generator(project: Project) -> np.random.Generator:
    """Return chance for the next order: the present one's number makes it draw anew."""
    numbers = Project.objects.values_list("queue_generation", flat=True)
    return np.random.default_rng([project.seed, numbers.get(pk=project.pk), 1])
