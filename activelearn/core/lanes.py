"""Who decides on a place of the queue's order: a rule, chance, or the held-out items.

The probability of a pick is that of this item at this place, given who decides there:
1 where a rule decides, one in so many where one of so many is drawn, all alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Choice:
    """An item that is next by rule, or drawn from all that no place has yet."""

    item_id: int
    reason: str
    is_drawn: bool = False


@dataclass(frozen=True)
class Pick:
    """An item that has its place in the order, with why and how probable that was."""

    item_id: int
    reason: str
    probability: float


@dataclass(frozen=True)
class Shares:
    """How much of an order chance and the held-out items decide."""

    random: float
    evaluation: float


def mixed(
    choices: Sequence[Choice],
    pool: Sequence[int],
    held_out: Sequence[int],
    shares: Shares,
    rng: np.random.Generator,
) -> Iterator[Pick]:
    """Mix chance and evaluation into ``choices``, never in the first place.

    Chance draws from all of ``pool`` that has no place yet, whatever the model thinks
    of it; so many items of the pool get a place as there are choices.
    """
    # What comes next of a shuffled pool and has no place is a fair draw of all such.
    chance = iter(rng.permutation(np.array(pool, dtype=np.int64)))
    evaluation = rng.permutation(np.array(held_out, dtype=np.int64)).tolist()
    placed: set[int] = set()
    for number, choice in enumerate(choices):
        if number and evaluation and rng.random() < shares.evaluation:
            yield _held_out(evaluation)
        while number and len(placed) < len(choices) and rng.random() < shares.random:
            drawn = next(int(pk) for pk in chance if int(pk) not in placed)
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
