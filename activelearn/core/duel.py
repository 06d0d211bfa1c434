"""A duel: people answer a random sample of exactly the items on which two models differ.

Where both say the same, neither gains on the other, and what they say costs nobody a
label. So of N items that neither was trained on only those in D, on which they differ,
are worth asking about, and a sample of D tells as much as one that is N / |D| times as
large drawn from all. The items are asked blind, in the order of ``DuelSample.order``; after
``DuelSample.looks[0]`` of them, and if it says "go on" after ``DuelSample.looks[1]``, ``judged``
says what came out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from activelearn.core import gate, signs
from activelearn.core.evaluation import Labels
from activelearn.core.intervals import Estimate, Z

# How many items are asked about before the first look, and before the second and last.
LOOKS: Final = (100, 300)
# Of fewer items on which they differ no duel is held: it could hardly tell.
FEWEST: Final = gate.MIN_DISCORDANT
# The first look's share of the duel's error; the second has the rest. A test that looks twice
# with the whole error each time is wrong up to twice as often.
FIRST_SHARE: Final = 0.4

DuelVerdict = Literal["promote", "not better", "go on", "cannot tell"]


@dataclass(frozen=True)
class DuelSample:
    """Which items are asked about.

    items: N, of how many both models predicted the labels. order: the items of D, in the random order
    in which they are asked about: any beginning of it is a uniform sample of D, drawn
    without replacement. rest: how many more D has, which nobody is asked about.
    """

    items: int
    order: tuple[int, ...]
    rest: int = 0

    @property
    def differing(self) -> int:
        """|D|, on how many of the items the models differ."""
        return len(self.order) + self.rest

    @property
    def looks(self) -> tuple[int, ...]:
        """How many items are asked about before each look; one look where D is small."""
        first, second = (min(size, self.differing) for size in LOOKS)
        return (first, second) if first < second else (first,)

    @property
    def probability(self) -> float:
        """Of each item of D, to be among those that are asked about, all looks together."""
        return self.looks[-1] / self.differing if self.differing else 0.0

    @property
    def cut(self) -> DuelSample:
        """The same duel without the items that nobody is asked about."""
        order = self.order[: self.looks[-1]]
        return replace(self, order=order, rest=self.differing - len(order))

    def error_of(self, look: int, alpha: float) -> float:
        """Return the part of ``alpha`` that a look (0, 1) may use."""
        if len(self.looks) == 1:
            return alpha
        return alpha * (1 - FIRST_SHARE if look else FIRST_SHARE)


@dataclass(frozen=True)
class Outcome:
    """What the votes say so far.

    asked: m, the items that were asked about, of which only the challenger has
    ``better`` right and only the champion ``worse``. gain: in accuracy over the N items,
    a share. p: of the exact sign test; alpha: what it was allowed. next: how many items
    are to be asked about before the next look, 0 where there is none.
    """

    asked: int
    better: int
    worse: int
    gain: Estimate
    p: float
    alpha: float
    verdict: DuelVerdict
    next: int = 0


def drawn(
    champion: Mapping[int, Labels],
    challenger: Mapping[int, Labels],
    rng: np.random.Generator,
) -> DuelSample:
    """Draw the order in which the items are asked about on which two models differ.

    champion, challenger: what each says of the same items. These are to be a random
    sample of what the models are for, or all of it, and nobody may have trained on them;
    the votes may train a model afterwards, and judge none any more. Raises ValueError
    where the models did not predict the same items.
    """
    if champion.keys() != challenger.keys():
        raise ValueError("Both must have predicted the same items.")
    differing = sorted(
        pk for pk, labels in champion.items() if set(labels) != set(challenger[pk])
    )
    order = rng.permutation(np.array(differing, dtype=np.int64)).tolist()
    return DuelSample(len(champion), tuple(order))


def outcome_of(truth: Labels, champion: Labels, challenger: Labels) -> int:
    """Return 1 where only the challenger is right, -1 where only the champion is, else 0.

    An item on which people cannot agree counts as 0: neither is shown to be right.
    """
    return (set(challenger) == set(truth)) - (set(champion) == set(truth))


def judged(
    duel: DuelSample, outcomes: Sequence[int], alpha: float = gate.ALPHA
) -> Outcome:
    """Return what the outcomes of the first items of the order say.

    The gain is |D| / N times the mean outcome: without bias, for where the models agree
    it is nothing, and D is sampled uniformly. Of two models that are equally good, the
    challenger is promoted with a probability of at most ``alpha``, both looks together.
    Raises ValueError where there are not as many outcomes as before a look.
    """
    m = len(outcomes)
    if m not in duel.looks:
        raise ValueError(f"A duel is judged after {duel.looks} items, not after {m}.")
    look = duel.looks.index(m)
    better, worse = outcomes.count(1), outcomes.count(-1)
    allowed = duel.error_of(look, alpha)
    p = signs.exact_p(better, worse)
    following = duel.looks[look + 1] if look + 1 < len(duel.looks) else 0
    verdict = _verdict(better - worse, is_sure=p <= allowed, has_next=following > 0)
    return Outcome(
        m,
        better,
        worse,
        gain_of(duel, better, worse, m),
        p,
        allowed,
        verdict,
        following if verdict == "go on" else 0,
    )


def _verdict(lead: int, *, is_sure: bool, has_next: bool) -> DuelVerdict:
    if lead <= 0:
        # Also at the first look: a version that does not lead by then hardly ever wins, and to stop
        # early without a promotion makes none more likely.
        return "not better"
    if is_sure:
        return "promote"
    return "go on" if has_next else "cannot tell"


def gain_of(duel: DuelSample, better: int, worse: int, asked: int) -> Estimate:
    """Return the gain in accuracy over the N items, with its 95 % interval.

    The variance is that of ``signs.gained``, times the finite-population
    correction 1 - m / |D| (Cochran 1977, Sampling Techniques, 2.5): where all of D has
    been asked about, the gain over these items is known. While most of D has, it takes
    few values and the interval is a little too short (91 % at 100 of 120).
    """
    size = duel.differing
    if not asked:
        return Estimate(0.0, 0.0, 0.0)
    scale, left = size / duel.items, 1 - asked / size
    mean = (better - worse) / asked
    _, error = signs.gained(better, worse, asked)
    half = Z * error * math.sqrt(left)
    # Their center, which also is the mean once all of D is known.
    center = mean * (1 - 2 * left / (asked + 2))
    low, high = max(-1.0, center - half), min(1.0, center + half)
    return Estimate(scale * mean, scale * min(low, mean), scale * max(high, mean))
