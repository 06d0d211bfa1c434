"""What the held-out items say of a version, and of what it has to beat."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from activelearn.core import (
    baselines,
    beyond,
    calibration,
    evaluation,
    parts,
    report,
    sets,
    training,
)
from activelearn.core.calibrated import (
    CalibrationKind,
    CalibrationReport,
    Scored,
    as_served,
    reliability,
    reliability_of_sets,
)
from activelearn.core.evaluation import (
    Judged,
    Labels,
    Probabilities,
    Summary,
    Undecided,
)
from activelearn.core.features import Table
from activelearn.core.intervals import Array, numbered
from activelearn.core.parts import Part
from activelearn.core.translation import TranslatedModel
from activelearn.models import ModelVersion
from activelearn.services.features import store
from activelearn.services.labels import calibrations, snapshots
from activelearn.services.versions import crossing, loading
from labeling.errors import DamagedFileError
from labeling.models import Annotation, Item, Resolution
from labeling.services.votes import relabel

logger = logging.getLogger(__name__)
# How many items have their probabilities in memory at once.
CHUNK: Final = 10_000


@dataclass(frozen=True)
class Held:
    """Held-out items with their true labels and groups, sorted by item.

    shares: of the labels of those without a single right answer, which are others, with
    their groups.
    """

    truth: snapshots.LabelsOf
    groups: list[str]
    shares: dict[int, dict[str, float]] = field(default_factory=dict)
    groups_of_shares: list[str] = field(default_factory=list)

    @property
    def labels(self) -> list[Labels]:
        """The true labels, item by item."""
        return list(self.truth.values())

    def judged(self, predicted: Sequence[Labels]) -> Judged:
        """Return the items with what somebody predicted."""
        return evaluation.judged(self.labels, predicted, self.groups)


@dataclass(frozen=True)
class HeldBeyond:
    """Items that are held out for a label which the draw has missed, sorted by item.

    for_labels: of each, the labels that it counts for. now, before: what is predicted by
    the version that is judged, and by what served before it.
    """

    items: Held
    for_labels: list[frozenset[str]]
    now: list[Labels]
    before: list[Labels]

    @property
    def counted(self) -> beyond.Beyond:
        """Return the items with what the version predicted."""
        return beyond.Beyond(self.items.judged(self.now), self.for_labels)

    @property
    def truth(self) -> list[Labels]:
        """Of the true labels, item by item, those that it counts for."""
        return [
            tuple(name for name in labels if name in names)
            for labels, names in zip(self.items.labels, self.for_labels, strict=True)
        ]


def held(truth: snapshots.LabelsOf, shares: dict[int, dict[str, float]]) -> Held:
    """Return held-out items with the groups of which they are."""
    items = Item.objects.filter(pk__in=[*truth, *shares])
    groups = dict(items.values_list("pk", "group_key"))
    # An item that has just been deleted is a group of its own.
    sides = ([groups.get(pk, f"#{pk}") for pk in side] for side in (truth, shares))
    of_truth, of_shares = sides
    return Held(truth, of_truth, shares, of_shares)


@dataclass(frozen=True)
class Opened:
    """A version with its model, read from its file, and the rows that this one reads."""

    version: ModelVersion
    model: TranslatedModel
    table: Table


def opened(version: ModelVersion, table: Table) -> Opened:
    """Open a version, once for all that is asked of it.

    table: by today's specification, which need not be the version's. Raises what
    ``loading.load`` raises.
    """
    model, spec = loading.load(version)
    return Opened(version, model, store.load_beside(table, version.project, spec))


def on_held_out(
    witness: Opened, items: Held
) -> tuple[Probabilities, CalibrationReport]:
    """Return what a version says of held-out items, and how sure of that it may be.

    It says what it serves, by the calibration in its file. Items on whose groups that was
    fitted are predicted by calibrations of the others: the figures would be too good
    otherwise.

    Raises NotFoundError where the project has been deleted.
    """
    model = witness.model
    rows = witness.table.rows_of(list(items.truth))
    own = model.model.scores(rows)
    scores = Probabilities(
        model.labels, model.uncalibrated.of_scores(own), model.is_multi
    )
    labels, groups = items.labels, numbered(items.groups)
    predicted = scores
    kind: CalibrationKind = "none"
    after = None
    sure = calibration.of_sets(scores.table)
    if model.is_calibrated:
        kind = witness.version.method
        table, sure = as_served_table(witness, own, items)
        predicted = replace(scores, table=table)
        after = reliability(predicted, labels, groups)
    before = reliability(scores, labels, groups)
    of_sets = None
    if model.is_multi:
        of_sets = reliability_of_sets(predicted, sure, labels, groups)
    return predicted, CalibrationReport(
        kind, witness.version.trial, before, after, of_sets
    )


def as_served_table(witness: Opened, scores: Array, items: Held) -> tuple[Array, Array]:
    """Return the probabilities (n, n_labels) of held-out items, and (n,) of their sets.

    scores: (n, n_model_labels), in the version's own labels. Raises NotFoundError where
    the project has been deleted.
    """
    version, model = witness.version, witness.model
    crossed = crossing.crossed_of(version, witness.table)
    try:
        known, names = calibrations.known_to(
            version, model.model, witness.table, crossed
        )
    except DamagedFileError as lost:
        # What serves goes on to serve: it is judged as it is.
        logger.warning("%s The figures of its calibration are too good.", lost)
        known, names = Scored.none_of(model.model), []
    every = numbered([*names, *items.groups])
    known, groups = replace(known, groups=every[: len(names)]), every[len(names) :]
    # What is left to no calibration: all that it was fitted on is of one group.
    table = model.uncalibrated.of_scores(scores)
    sure = calibration.of_sets(table)
    for places, own in as_served(model.model, known, version.method, groups):
        served = replace(model, model=own)
        table[places] = served.of_scores(scores[places])
        sure[places] = calibration.of_sets(table[places], served.whole)
    return table, sure


def report_of(
    witness: Opened,
    items: Held,
    evidence: tuple[Probabilities, CalibrationReport],
    champion: Sequence[Labels] | None,
    more: HeldBeyond | None = None,
) -> report.Report:
    """Return all figures of a version by what it predicted of the held-out items.

    champion: what the version that served before says of them, if one did. more: what is
    held out beyond the draw.

    Raises NotFoundError where the project has been deleted.
    """
    probabilities, calibrated = evidence
    is_multi = probabilities.is_multi
    predicted = training.predicted_labels(probabilities, probabilities.table)
    judged = items.judged(predicted)
    examples = _examples(witness)
    places = report.places_of(_facts(items.truth))
    figures = evaluation.figures(judged, probabilities, _undecided(witness, items))
    if more:
        labels = beyond.counted(figures.labels, judged, more.counted)
        figures = replace(figures, labels=labels)
    return report.Report(
        figures=figures,
        slices=report.slices(places, judged, is_multi=is_multi),
        baselines=[
            report.Baseline(
                name, evaluation.summary(them, is_multi=is_multi, draws=report.DRAWS)
            )
            for name, them in _baselines(witness, items, champion, examples)
        ],
        training=_learned(witness, examples),
        calibration=calibrated,
        changes=sets.changes(items.labels, champion, predicted)
        if is_multi and champion is not None
        else [],
        parts=_parts(items, places, (champion, predicted), more) if champion else [],
        people=baselines.people_by_label(*_votes_on(items)) if is_multi else [],
    )


def _undecided(witness: Opened, items: Held) -> Undecided | None:
    """Return what a version gives items without a single right answer.

    Its calibration was fitted on none of them.
    """
    if not items.shares:
        return None
    model = witness.model
    table = model.probabilities(witness.table.rows_of(list(items.shares)))
    return Undecided(
        list(items.shares.values()),
        Probabilities(model.labels, table, model.is_multi),
        numbered([*items.groups, *items.groups_of_shares]),
    )


def _parts(
    items: Held,
    places: Sequence[report.SlicePlace],
    predicted: tuple[Sequence[Labels], Sequence[Labels]],
    more: HeldBeyond | None,
) -> list[Part]:
    """Return how a version does against the champion on each part of the items.

    predicted: by the champion, and by the version.
    """
    before, now = predicted
    hits = items.judged(before).hits, items.judged(now).hits
    slices = (
        parts.of_slice(place.kind, place.name, place.at, hits, items.groups)
        for place in places
    )
    truth, groups = items.labels, items.groups
    if more:
        truth, groups = [*truth, *more.truth], [*groups, *more.items.groups]
        before, now = [*before, *more.before], [*now, *more.now]
    labels = parts.of_labels(truth, before, now, groups)
    return parts.compared([*filter(None, slices), *labels])


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
    """Return what a version has learned from, in the labels of today; none if it is lost."""
    version = witness.version
    # The snapshot has the words of then, while the items are judged in those of today.
    moves = relabel.words_since(version.label_set_id).moves
    try:
        labels = snapshots.read(version.snapshot)
    except DamagedFileError as lost:
        # Two of many figures hang on it, and no verdict.
        logger.warning("%s Its baselines lack the nearest neighbor.", lost)
        return {}
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


def _votes_on(
    items: Held,
) -> tuple[dict[int, list[Labels]], dict[int, Labels]]:
    """Return the votes on held-out items, and the labels that an expert gave them."""
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
    return votes, {pk: tuple(sorted(items.truth[pk])) for pk in decided}


def _people(items: Held) -> Iterator[tuple[str, Judged]]:
    people = list(baselines.people(*_votes_on(items)))
    for name, part in (
        ("people", people),
        ("people-others", [vote for vote in people if not vote.by_expert]),
        ("people-experts", [vote for vote in people if vote.by_expert]),
    ):
        if part:
            truth, given = [vote.truth for vote in part], [vote.labels for vote in part]
            groups = [vote.item for vote in part]
            yield name, evaluation.judged(truth, given, groups)
