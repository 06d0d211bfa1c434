"""What a run learns from, in a file that is never changed.

A file holds its label set and, sorted by item, a row for each label: the item, the
SHA-256 of its content, its labels, where they come from, their weight in the fit, the
resolution, the votes on the item and, where an expert finds no single answer right, the
shares of the labels (else null). Rows of format 2 had no shares, and all the same weight.
The first files were a list of items and labels.
"""

from __future__ import annotations

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.db.models import Q, QuerySet

from activelearn.core import artifact
from activelearn.core.evaluation import Labels
from activelearn.core.features import Table
from activelearn.core.lessons import Example
from activelearn.models import Snapshot
from activelearn.services.features import files
from activelearn.services.labels import weighing, windowing
from labeling.errors import DamagedFileError
from labeling.messages import message
from labeling.models import Annotation, Item, LabelSet, Project, Resolution
from labeling.services.transfer import beyond
from labeling.services.votes import resolutions
from labeling.services.work.transactions import lock_project

logger = logging.getLogger(__name__)
FORMAT: Final = 3
LabelsOf = dict[int, Labels]


@dataclass(frozen=True)
class Content:
    """What a snapshot's file says: labels by item, and the items' content.

    contents: the SHA-256 by item; empty in the first files, which did not say. weights:
    by item, in the fit; none there is 1. shares: of the labels, by item, of those that
    are taught by them.
    """

    labels: LabelsOf
    contents: dict[int, str]
    weights: dict[int, float] = field(default_factory=dict)
    shares: dict[int, dict[str, float]] = field(default_factory=dict)

    @property
    def examples(self) -> list[Example]:
        """What is taught, sorted by item."""
        return [
            Example(names, self.weights.get(pk, 1.0), self.shares.get(pk))
            for pk, names in self.labels.items()
        ]

    def of(self, items: Iterable[int]) -> Content:
        """Return it of some of the items alone, in their order."""
        kept = {pk: self.labels[pk] for pk in items}
        return replace(self, labels=kept)


@dataclass(frozen=True)
class LabelSource:
    """How many labels of a snapshot come from a source, and on how many votes they rest."""

    source: str
    labels: int
    votes: int


@dataclass(frozen=True)
class Makeup:
    """What the labels of a snapshot are: how many of each name, the commonest first.

    sources: the largest first; empty for the first files, which did not say.
    """

    names: list[tuple[str, int]]
    sources: list[LabelSource]


def labels_of(project: Project, split: str, table: Table) -> LabelsOf:
    """Return the current labels of a split's items that have a row, sorted by item.

    An item without any label counts in a project with several labels alone. One that an
    expert called ambiguous has no single right answer (``undecided_of``). Of held-out
    items those of the draw: others are ``beyond_of``.
    """
    taken = of_draw(project, split, resolutions.take(project, split))
    labels = _of_certain(project, taken)
    return {pk: labels[pk] for pk in table.covered(labels)}


def beyond_of(project: Project, table: Table) -> LabelsOf:
    """Return the labels of items that are held out for a label which the draw has missed."""
    items = sorted(beyond.items_of(project.pk))
    if not items:
        return {}
    taken = resolutions.take(project, Item.Split.EVALUATION, items)
    labels = _of_certain(project, taken)
    return {pk: labels[pk] for pk in table.covered(labels)}


def labels_now(project: Project, split: str) -> LabelsOf:
    """Return the labels of ``labels_of`` at this moment; none is marked as used."""
    current = of_draw(project, split, resolutions.current(project, split))
    return _of_certain(project, current)


def of_draw(
    project: Project, split: str, labels: Sequence[resolutions.CurrentLabel]
) -> list[resolutions.CurrentLabel]:
    """Return those of a split's labels whose items chance alone has put there."""
    # Nothing is in the pool for a label.
    if split != Item.Split.EVALUATION:
        return list(labels)
    others = beyond.items_of(project.pk)
    # An export of another project may bring what a model has guessed: no model is judged
    # by guesses.
    auto = Resolution.Source.AUTO
    return [
        label for label in labels if label.item not in others and label.source != auto
    ]


def _of_certain(
    project: Project, labels: Sequence[resolutions.CurrentLabel]
) -> LabelsOf:
    certain = [label for label in labels if not label.is_ambiguous]
    return {label.item: tuple(label.names) for label in counting(project, certain)}


def undecided_of(
    project: Project, split: str, table: Table
) -> dict[int, dict[str, float]]:
    """Return the shares of the labels of items that an expert called ambiguous.

    Sorted by item; empty for one without a vote.
    """
    labels = of_draw(project, split, resolutions.current(project, split))
    shares = {label.item: label.shares for label in labels if label.is_ambiguous}
    return {pk: shares[pk] for pk in table.covered(shares)}


def take(project: Project, table: Table) -> Snapshot:
    """Write the pool's current labels to a file; the same labels, the same snapshot.

    Called in a transaction: the labels and the version of the labels in whose words they
    are belong together, so the project is locked until the commit.

    Raises NotFoundError where the project has been deleted.
    """
    project = lock_project(project.pk)
    taken = counting(project, resolutions.take(project, Item.Split.POOL))
    covered = set(table.covered(label.item for label in taken))
    kept = [label for label in taken if label.item in covered]
    snapshot, _ = Snapshot.objects.get_or_create(
        project=project,
        # The file before the row that names it; without the row it is forgotten after a
        # day.
        sha256=files.save("snapshots", _packed(project, kept)),
        defaults={
            "items": len(kept),
            "item_ids": [label.item for label in kept],
            "label_set_id": project.label_set_pk,
        },
    )
    return snapshot


def hash_now(project: Project) -> str:
    """Return the hash of a snapshot of all labels of this moment; none is taken."""
    labels = counting(project, resolutions.current(project, Item.Split.POOL))
    return artifact.digest(_packed(project, labels))


def list_earlier() -> int:
    """Name the items of snapshots that an earlier release took; return how many are done.

    Done again it changes nothing. Of a file that is gone or damaged, no item is known.
    """
    earlier = Snapshot.objects.filter(item_ids=None).order_by("pk")
    for snapshot in earlier:
        try:
            items = list(read(snapshot))
        except DamagedFileError:
            items = []
        # An empty list too, or a lost file would be looked for each time.
        Snapshot.objects.filter(pk=snapshot.pk).update(item_ids=items)
    return len(earlier)


def counting(
    project: Project, labels: Sequence[resolutions.CurrentLabel]
) -> list[resolutions.CurrentLabel]:
    """Return the labels that are taught; no label at all is one of several labels.

    Those that the project's window leaves out are not; what a model's sure prediction gave
    is taught where the policy gives it a weight.
    """
    taught = weighing.learned_from(project.pk, labels)
    named = [label for label in taught if label.names or project.is_multi]
    return windowing.counting(project, named)


def _packed_then(snapshot: Snapshot) -> bytes:
    """Return what a snapshot's file held, as far as what there is tells.

    It is the same where nothing that it names has been renamed or deleted since.
    """
    project, at = snapshot.project, snapshot.created_at
    labels = resolutions.at(project, snapshot.item_ids or [], at)
    votes = Annotation.votes.filter(project=project, created_at__lte=at)
    standing = votes.filter(Q(undone_at=None) | Q(undone_at__gt=at))
    return _of_parts(project, snapshot.label_set, labels, standing)


def _packed(project: Project, labels: Sequence[resolutions.CurrentLabel]) -> bytes:
    standing = Annotation.votes.filter(project=project, undone_at=None)
    return _of_parts(project, project.label_set, labels, standing)


def _of_parts(
    project: Project,
    label_set: LabelSet | None,
    labels: Sequence[resolutions.CurrentLabel],
    standing: QuerySet[Annotation],
) -> bytes:
    votes: dict[int, list[int]] = defaultdict(list)
    for item, vote in standing.order_by("pk").values_list("item_id", "pk"):
        votes[item].append(vote)
    weights = weighing.weights_of(project.pk, labels)
    rows = [
        [
            label.item,
            label.content,
            label.names,
            label.source,
            weight,
            label.resolution,
            votes[label.item],
            label.shares if label.is_ambiguous else None,
        ]
        for label, weight in zip(labels, weights, strict=True)
    ]
    names = label_set.labels.order_by("position") if label_set else ()
    head = {
        "id": label_set.pk if label_set else None,
        "labels": [label.name for label in names],
    }
    # Always in this order: the hash of these bytes says whether labels are the same.
    whole = {"format": FORMAT, "label_set": head, "rows": rows}
    return json.dumps(whole, ensure_ascii=True).encode()


def read(snapshot: Snapshot) -> LabelsOf:
    """Return the labels of a snapshot, sorted by item.

    Raises what ``content_of`` raises.
    """
    return content_of(snapshot).labels


def items_of(snapshot: Snapshot) -> Sequence[int]:
    """Return the items of a snapshot; none where an earlier release took it and it is lost."""
    if snapshot.item_ids is not None:
        # No file is read: what is only to know them goes on without it.
        return snapshot.item_ids
    try:
        return list(read(snapshot))
    except DamagedFileError as lost:
        logger.warning("%s", lost)
        return []


def content_of(snapshot: Snapshot) -> Content:
    """Return what the file of a snapshot says; a lost one is made again if it can be.

    Raises DamagedFileError where it is damaged or gone, and labels, votes or weights are
    not those of then any more.
    """
    whole = _whole(snapshot)
    # The first format, which had neither a head nor contents.
    if isinstance(whole, list):
        return Content({pk: tuple(names) for pk, names in whole}, {})
    rows = whole["rows"]
    return Content(
        {row[0]: tuple(row[2]) for row in rows},
        {row[0]: row[1] for row in rows},
        {row[0]: row[4] for row in rows},
        # Format 2 had no place for them.
        {row[0]: row[7] for row in rows if row[7:] and row[7]},
    )


def makeup_of(snapshot: Snapshot) -> Makeup:
    """Return how many labels of a snapshot have each name, and come from each source.

    Raises what ``content_of`` raises.
    """
    whole = _whole(snapshot)
    # The first format has pairs of an item and its labels, and says no more.
    is_first = isinstance(whole, list)
    rows = whole if is_first else whole["rows"]
    place = 1 if is_first else 2
    names = Counter(name for row in rows for name in row[place])
    if is_first:
        return Makeup(names.most_common(), [])
    labels = Counter(row[3] for row in rows)
    votes: Counter[str] = Counter()
    for row in rows:
        votes[row[3]] += len(row[6])
    shares = [LabelSource(*pair, votes[pair[0]]) for pair in labels.most_common()]
    return Makeup(names.most_common(), shares)


def _whole(snapshot: Snapshot) -> Any:
    why = message(
        "The snapshot %(hash)s is damaged or gone.", hash=snapshot.sha256[:12]
    )
    try:
        # Its own name proves it: a changed bit on the disk must not teach a model.
        data = files.read_whole("snapshots", snapshot.sha256, why)
    except DamagedFileError:
        data = _packed_then(snapshot)
        if artifact.digest(data) != snapshot.sha256:
            raise
        files.save("snapshots", data)
        logger.warning("%s was lost, and has been made again", snapshot)
    return json.loads(data)
