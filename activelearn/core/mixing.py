"""Who decides each place of the queue's order: a rule, chance, or the held-out items.

The probability of a pick is the probability of this item at this place, given who
decides there: 1 where a rule decides, 1/n where one of n items is drawn uniformly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

# Labeled held-out items from which on an evaluation is precise enough.
ENOUGH_EVALUATION: Final = 100
TRICKLE: Final = 0.05


@dataclass(frozen=True)
class Choice:
    """An item that is next by a rule, or drawn from all items without a place."""

    item_id: int
    reason: str
    is_drawn: bool = False


@dataclass(frozen=True)
class Pick:
    """An item at its place in the order, with the reason and its probability."""

    item_id: int
    reason: str
    probability: float

    @property
    def is_blind(self) -> bool:
        """Whether people answer without the model's suggestion."""
        return self.reason != "model"


@dataclass(frozen=True)
class Shares:
    """The shares of an order, in [0, 1], that chance and the held-out items decide."""

    random: float
    evaluation: float


def evaluation_share(rate: float, settled: int) -> float:
    """Return the share of held-out items: ``rate`` until enough of them are labeled."""
    return rate if settled < ENOUGH_EVALUATION else min(rate, TRICKLE)


def mixed(
    choices: Sequence[Choice],
    pool: Sequence[int],
    held_out: Sequence[int],
    shares: Shares,
    rng: np.random.Generator,
) -> Iterator[Pick]:
    """Mix chance and held-out items into ``choices``; the first place stays a choice.

    Chance draws uniformly from all items of ``pool`` that have no place yet, whatever
    the model thinks of them. Of the pool, as many items get a place as there are
    choices; all of ``held_out`` get one.
    """
    # The next item of a shuffled pool that has no place is a uniform draw of all such.
    chance = iter(rng.permutation(np.array(pool, dtype=np.int64)))
    evaluation = rng.permutation(np.array(held_out, dtype=np.int64)).tolist()
    placed: set[int] = set()
    for number, choice in enumerate(choices):
        if number and evaluation and rng.random() < shares.evaluation:
            yield _held_out(evaluation)
        while number and len(placed) < len(choices) and rng.random() < shares.random:
            drawn = next(int(pk) for pk in chance if int(pk) not in placed)
            # The probability before it is placed: it was drawn from this many.
            yield Pick(drawn, "random", 1 / (len(pool) - len(placed)))
            placed.add(drawn)
        if len(placed) == len(choices):
            break
        if choice.item_id not in placed:
            left = len(pool) - len(placed) if choice.is_drawn else 1
            yield Pick(choice.item_id, choice.reason, 1 / left)
            placed.add(choice.item_id)
    while evaluation:
        yield _held_out(evaluation)


def _held_out(shuffled: list[int]) -> Pick:
    return Pick(shuffled.pop(), "evaluation", 1 / (len(shuffled) + 1))
