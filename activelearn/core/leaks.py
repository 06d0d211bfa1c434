"""Held-out items that a model has as good as seen: what a leak check says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

Judgeable = TypeVar("Judgeable")
# With a larger share of them, what is left is no sample of what was held out.
MOST: Final = 0.1


@dataclass(frozen=True)
class Leaks:
    """What is left out of a judgment, and why.

    pairs: of a held-out item and one that was learned from, which are nearly the same or
    of one group; items: those held-out items; repeats: held-out items like an earlier
    one, which would count twice; examples: some of the pairs. checked: all held-out
    items with a label.
    """

    checked: int = 0
    pairs: int = 0
    items: list[int] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)
    examples: list[tuple[int, int]] = field(default_factory=list)

    @property
    def left_out(self) -> set[int]:
        """The items that are not judged on."""
        return {*self.items, *self.repeats}

    def kept(self, known: Mapping[int, Judgeable]) -> dict[int, Judgeable]:
        """Return what is known of the items that are judged on."""
        left_out = self.left_out
        return {pk: value for pk, value in known.items() if pk not in left_out}

    @property
    def are_too_many(self) -> bool:
        """Whether nothing may be promoted on what is left."""
        return len(self.items) > MOST * self.checked
