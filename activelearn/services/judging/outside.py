"""Sources of predictions from outside, judged as our own models: on the held-out items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from activelearn.core import evaluation, report
from activelearn.core.evaluation import Labels, Summary
from activelearn.models import Evaluation
from activelearn.services.labels import snapshots
from activelearn.services.versions import comparing
from labeling.models import Item, OutsidePrediction, PredictionSource, Project


@dataclass(frozen=True)
class OutsideJudgment:
    """How a source does on the held-out items that it predicts and that have a label.

    summary: None where there is no such item. shared: of these items, those that the
    version beside it was judged on; better, worse: of the shared ones, those that the
    source alone has right, or that version alone.
    """

    source: PredictionSource
    summary: Summary | None
    shared: int = 0
    better: int = 0
    worse: int = 0


def judged(
    project: Project,
    sources: Sequence[PredictionSource],
    beside: Evaluation | None = None,
) -> list[OutsideJudgment]:
    """Return how sources do, each beside a version of ours where one was judged.

    By the labels of now: the version's predictions are as it was judged, in the words of
    today. Raises NotFoundError where the project has been deleted.
    """
    if not sources:
        return []
    truth = snapshots.labels_now(project, Item.Split.EVALUATION)
    groups = dict(Item.objects.filter(pk__in=truth).values_list("pk", "group_key"))
    own = _own_labels(beside)
    by_source: dict[int, dict[int, Labels]] = {source.pk: {} for source in sources}
    rows = OutsidePrediction.objects.filter(source__in=by_source, item__in=truth)
    # By item: a sum of floats in another order would be another figure.
    ordered = rows.order_by("item").values_list("source", "item", "labels")
    for source, item, labels in ordered:
        by_source[source][item] = tuple(sorted(labels))
    return [
        _judgment(project, source, by_source[source.pk], (truth, groups, own))
        for source in sources
    ]


HeldOutKnown = tuple[Mapping[int, Labels], Mapping[int, str], Mapping[int, Labels]]


def _judgment(
    project: Project,
    source: PredictionSource,
    given: Mapping[int, Labels],
    known: HeldOutKnown,
) -> OutsideJudgment:
    truth, groups, own = known
    # An item that has just been deleted has no group.
    items = [item for item in given if item in groups]
    if not items:
        return OutsideJudgment(source, None)
    rows = evaluation.judged(
        [truth[item] for item in items],
        [given[item] for item in items],
        [groups[item] for item in items],
    )
    summary = evaluation.summary(rows, is_multi=project.is_multi, draws=report.DRAWS)
    shared = [item for item in items if item in own]
    return OutsideJudgment(
        source,
        summary,
        len(shared),
        _alone(shared, truth, given, own),
        _alone(shared, truth, own, given),
    )


def _alone(
    items: Iterable[int],
    truth: Mapping[int, Labels],
    right: Mapping[int, Labels],
    wrong: Mapping[int, Labels],
) -> int:
    """Return on how many items the first ones alone are right."""
    return sum(
        right[item] == truth[item] and wrong[item] != truth[item] for item in items
    )


def _own_labels(beside: Evaluation | None) -> dict[int, Labels]:
    if beside is None:
        return {}
    return {
        item: tuple(sorted(labels))
        for item, _truth, labels in comparing.pairs_today(beside)
    }
