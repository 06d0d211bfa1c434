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

    def like(self, sketch: Sketch) -> list[int]:
        """Return what an item is like, most first; equal ones by their groups' keys."""
        # The same key is the same content: nothing has to be compared.
        if (number := key_number(sketch.key)) in self.known:
            return [number]
        shared = [self.bands[band] for band in sketch.bands if band in self.bands]
        if not shared:
            return []
        numbers = set[int]().union(*shared)
        if len(full := numbers & self.full) > FEW:
            # A few say as much as all.
            numbers -= full
            numbers.update(sorted(full)[:FEW])
        known = self.known
        candidates = [number for number in numbers if number in known]
        signatures = [known[number].signature for number in candidates]
        shares = compare.likenesses(sketch.signature, signatures)
        ranked = sorted(
            (-share, known[number].group_key, number)
            for share, number in zip(shares, candidates, strict=True)
            if share
        )
        return [number for *_, number in ranked]

    def add(self, number: int, known: Known, bands: Iterable[int] = ()) -> None:
        """Have something stand for its group; crowded bands stay as they are."""
        if number in self.known:
            return
        self.learn(number, known)
        self.new[number] = known
        for band in bands:
            if len(self.bands[band]) < CROWD:
                self.bands[band].append(number)
                self.new_bands.append((band, number))

    def join(self, number: int) -> None:
        """Count one more item behind what stands for a group."""
        known = self.known[number]
        self.learn(number, known._replace(members=known.members + 1))
        if number in self.new:
            self.new[number] = self.known[number]
        else:
            self.joined.add(number)
