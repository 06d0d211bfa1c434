"""Parts of the held-out items on which no new model may get worse: slices and labels.

A gain on all items can hide a loss on a few. So a model that would take over is held
against the champion on each part as well: it is worse there where it lost more than
``MARGIN`` and that is no chance, for as many parts as are looked at.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from activelearn.core import signs
from activelearn.core.evaluation import Labels

# A slice of fewer items is not looked at, nor a label that fewer have.
MIN_SLICE: Final = 30
MIN_LABEL: Final = 10
# Where fewer items differ no outcome is beyond chance, however few parts there are.
MIN_DISCORDANT: Final = 5
MARGIN: Final = 0.05
ALPHA: Final = 0.05


@dataclass(frozen=True)
class Pair:
    """What two models have right of a part: hits of the one before, and of the new one.

    kind, name: as of a slice, or ``label`` and the label that these items have. groups: of
    each item its group; none where each is one of its own.
    """

    kind: str
    name: str
    before: Sequence[bool]
    now: Sequence[bool]
    groups: Sequence[Hashable] = ()


@dataclass(frozen=True)
class Part:
    """A part of the held-out items, and what a new model fixes and breaks there.

    p: how likely chance alone breaks as many more than it fixes (mid-p of the sign
    test, over groups where items share some); 1 where too few differ to look at. bar: what p has to be below, for as many parts are looked at (Holm).
    is_worse: whether this forbids the model to take over.
    """

    kind: str
    name: str
    items: int
    better: int
    worse: int
    p: float = 1.0
    bar: float = 0.0
    is_worse: bool = False


def of_labels(
    truth: Sequence[Labels],
    before: Sequence[Labels],
    now: Sequence[Labels],
    groups: Sequence[Hashable] = (),
) -> Iterator[Pair]:
    """Yield for each label the items that have it: whether either model says so.

    groups: of each item its group, as of ``Pair``.
    """
    for name in sorted({label for labels in truth for label in labels}):
        places = [place for place, labels in enumerate(truth) if name in labels]
        if len(places) >= MIN_LABEL:
            yield Pair(
                "label",
                name,
                [name in before[place] for place in places],
                [name in now[place] for place in places],
                _at(places, groups),
            )


def of_slice(
    kind: str,
    name: str,
    places: Sequence[int],
    hits: tuple[Sequence[bool], Sequence[bool]],
    groups: Sequence[Hashable] = (),
) -> Pair | None:
    """Return the slice of the items at ``places``; None where it is too small.

    groups: of each item its group, as of ``Pair``.
    """
    if len(places) < MIN_SLICE:
        return None
    before, now = ([side[place] for place in places] for side in hits)
    return Pair(kind, name, before, now, _at(places, groups))


def _at(places: Sequence[int], groups: Sequence[Hashable]) -> Sequence[Hashable]:
    return [groups[place] for place in places] if groups else ()


def compared(pairs: Iterable[Pair]) -> list[Part]:
    """Return the parts, the worst first.

    Holm's correction (1979, Scandinavian Journal of Statistics 6:65–70): of all parts
    where enough items differ, the k-th worst is held to ALPHA / (parts - k + 1), and
    none after the first that passes. So a model that is nowhere worse is stopped in at
    most about 5 %. A loss that is real but below MARGIN stops none.
    """
    counted = [_counted(pair) for pair in pairs]
    ranked = sorted(counted, key=lambda part: (part.p, part.kind, part.name))
    looked_at = sum(_is_looked_at(part) for part in ranked)
    parts, is_open = [], True
    for place, part in enumerate(ranked):
        bar = ALPHA / max(1, looked_at - place)
        is_open = is_open and _is_looked_at(part) and part.p <= bar
        loss = (part.worse - part.better) / part.items
        parts.append(replace(part, bar=bar, is_worse=is_open and loss > MARGIN))
    return parts


def _counted(pair: Pair) -> Part:
    better, worse = signs.counted(pair.before, pair.now)
    part = Part(pair.kind, pair.name, len(pair.now), better, worse)
    # The other way round: of each group, how many more are broken than fixed.
    nets = signs.nets(pair.now, pair.before, pair.groups) if pair.groups else []
    # Items of one group point one way together: they are one piece of evidence.
    telling = sum(map(bool, nets)) if nets else better + worse
    if telling < MIN_DISCORDANT:
        return part
    return replace(part, p=signs.mid_p(worse, better, nets))


def _is_looked_at(part: Part) -> bool:
    return part.p < 1
