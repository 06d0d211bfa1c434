"""Which groups are held out for a label that the draw has missed: see ``beyond.py``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

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
    """What is held out beyond the draw: by group the labels for which, by label how many.

    others: by label the rest of the groups that these were drawn from, where it is known.
    """

    groups: dict[str, frozenset[str]] = field(default_factory=dict)
    labels: dict[str, LabelSample] = field(default_factory=dict)
    others: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """The labels for which a group is held out."""
        return {label for labels in self.groups.values() for label in labels}

    def held_out_for(self, label: str) -> set[str]:
        """Return the groups that are held out for a label, by key."""
        return {key for key, labels in self.groups.items() if label in labels}


class _Drawn(NamedTuple):
    """What is held out for one label: as in ``Samples``, None for what is not known."""

    groups: set[str]
    sample: LabelSample | None
    others: frozenset[str] | None


def drawn(
    grouped: Mapping[str, LabeledGroup],
    labels: Iterable[str],
    room: int,
    before: Samples | None = None,
) -> Samples:
    """Return what is to be held out beyond the draw, that of earlier times included.

    grouped: all groups that have one of ``labels``, by key. room: how many items one group
    may have. Each label for itself, so that no other one has a say in its sample.
    """
    before = before or Samples()
    chosen: dict[str, set[str]] = defaultdict(set)
    for key, group in grouped.items():
        if group.is_fixed:
            chosen[key] |= group.drawn_for
    samples: dict[str, LabelSample] = {}
    others: dict[str, frozenset[str]] = {}
    for label in sorted({*labels, *before.names}):
        having = _having(grouped, label)
        if _may_be_drawn_anew(before, label, having):
            part = _drawn_anew(having, label, room)
        else:
            part = _gone_on(before, label, having, room)
        for key in part.groups:
            chosen[key].add(label)
        if part.groups and part.sample is not None:
            samples[label] = part.sample
        if part.groups and part.others is not None:
            others[label] = part.others
    return Samples(
        {key: frozenset(labels) for key, labels in sorted(chosen.items())},
        samples,
        others,
    )


def _may_be_drawn_anew(
    before: Samples, label: str, having: Mapping[str, LabeledGroup]
) -> bool:
    """Whether each group that a label's sample was drawn from could be drawn today.

    Else some would have been passed over for what they are: those a run has learned from.
    """
    own = before.held_out_for(label)
    if not own:
        return True
    if label not in before.others:
        return False
    return having.keys() >= own | before.others[label]


def _drawn_anew(having: Mapping[str, LabeledGroup], label: str, room: int) -> _Drawn:
    """Draw a label's sample from all groups that have it."""
    own = {key for key, group in having.items() if group.is_held_out_for(label)}
    more = _lowest(having, own, wanted(len(having)) - len(own), room)
    groups = more | {key for key in own if not having[key].is_in_draw}
    sample = LabelSample(len(own) + len(more), len(having))
    return _Drawn(groups, sample, frozenset(having.keys() - groups))


def _gone_on(
    before: Samples, label: str, having: Mapping[str, LabeledGroup], room: int
) -> _Drawn:
    """Keep a label's sample; of groups that are new, add some with the same chance.

    Until ``GOAL`` are held out: what comes then is no part of what they stand for.
    """
    own = before.held_out_for(label)
    sample, others = before.labels.get(label), before.others.get(label)
    if sample is None or others is None:
        return _Drawn(own, sample, None)
    chance, held_out, rest = sample.held_out / sample.of, sample.held_out, {*others}
    # By their keys, which say nothing of their draws: so it does not depend on these which
    # groups come before the last one that is held out.
    for key in sorted(having.keys() - own - others):
        if held_out >= GOAL:
            break
        group = having[key]
        is_added = group.is_free and group.items <= room and group.draw < chance
        held_out += group.is_in_draw or is_added
        (own if is_added and not group.is_in_draw else rest).add(key)
    return _Drawn(own, LabelSample(held_out, len(own) + len(rest)), frozenset(rest))


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
