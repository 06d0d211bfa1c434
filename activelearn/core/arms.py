"""Which labels chance has drawn, and which the rule has picked, as two arms of one test.

Chance draws from what the rule has left, which in a small pool is soon the easy rest. A
draw from the whole pool would sometimes have hit an item that has a label already: so
often one of these, drawn alike, joins the arm of chance. Then that arm is a simple random
sample of the pool, whatever the rule has taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class FirstVote:
    """The first vote on an item of the pool, and who had decided that it was asked for.

    open: how many items chance drew from; 0 where it did not draw.
    """

    item: int
    by: Literal["chance", "rule", "other"]
    open: int = 0


@dataclass
class TwoArms:
    """The items of both arms, each in the order in which they came."""

    chance: list[int] = field(default_factory=list)
    rule: list[int] = field(default_factory=list)


def arms_of(votes: Iterable[FirstVote], most: int, rng: np.random.Generator) -> TwoArms:
    """Return the arms, each of at most ``most`` items.

    votes: in the order in which they came, no item twice.
    """
    arms = TwoArms()
    # Labeled, and not in the arm of chance.
    taken: list[int] = []
    for vote in votes:
        if min(len(arms.chance), len(arms.rule)) >= most:
            break
        if vote.by == "chance":
            # Without replacement: what the arm has is not drawn again.
            while taken and rng.random() * (len(taken) + vote.open) < len(taken):
                arms.chance.append(taken.pop(int(rng.integers(len(taken)))))
            arms.chance.append(vote.item)
            continue
        taken.append(vote.item)
        if vote.by == "rule":
            arms.rule.append(vote.item)
    return TwoArms(arms.chance[:most], arms.rule[:most])
