"""What people have settled since an online test began, and what both versions say of it.

Only items that chance has drawn count, of the pool or held out, answered without a model's
answer in sight. What came to people because the champion was not sure of it does not: there
it is wrong more often than elsewhere, so an equal challenger would seem better.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db.models import QuerySet

from activelearn.core import duel as core
from activelearn.core import training
from activelearn.core.evaluation import Labels
from activelearn.core.features import Table
from activelearn.models import ModelVersion, OnlineTest
from activelearn.models.online import OnlinePair
from activelearn.services.features import store
from activelearn.services.judging import evidence
from activelearn.services.labels import snapshots
from labeling.models import Annotation, Reason, Resolution
from labeling.services.work.progress import Progress

DRAWN: Final = (Reason.RANDOM, Reason.EVALUATION)
BY_PEOPLE: Final = (Resolution.Source.CONSENSUS, Resolution.Source.EXPERT)


def settled(test: OnlineTest) -> QuerySet[Resolution]:
    """Return the labels that count and that no look has seen, in the order they came."""
    votes = Annotation.votes.filter(project=test.project_id, undone_at=None)
    with_suggestion = votes.filter(suggestion_shown__isnull=False)
    return (
        Resolution.objects.filter(
            project=test.project_id,
            superseded_at=None,
            is_ambiguous=False,
            # What one of the two voted in would be decided by a party to it.
            counted_model=None,
            source__in=BY_PEOPLE,
            created_at__gte=test.started_at,
            item__in=votes.filter(reason__in=DRAWN).values("item"),
        )
        .exclude(item__in=with_suggestion.values("item"))
        .exclude(item__in=_known_items(test))
        .order_by("created_at", "pk")
    )


def _known_items(test: OnlineTest) -> list[int]:
    """Return the items that earlier looks have counted."""
    # Few: a test ends with at most 20,000 of them.
    kept = test.looks.values_list("pairs", flat=True)
    return [pair["item"] for pairs in kept for pair in pairs]


def fresh(test: OnlineTest, progress: Progress) -> list[OnlinePair]:
    """Return the new pairs, in the order of settling: both as they serve, in today's labels.

    Without items that either learned from. Raises what ``Progress.report`` and
    ``evidence.opened`` raise.
    """
    # Not beyond the plan, by which the test ends there.
    room = max(test.most - test.seen.n, 0)
    rows = list(settled(test).values_list("item", "labels")[:room])
    truth = {pk: tuple(sorted(labels)) for pk, labels in rows}
    if not truth:
        return []
    learned = set(snapshots.items_of(test.challenger.snapshot))
    learned |= set(snapshots.items_of(test.champion.snapshot))
    table = store.load(test.project)
    # Also labels that were given anew: an item with an earlier one may have been learned.
    covered = set(table.covered(truth)) - learned
    items = [pk for pk in truth if pk in covered]
    old = _said(test.champion, items, table, progress)
    new = _said(test.challenger, items, table, progress)
    return [
        OnlinePair(pk, list(truth[pk]), sorted(old[pk]), sorted(new[pk]))
        for pk in items
    ]


def _said(
    version: ModelVersion, items: Sequence[int], table: Table, progress: Progress
) -> dict[int, Labels]:
    """Return what a version says of items, by id."""
    if not items:
        return {}
    progress.report()
    witness = evidence.opened(version, table)
    ordered = sorted(items)
    probabilities = witness.model.probabilities(witness.table.rows_of(ordered))
    labels = training.predicted_labels(witness.model, probabilities)
    return dict(zip(ordered, labels, strict=True))


def outcome(pair: OnlinePair) -> int:
    """Return 1 where only the challenger is right, -1 where only the champion is, else 0."""
    truth = tuple(pair.truth)
    return core.outcome_of(truth, tuple(pair.champion), tuple(pair.challenger))
