"""Scores of a pass that has not published yet: what is here is not computed again.

A pass is what one version says in the words of one label set. Nobody is shown its chunks:
all of them become predictions at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import msgspec
from django.db.models import QuerySet

from activelearn.core.scoring import Score
from activelearn.models import ModelVersion, ScoredChunk
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

    def left(self) -> list[int]:
        """Return the items of the pool that have no score yet, by id."""
        done = {item_id for item_id, _, _ in self.scores()}
        pool = Item.objects.filter(project=self.version.project_id).pool()
        ids = pool.order_by("pk").values_list("pk", flat=True)
        return [pk for pk in ids.iterator(50_000) if pk not in done]

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
        """Yield the scores, which are decoded a chunk at a time."""
        bodies = self._chunks().order_by("first_item").values_list("scores", flat=True)
        # All are read before the first one is yielded: whoever copies them into a table
        # cannot read from the same connection meanwhile.
        return chain.from_iterable(map(_decoded, list(bodies)))

    def forget(self) -> None:
        """Delete the scores: they are published now."""
        self._chunks().delete()

    def _chunks(self) -> QuerySet[ScoredChunk]:
        return ScoredChunk.objects.filter(
            model=self.version, label_set=self.label_set_id
        )


def _decoded(body: bytes | memoryview) -> list[Score]:
    return msgspec.msgpack.decode(body, type=list[Score])
