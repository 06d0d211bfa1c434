"""What decides each place of the queue's order: a rule, chance, or the held-out items.

One of the three decides each place, by its share. The places stand on a golden-section
sequence that begins anywhere: so each of them is decided by each with exactly its share,
and however few are served, the shares come out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

ItemIds: TypeAlias = Sequence[int] | NDArray[np.int64]
# Labeled held-out items from which on an evaluation is precise enough.
ENOUGH_EVALUATION: Final = 100
TRICKLE: Final = 0.05
# Of all steps on a circle this one spreads any number of points best.
GOLDEN_SECTION: Final = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Choice:
    """An item that is next by a rule, or drawn from all items without a place."""

    item_id: int
    reason: str
    is_drawn: bool = False


@dataclass(frozen=True)
class Mixture:
    """How a place was decided, for whoever weights the labels that come of it.

    random, evaluation: the probabilities that chance or the held-out items decide this
    place; otherwise the rule does. open, held_out: how many items of the pool, and held
    out, have no place before this one; chance draws of the former alike, and so do the
    held-out items of the latter. probability: of this item at this place, given those
    before it, whoever decides. With r = random and e = evaluation that is

    - e / held_out of a held-out item;
    - r / open of an item of the pool, and 1 - r - e more where the rule has it next;
    - (1 - e) / open where the rule draws, too.

    So an item of the pool has at least r / open at each place. To tell of the whole pool by
    labels of its items, q = probability / (1 - e) is the chance of each among the open
    ones: 1 / q is its weight (Horvitz and Thompson 1952), or q that of LURE (Farquhar et
    al. 2021).
    """

    random: float
    evaluation: float
    open: int
    held_out: int
    probability: float


@dataclass(frozen=True)
class Pick:
    """An item at its place in the order, with the reason and its probability.

    probability: of this item at this place, given who decides there: 1 where a rule
    decides, 1/n where one of n items is drawn. mixture: the same whoever decides.
    """

    item_id: int
    reason: str
    probability: float
    mixture: Mixture

    @property
    def is_blind(self) -> bool:
        """Whether people vote without the model's suggestion."""
        return self.reason != "model"


@dataclass(frozen=True)
class Shares:
    """The shares of an order, in [0, 1], that chance and the held-out items decide.

    Where they are more than all, chance gets what the held-out items leave.
    """

    random: float
    evaluation: float


def evaluation_share(rate: float, settled: int) -> float:
    """Return the share of held-out items: ``rate`` until enough of them are labeled."""
    return rate if settled < ENOUGH_EVALUATION else min(rate, TRICKLE)


def mixed(
    choices: Sequence[Choice],
    pool: ItemIds,
    held_out: ItemIds,
    shares: Shares,
    rng: np.random.Generator,
) -> Iterator[Pick]:
    """Mix chance and held-out items into ``choices``.

    Chance draws uniformly from all items of ``pool`` that have no place yet, whatever
    the model thinks of them. Of the pool, as many items get a place as there are
    choices; all of ``held_out`` get one, the last of them behind the pool's where they
    are many. Where none is left, their share is the rule's.
    """
    order = _Order(choices, pool, held_out, rng)
    point = rng.random()
    while order.has_more:
        odds = order.odds(shares)
        if point < odds.evaluation:
            yield order.held_out_item(odds)
        else:
            is_random = point < odds.evaluation + odds.random
            yield order.drawn(odds) if is_random else order.ruled(odds)
        point = (point + GOLDEN_SECTION) % 1


class _Order:
    """An order that is being made: what has no place yet, and who may be next."""

    def __init__(
        self,
        choices: Sequence[Choice],
        pool: ItemIds,
        held_out: ItemIds,
        rng: np.random.Generator,
    ) -> None:
        self._choices, self._next = choices, 0
        # The next item of a shuffled pool that has no place is a uniform draw of all such.
        # As arrays: of a million items only those that get a place become objects.
        self._chance = iter(rng.permutation(np.asarray(pool, dtype=np.int64)))
        held = rng.permutation(np.asarray(held_out, dtype=np.int64))
        self._held_out: list[int] = held.tolist()
        self._size = len(pool)
        self._placed: set[int] = set()

    @property
    def has_more(self) -> bool:
        """Whether any item is still to get a place."""
        return bool(self._held_out) or self._has_places

    @property
    def _has_places(self) -> bool:
        return len(self._placed) < len(self._choices)

    def odds(self, shares: Shares) -> Shares:
        """Return the shares as they hold for the next place."""
        if not self._has_places:
            return Shares(random=0.0, evaluation=1.0)
        evaluation = shares.evaluation if self._held_out else 0.0
        return Shares(min(shares.random, 1 - evaluation), evaluation)

    def held_out_item(self, odds: Shares) -> Pick:
        """Give the next place to a held-out item."""
        left = len(self._held_out)
        mixture = self._mixture(odds, odds.evaluation / left)
        return Pick(self._held_out.pop(), "evaluation", 1 / left, mixture)

    def drawn(self, odds: Shares) -> Pick:
        """Give the next place to what chance draws."""
        item_id = next(pk for pk in self._chance if pk not in self._placed)
        return self._place(int(item_id), "random", 1 / self._open, odds)

    def ruled(self, odds: Shares) -> Pick:
        """Give the next place to what the rule has next."""
        choice = self._choice()
        given = 1 / self._open if choice.is_drawn else 1.0
        return self._place(choice.item_id, choice.reason, given, odds)

    @property
    def _open(self) -> int:
        return self._size - len(self._placed)

    def _choice(self) -> Choice:
        """Return what the rule has next."""
        while self._choices[self._next].item_id in self._placed:
            self._next += 1
        return self._choices[self._next]

    def _place(self, item_id: int, reason: str, given: float, odds: Shares) -> Pick:
        choice = self._choice()
        by_rule = (
            1 / self._open if choice.is_drawn else float(choice.item_id == item_id)
        )
        rest = max(0.0, 1 - odds.random - odds.evaluation)
        mixture = self._mixture(odds, odds.random / self._open + rest * by_rule)
        self._placed.add(item_id)
        return Pick(item_id, reason, given, mixture)

    def _mixture(self, odds: Shares, probability: float) -> Mixture:
        return Mixture(
            random=odds.random,
            evaluation=odds.evaluation,
            open=self._open,
            held_out=len(self._held_out),
            probability=probability,
        )
