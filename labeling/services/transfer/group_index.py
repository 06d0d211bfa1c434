"""What is known of a project's groups, in memory, and what an item is like among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from labeling.likeness import compare
from labeling.likeness.sketch import FAMILY, Sketch, key_number

# A band with more items than this says nothing: it is left out, so that look-ups stay short.
CROWD: Final = 20
FEW: Final = 3


class Known(NamedTuple):
    """A group's key and side, and the signature of what stands for it.

    members: how many items stand behind it, which are nearly the same.
    """

    group_key: str
    split: str
    signature: bytes = b""
    members: int = 1

    @property
    def is_full(self) -> bool:
        """Whether nothing more joins it for being nearly the same."""
        return self.members >= FAMILY


class Likes(NamedTuple):
    """What an item is like.

    joinable: what it may join, most like first; equal ones by their groups' keys.
    is_any: whether it is like anything, also what nothing joins any more.
    """

    joinable: list[int]
    is_any: bool


NOTHING: Final = Likes([], is_any=False)
FULL: Final = Likes([], is_any=True)


@dataclass
class Index:
    """What is known of a project's groups: some read, some new and not written yet."""

    known: dict[int, Known] = field(default_factory=dict)
    bands: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    new: dict[int, Known] = field(default_factory=dict)
    new_bands: list[tuple[int, int]] = field(default_factory=list)
    joined: set[int] = field(default_factory=set)
    full: set[int] = field(default_factory=set)

    def learn(self, number: int, known: Known) -> None:
        """Know what stands under a number."""
        self.known[number] = known
        if known.is_full:
            self.full.add(number)

    def like(self, sketch: Sketch) -> Likes:
        """Return what an item is like, by signatures where its content is not known."""
        # The same key is the same content: nothing has to be compared.
        if (number := key_number(sketch.key)) in self.known:
            return Likes([number], is_any=True)
        shared = [self.bands[band] for band in sketch.bands if band in self.bands]
        if not shared:
            return NOTHING
        numbers = set[int]().union(*shared)
        full = numbers & self.full
        if ranked := self._ranked(sketch, numbers - full):
            return Likes([number for *_, number in ranked], is_any=True)
        # Of those that are full, a few say as much as all.
        few = [self.known[number].signature for number in sorted(full)[:FEW]]
        return FULL if any(compare.likenesses(sketch.signature, few)) else NOTHING

    def _ranked(
        self, sketch: Sketch, numbers: Iterable[int]
    ) -> list[tuple[float, str, int]]:
        known = self.known
        candidates = [number for number in numbers if number in known]
        if not candidates:
            return []
        signatures = [known[number].signature for number in candidates]
        shares = compare.likenesses(sketch.signature, signatures)
        return sorted(
            (-share, known[number].group_key, number)
            for share, number in zip(shares, candidates, strict=True)
            if share
        )

    def add(self, number: int, known: Known, bands: Iterable[int] = ()) -> None:
        """Have something stand for its group; crowded bands stay as they are."""
        if number in self.known:
            return
        self.learn(number, known)
        self.new[number] = known
        for band in bands:
            if len(members := self.bands[band]) < CROWD:
                members.append(number)
                self.new_bands.append((band, number))

    def join(self, number: int) -> None:
        """Count one more item behind what stands for a group."""
        key, split, signature, members = self.known[number]
        known = Known(key, split, signature, members + 1)
        self.learn(number, known)
        if number in self.new:
            self.new[number] = known
        else:
            self.joined.add(number)
