"""Which versions learned from an item or were judged on it, and from which a version did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import (
    BigIntegerField,
    BooleanField,
    ExpressionWrapper,
    Func,
    JSONField,
    Q,
    QuerySet,
    Value,
)

from activelearn.models import ModelVersion, Snapshot
from activelearn.services.labels import snapshots
from activelearn.services.versions import registry
from labeling.errors import DamagedFileError
from labeling.models import Item

# A page reads the whole file of a snapshot: of this many labels in a fifth of a second.
MOST_TAUGHT: Final = 20_000


class _EachOf(Func):
    """The elements of an array, a row each."""

    function = "unnest"
    set_returning = True
    output_field = BigIntegerField()


@dataclass(frozen=True)
class Descendant:
    """A version with its part in an item: it learned from it, or was judged on it.

    truth and predicted: where it was judged, the item's labels then and its own.
    """

    version: ModelVersion
    has_learned: bool
    truth: list[str] | None = None
    predicted: list[str] | None = None

    @property
    def is_right(self) -> bool:
        """Whether it predicted what people decided."""
        return self.truth is not None and self.truth == self.predicted


def versions_of(item: Item) -> QuerySet[ModelVersion]:
    """Return the versions that learned from an item or were judged on it."""
    key = str(item.pk)
    # By the list that is kept with the row: no file is read.
    has_learned = Q(snapshot__item_ids__contains=[item.pk])
    return (
        registry.with_evidence(item.project)
        .filter(has_learned | Q(evaluation__pairs__has_key=key))
        .annotate(
            has_learned=ExpressionWrapper(has_learned, BooleanField(null=True)),
            # By name: a transform of the field would take the number for a place.
            judged=Func(
                "evaluation__pairs",
                Value(key),
                function="jsonb_extract_path",
                output_field=JSONField(null=True),
            ),
        )
    )


def ancestors(version: ModelVersion) -> QuerySet[Item]:
    """Return the items that a version learned from and that are still there."""
    # By the list that is kept with the row: it may name a million.
    taught = Snapshot.objects.filter(pk=version.snapshot_id).values(
        item=_EachOf("item_ids")
    )
    return Item.objects.filter(project=version.project_id, pk__in=taught)


def labels_taught(version: ModelVersion) -> dict[int, Sequence[str]] | None:
    """Return the labels that a version learned, by item.

    None where their file is gone, or where they are more than ``MOST_TAUGHT``.
    """
    if version.snapshot.items > MOST_TAUGHT:
        return None
    try:
        return dict(snapshots.read(version.snapshot))
    except DamagedFileError:
        return None


def descendant_of(version: ModelVersion) -> Descendant:
    """Return a version of ``versions_of`` with its part in the item."""
    facts = vars(version)
    truth, predicted = facts["judged"] or (None, None)
    return Descendant(version, bool(facts["has_learned"]), truth, predicted)


def descendants(versions: Iterable[ModelVersion]) -> list[Descendant]:
    """Return versions of ``versions_of`` with their parts in the item."""
    return [descendant_of(version) for version in versions]
