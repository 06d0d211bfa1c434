"""What the held-out items say of a version, and of what it has to beat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from activelearn.core import baselines, evaluation, parts, report, sets, training
from activelearn.core.calibrated import (
    CalibrationReport,
    Kind,
    cross_fitted,
    reliability,
    reliability_of_sets,
)
from activelearn.core.evaluation import Judged, Labels, Probabilities, Summary
from activelearn.core.features import Table
from activelearn.core.intervals import numbered
from activelearn.core.parts import Part
from activelearn.core.translation import TranslatedModel
from activelearn.models import ModelVersion
from activelearn.services.features import store
from activelearn.services.labels import snapshots
from activelearn.services.versions import registry
from labeling.models import Annotation, Item, Resolution
from labeling.services.votes import relabel

# So many items have their probabilities in memory at once.
CHUNK: Final = 10_000


@dataclass(frozen=True)
class Held:
    """Held-out items with their true labels and groups, sorted by item."""

    truth: snapshots.LabelsOf
    groups: list[str]

    @property
    def labels(self) -> list[Labels]:
        """The true labels, item by item."""
        return list(self.truth.values())

    def judged(self, predicted: Sequence[Labels]) -> Judged:
        """Return the items with what somebody predicted."""
        return evaluation.judged(self.labels, predicted, self.groups)


def held(truth: snapshots.LabelsOf) -> Held:
    """Return held-out items with the groups of which they are."""
    groups = dict(Item.objects.filter(pk__in=truth).values_list("pk", "group_key"))
    # An item that has just been deleted is a group of its own.
    return Held(truth, [groups.get(pk, f"#{pk}") for pk in truth])


@dataclass(frozen=True)
class Opened:
    """A version with its model, read from its file, and the rows that this one reads."""

    version: ModelVersion
    model: TranslatedModel
    table: Table


def opened(version: ModelVersion, table: Table) -> Opened:
    """Open a version, once for all that is asked of it.

    table: by today's specification, which need not be the version's. Raises what
    ``registry.load`` raises.
    """
    model, spec = registry.load(version)
    return Opened(version, model, store.load_beside(table, version.project, spec))


def on_held_out(
    witness: Opened, items: Held
) -> tuple[Probabilities, CalibrationReport]:
    """Return what a version says of held-out items, and how sure of that it may be.

    Its calibration was fitted on these very items, so each is predicted by calibrations of
    other groups here: the figures would be too good otherwise.
    """
    model = witness.model
    rows = witness.table.rows_of(list(items.truth))
    scores = Probabilities(
        model.labels, model.uncalibrated.probabilities(rows), model.is_multi
    )
    labels, groups = items.labels, numbered(items.groups)
    predicted = scores
    kind: Kind = "none"
    after = None
    if model.is_calibrated:
        predicted = cross_fitted(scores, labels, groups)
        kind = "platt" if model.is_multi else "temperature"
        after = reliability(predicted, labels, groups)
    before = reliability(scores, labels, groups)
    of_sets = None
    if model.is_multi:
        of_sets = reliability_of_sets(
            scores, labels, groups, is_calibrated=model.is_calibrated
        )
    return predicted, CalibrationReport(
        kind, witness.version.trial, before, after, of_sets
    )


def report_of(
    witness: Opened,
    items: Held,
    evidence: tuple[Probabilities, CalibrationReport],
    champion: Sequence[Labels] | None,
) -> report.Report:
    """Return all figures of a version by what it predicted of the held-out items.

    champion: what the version that served before says of them, if one did.

    Raises NotFoundError where the project has been deleted.
    """
    probabilities, calibration = evidence
    is_multi = probabilities.is_multi
    predicted = training.predicted_labels(probabilities, probabilities.table)
    judged = items.judged(predicted)
    examples = _examples(witness)
    places = report.places_of(_facts(items.truth))
    return report.Report(
        figures=evaluation.figures(judged, probabilities),
        slices=report.slices(places, judged, is_multi=is_multi),
        baselines=[
            report.Baseline(
                name, evaluation.summary(them, is_multi=is_multi, draws=report.DRAWS)
            )
            for name, them in _baselines(witness, items, champion, examples)
        ],
        training=_learned(witness, examples),
        calibration=calibration,
        changes=sets.changes(items.labels, champion, predicted)
        if is_multi and champion is not None
        else [],
        parts=_parts(items, places, champion, predicted) if champion else [],
    )


def _parts(
    items: Held,
    places: Sequence[report.SlicePlace],
    before: Sequence[Labels],
    now: Sequence[Labels],
) -> list[Part]:
    """Return how a version does against the champion on each part of the items."""
    hits = items.judged(before).hits, items.judged(now).hits
    slices = (
        parts.of_slice(place.kind, place.name, place.at, hits) for place in places
    )
    pairs = [*filter(None, slices), *parts.of_labels(items.labels, before, now)]
    return parts.compared(pairs)


def _facts(truth: snapshots.LabelsOf) -> list[report.SliceFacts]:
    labels = Resolution.objects.filter(item__in=truth, superseded_at=None)
    sources = dict(labels.values_list("item", "source"))
    items = Item.objects.filter(pk__in=truth).only("tags", "metadata", "data")
    facts = {
        item.pk: report.SliceFacts(
            sources.get(item.pk, ""),
            item.tags,
            item.metadata if isinstance(item.metadata, dict) else {},
            len(str(item.data["text"])) if "text" in item.data else None,
        )
        for item in items
    }
    return [facts.get(pk, report.SliceFacts("")) for pk in truth]


def _baselines(
    witness: Opened,
    items: Held,
    champion: Sequence[Labels] | None,
    examples: snapshots.LabelsOf,
) -> Iterator[tuple[str, Judged]]:
    commonest = evaluation.majority(items.labels)
    yield "majority", items.judged([commonest] * len(items.labels))
    if examples:
        near = baselines.nearest(
            witness.table.rows_of(list(items.truth)),
            witness.table.rows_of(list(examples)),
            list(examples.values()),
        )
        yield "nearest", items.judged(near)
    if champion is not None:
        yield "champion", items.judged(champion)
    yield from _people(items)


def _examples(witness: Opened) -> snapshots.LabelsOf:
    """Return what a version has learned from, in the labels of today."""
    version = witness.version
    # The snapshot has the words of then, while the items are judged in those of today.
    moves = relabel.words_since(version.label_set_id).moves
    labels = snapshots.read(version.snapshot)
    return {
        pk: tuple(sorted({moves.get(name, name) for name in labels[pk]}))
        for pk in witness.table.covered(labels)
    }


def _learned(witness: Opened, examples: snapshots.LabelsOf) -> Summary | None:
    """Return how a version does on the items it has learned from."""
    if not examples:
        return None
    model, ids = witness.model, list(examples)
    predicted: list[Labels] = []
    # In chunks: the probabilities of all items at once may not fit into memory.
    for start in range(0, len(ids), CHUNK):
        rows = witness.table.rows_of(ids[start : start + CHUNK])
        predicted += training.predicted_labels(model, model.probabilities(rows))
    judged = evaluation.judged(list(examples.values()), predicted)
    return evaluation.summary(judged, is_multi=model.is_multi, draws=report.DRAWS)


def _people(items: Held) -> Iterator[tuple[str, Judged]]:
    votes: dict[int, list[Labels]] = defaultdict(list)
    standing = Annotation.votes.filter(item__in=items.truth, undone_at=None)
    for item, labels in standing.order_by("pk").values_list("item_id", "labels"):
        # Sorted, for votes are compared as tuples.
        votes[item].append(tuple(sorted(labels)))
    decided = Resolution.objects.filter(
        item__in=items.truth,
        superseded_at=None,
        source__in=(Resolution.Source.EXPERT, Resolution.Source.GOLD),
    ).values_list("item", flat=True)
    experts = {pk: tuple(sorted(items.truth[pk])) for pk in decided}
    people = list(baselines.people(votes, experts))
    for name, part in (
        ("people", people),
        ("people-others", [vote for vote in people if not vote.by_expert]),
        ("people-experts", [vote for vote in people if vote.by_expert]),
    ):
        if part:
            truth, given = [vote.truth for vote in part], [vote.labels for vote in part]
            groups = [vote.item for vote in part]
            yield name, evaluation.judged(truth, given, groups)
