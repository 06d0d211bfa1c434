"""Vectors that come with the items of an import or a call, and are kept beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from django.db.models.functions import Length

from labeling.messages import Message, message
from labeling.models import Item, ItemVector
from labeling.services.transfer.outside.numbers import packed
from labeling.services.transfer.rows import RowError

# Bytes of a number.
_WIDTH: Final = 4


@dataclass
class VectorSize:
    """How many numbers each vector of a project has: the first one says it."""

    numbers: int | None = None

    def read(self, value: object) -> bytes | None:
        """Return the numbers of a cell as they are kept, None where it has none.

        Raises RowError where they are none, or not as many as the others of the project.
        """
        if value in (None, ""):
            return None
        vector = packed(value)
        size = len(vector or b"") // _WIDTH
        self.numbers = self.numbers or size
        if size != self.numbers:
            raise RowError(other_size(size, self.numbers))
        return vector


class KeptVectors(NamedTuple):
    """What became of vectors, by the contents of their items.

    fresh: those that are new, or other ones than before. left_out: those that are not as
    long as the others, which have ``numbers``.
    """

    fresh: set[str]
    left_out: set[str]
    numbers: int


def other_size(size: int, wanted: int) -> Message:
    """Return that a vector is not as long as those that the project has."""
    return message(
        "Its embedding has %(size)s numbers, and the others of this project have %(wanted)s.",
        size=size,
        wanted=wanted,
    )


def size_of(project_id: int) -> VectorSize:
    """Return how many numbers the vectors of a project have by now."""
    kept = ItemVector.objects.filter(project=project_id)
    size = kept.values_list(Length("numbers"), flat=True).first()
    return VectorSize(size // _WIDTH if size else None)


def keep(project_id: int, vectors: Mapping[str, bytes]) -> KeptVectors:
    """Write vectors by the contents of their items, in the caller's transaction.

    A vector that an item has is replaced by another one. The transaction holds the turn of
    imports: of two at once the first one says how long vectors are.
    """
    wanted = size_of(project_id).numbers or _first_size(vectors.values())
    fitting = {
        content: vector
        for content, vector in vectors.items()
        if len(vector) == wanted * _WIDTH
    }
    items = Item.objects.filter(project=project_id, content_hash__in=fitting)
    known = items.values_list("content_hash", "pk", "vector__numbers").order_by("pk")
    fresh = {
        content: ItemVector(item_id=pk, project_id=project_id, numbers=fitting[content])
        for content, pk, before in known
        if bytes(before or b"") != fitting[content]
    }
    ItemVector.objects.bulk_create(
        fresh.values(),
        update_conflicts=True,
        unique_fields=["item"],
        update_fields=["numbers"],
    )
    return KeptVectors({*fresh}, vectors.keys() - fitting.keys(), wanted)


def _first_size(vectors: Iterable[bytes]) -> int:
    return len(next(iter(vectors), b"")) // _WIDTH
