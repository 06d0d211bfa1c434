"""Which groups are held out for a label that the draw has missed: see ``beyond.py``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from labeling.services.transfer import splitting

# How many groups of a label are held out at least, where it has enough: below, the gate
# does not look at it.
GOAL: Final = 10


def wanted(having: int) -> int:
    """Return how many of the groups that have a label are held out at least.

    Never more than half: a label that nobody can learn needs no figure.
    """
    return min(GOAL, max(int(having * splitting.MOST), min(2, having // 2)))


@dataclass
class LabeledGroup:
    """A group that has one of the labels in question.

    drawn_for: of one that is held out beyond the draw, the labels for which. is_free:
    whether nothing but a file's labels is known of it, and nothing has used these.
    """

    draw: float
    is_held_out: bool
    drawn_for: frozenset[str] = frozenset()
    items: int = 0
    is_free: bool = True
    labels: set[str] = field(default_factory=set)

    @property
    def is_fixed(self) -> bool:
        """Whether it stays held out for the labels that it was drawn for."""
        return bool(self.drawn_for) and not self.is_free

    @property
    def is_in_draw(self) -> bool:
        """Whether it is held out by the draw, or by what a file says."""
        return self.is_held_out and not self.drawn_for

    def is_held_out_for(self, label: str) -> bool:
        """Whether it is one of a label's sample, whatever is drawn now."""
        return self.is_in_draw or (self.is_fixed and label in self.drawn_for)

    @property
    def counts(self) -> bool:
        """Whether it is one of those that a sample is drawn from.

        A group of the pool from which a run has learned can be held out no more.
        """
        return self.is_held_out or self.is_free


@dataclass(frozen=True)
class LabelSample:
    """How many of a label's groups are held out, and of how many they were drawn."""

    held_out: int
    of: int


@dataclass(frozen=True)
class Samples:
    """What is held out beyond the draw: by group the labels for which, by label how many."""

    groups: dict[str, frozenset[str]] = field(default_factory=dict)
    labels: dict[str, LabelSample] = field(default_factory=dict)


def drawn(
    grouped: Mapping[str, LabeledGroup], labels: Iterable[str], room: int
) -> Samples:
    """Return what is to be held out beyond the draw, that of earlier times included.

    grouped: all groups that have one of ``labels``, by key. room: how many items one group
    may have. Each label for itself, so that no other one has a say in its sample.
    """
    chosen: dict[str, set[str]] = defaultdict(set)
    for key, group in grouped.items():
        if group.is_fixed:
            chosen[key] |= group.drawn_for
    samples: dict[str, LabelSample] = {}
    for label in sorted(labels):
        having = _having(grouped, label)
        own = {key for key, group in having.items() if group.is_held_out_for(label)}
        more = _lowest(having, own, wanted(len(having)) - len(own), room)
        for key in more:
            chosen[key].add(label)
        samples[label] = LabelSample(len(own) + len(more), len(having))
    named = {label for labels in chosen.values() for label in labels}
    return Samples(
        {key: frozenset(labels) for key, labels in sorted(chosen.items())},
        {label: sample for label, sample in samples.items() if label in named},
    )


def _having(grouped: Mapping[str, LabeledGroup], label: str) -> dict[str, LabeledGroup]:
    """Return the groups that a label's sample is drawn from."""
    return {
        key: group
        for key, group in grouped.items()
        if label in group.labels and group.counts
    }


def _lowest(
    having: Mapping[str, LabeledGroup], own: Collection[str], lacking: int, room: int
) -> set[str]:
    """Return the free groups with the lowest draws, as many as are lacking."""
    free = sorted(
        (group.draw, key)
        for key, group in having.items()
        if group.is_free and key not in own
    )
    # A group that is too large for the room is passed over: it would take too much from
    # what models learn.
    fitting = [key for _, key in free if having[key].items <= room]
    return set(fitting[: max(0, lacking)])
