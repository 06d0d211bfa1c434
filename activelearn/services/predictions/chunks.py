"""Scores of a pass that has not published yet: what is here is not computed again.

A pass is what one version says in the words of one label set. Nobody is shown its chunks:
all of them become predictions at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from django.db.models import QuerySet

from activelearn.core.features import Ids
from activelearn.core.scoring import Score
from activelearn.models import ModelVersion, ScoredChunk
from activelearn.services.features.item_ids import ids_of
from labeling.models import Item


@dataclass(frozen=True)
class Pass:
    """One version over the pool, in the words of one label set."""

    version: ModelVersion
    label_set_id: int

    def forget_others(self) -> None:
        """Delete what passes by other versions, or in other words, have left behind."""
        others = ScoredChunk.objects.filter(project=self.version.project_id)
        others.exclude(pk__in=self._chunks().values("pk")).delete()

    def left(self) -> Ids:
        """Return the items of the pool that have no score yet, by id, ascending."""
        pool = Item.objects.filter(project=self.version.project_id).pool()
        return np.setdiff1d(ids_of(pool), self._done(self._chunks()))

    def done_within(self, first: int, last: int) -> Ids:
        """Return items that have a score, of chunks that begin between two items."""
        return self._done(self._chunks().filter(first_item__range=(first, last)))

    def _done(self, chunks: QuerySet[ScoredChunk]) -> Ids:
        bodies = chunks.values_list("scores", flat=True).iterator(1)
        parts = [np.array([score[0] for score in _decoded(body)]) for body in bodies]
        return np.concatenate([np.zeros(0), *parts]).astype(np.int64)

    def keep(self, scores: Sequence[Score]) -> None:
        """Keep the scores of some items that are ``left``, in the order of ``left``."""
        ScoredChunk.objects.create(
            project_id=self.version.project_id,
            model=self.version,
            label_set_id=self.label_set_id,
            first_item=scores[0][0],
            items=len(scores),
            scores=msgspec.msgpack.encode(scores),
        )

    def count(self) -> int:
        """Return how many items have a score."""
        return sum(self._chunks().values_list("items", flat=True))

    def scores(self) -> Iterator[Score]:
        """Yield the scores, of each item one, which are decoded a chunk at a time."""
        chunks = self._chunks().order_by("first_item")
        # All are read before the first one is yielded: whoever copies them into a table
        # cannot read from the same connection meanwhile.
        return _without_doubles(list(chunks.values_list("first_item", "scores")))

    def forget(self) -> None:
        """Delete the scores: they are published now."""
        self._chunks().delete()

    def _chunks(self) -> QuerySet[ScoredChunk]:
        return ScoredChunk.objects.filter(
            model=self.version, label_set=self.label_set_id
        )


def _decoded(body: bytes | memoryview) -> list[Score]:
    return msgspec.msgpack.decode(body, type=list[Score])


def _without_doubles(
    chunks: Iterable[tuple[int, bytes | memoryview]],
) -> Iterator[Score]:
    """Yield the scores of chunks, by first item: of one that several have, the first.

    Earlier releases could leave doubles behind.
    """
    seen: set[int] = set()
    for first, body in chunks:
        # No later chunk has an item of before its first one.
        seen = {item for item in seen if item >= first}
        for score in _decoded(body):
            if score[0] not in seen:
                seen.add(score[0])
                yield score
