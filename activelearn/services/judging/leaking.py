"""Look whether held-out items leak: compare them with all that a model learned from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from activelearn.core.leaks import Leaks
from labeling.likeness import compare
from labeling.likeness.sketch import FAMILY, Sketch
from labeling.models import Item, Project
from labeling.services.transfer import groups, sketching

# Shown to people; and of the items that share a band, as many are compared.
EXAMPLES: Final = 5
CROWD: Final = 50


class Sketched(NamedTuple):
    """An item with its group and its sketch."""

    pk: int
    group_key: str
    sketch: Sketch


class _Shelf:
    """Sketched items, found by what they are like."""

    def __init__(self) -> None:
        self._by: dict[str | int, list[Sketched]] = defaultdict(list)

    def add(self, item: Sketched) -> None:
        """Put an item under its group, its key and its bands."""
        marks: list[str | int] = [f"group {item.group_key}", item.sketch.key]
        for mark in [*marks, *item.sketch.bands]:
            # A mark shared by more items than this says nothing and makes each look-up slow.
            if len(self._by[mark]) < CROWD:
                self._by[mark].append(item)

    def like(self, item: Sketched, *, by_group: bool) -> list[int]:
        """Return the items that are nearly the same, or of the same group."""
        same = self._by.get(item.sketch.key, [])
        if by_group:
            same = [*same, *self._by.get(f"group {item.group_key}", [])]
        near = {
            other.pk: other.sketch.signature
            for band in item.sketch.bands
            for other in self._by.get(band, ())
        }
        shares = compare.likenesses(item.sketch.signature, list(near.values()))
        alike = [pk for pk, share in zip(near, shares, strict=True) if share]
        if len(alike) >= FAMILY:
            # A family of which nothing is written: its items are of an earlier release.
            alike = []
        return list(dict.fromkeys([*(other.pk for other in same), *alike]))


def check(project: Project, learned: Sequence[int], held_out: Sequence[int]) -> Leaks:
    """Compare held-out items with those that a model learned from, and each other.

    A held-out item that is like an earlier one counts as a repeat: it says nothing new,
    and it may be there because somebody sent it.
    """
    shelf, earlier = _Shelf(), _Shelf()
    for item in _sketched(project, learned):
        shelf.add(item)
    pairs: list[tuple[int, int]] = []
    repeats: list[int] = []
    for item in _sketched(project, sorted(held_out)):
        seen = shelf.like(item, by_group=True)
        pairs += [(item.pk, pk) for pk in seen]
        # Not by group: that items of one group are held out together is as it should
        # be.
        if not seen and earlier.like(item, by_group=False):
            repeats.append(item.pk)
        earlier.add(item)
    return Leaks(
        checked=len(held_out),
        pairs=len(pairs),
        items=sorted({pk for pk, _ in pairs}),
        repeats=repeats,
        examples=pairs[:EXAMPLES],
    )


def _sketched(project: Project, ids: Iterable[int]) -> Iterator[Sketched]:
    items = Item.objects.filter(project=project, pk__in=list(ids)).order_by("pk")
    keys = set(items.order_by().values_list("group_key", flat=True))
    families = groups.families(project.pk, keys)
    for item, sketch in sketching.of_items(project, items):
        # Of a family only what is equal is a leak.
        own = Sketch(sketch.key) if item.group_key in families else sketch
        yield Sketched(item.pk, item.group_key, own)
