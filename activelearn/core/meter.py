"""What the model's choice of items saves: labels it picked against labels drawn by chance.

Both arms teach small models, of the same numbers of labels in the order in which they
came, and all of them answer the same held-out items. Where a model of r times as many
picked labels is right as often as one of drawn labels, the choice saves 1 - r of the
labels. Each ratio r is tested in pairs on the items; from the least to the largest that
no test refuses is the interval (Neyman 1937, Philosophical Transactions A 236:333–380).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from activelearn.core.arm_models import LabeledArm, MeterTask, hits_of, luck_of
from activelearn.core.intervals import Array, Bools, Estimate, Groups, proportion

# Labels of each arm at which it is looked at; with more, nothing is looked at again.
RUNGS: Final = (20, 30, 45, 70, 100, 150, 220, 330, 500, 700)
# Held-out labels below which nothing could be told.
FEWEST_HELD_OUT: Final = 20
# The share of projects in which any of the looks is wrong, at most, however often people
# read the figure in between: each look has an even part of it (Bonferroni), at either side half.
ALPHA: Final = 0.05
ALLOWED: Final = ALPHA / len(RUNGS) / 2
# Each size is the one before times STEP. The largest COMPARED sizes are compared with those
# at most STEPS steps smaller: down to a quarter.
STEP: Final = 2**-0.5
COMPARED: Final = 3
STEPS: Final = 4
# How many looks in a row have to say the same before the order changes.
IN_A_ROW: Final = 2

SavingVerdict = Literal["saves", "costs", "cannot tell"]
Orderer = Literal["model", "chance"]


@dataclass(frozen=True)
class MeterPoint:
    """Accuracies on the held-out items of models of a number of labels of each arm."""

    labels: int
    model: Estimate
    chance: Estimate


@dataclass(frozen=True)
class Saving:
    """The share of the labels that the model's choice saves; below 0 it costs more.

    low, high: the ends of the interval, None where it has no end between a quarter and
    four times as many labels. more: held-out labels that are expected to tell; 0 where it
    is told, or no number of them would. points: the curves of both arms, ascending.
    """

    labels: int
    held_out: int
    value: float
    low: float | None
    high: float | None
    verdict: SavingVerdict
    more: int
    points: list[MeterPoint]


@dataclass(frozen=True)
class Lead:
    """How much more often the model's arm is right, with ``ratio`` times the labels.

    items, luck: the variance of that by the held-out items, and by the labels that the
    arms happen to have.
    """

    ratio: float
    mean: float
    items: float
    luck: float

    @property
    def score(self) -> float:
        """The lead in standard errors."""
        error = math.sqrt(self.items + self.luck)
        return self.mean / error if error else 0.0


def rung_of(labels: int) -> int:
    """Return the largest number of labels that is looked at, 0 for none.

    labels: how many each arm has.
    """
    return max((rung for rung in RUNGS if rung <= labels), default=0)


def rung_after(labels: int) -> int:
    """Return the next number of labels that is looked at, 0 where there is none."""
    return min((rung for rung in RUNGS if rung > labels), default=0)


def sizes_of(labels: int) -> list[int]:
    """Return how many labels the models of an arm learn from, the largest first."""
    steps = range(COMPARED + STEPS)
    return [max(1, round(labels * STEP**step)) for step in steps]


def measured(model: LabeledArm, chance: LabeledArm, task: MeterTask) -> Saving:
    """Return what both arms say, which have equally many labels.

    Raises what the task's step raises.
    """
    sizes = sizes_of(len(model.targets))
    ours, others = (hits_of(arm, task, sizes) for arm in (model, chance))
    hits = Hits(ours, others, task.groups)
    return saving(hits, sizes, luck_of(model, task), luck_of(chance, task))


@dataclass(frozen=True)
class Hits:
    """What the models of both arms have right: each (n_sizes, n_held_out).

    groups: (n_held_out,).
    """

    model: Bools
    chance: Bools
    groups: Groups

    @cached_property
    def group_of(self) -> NDArray[np.int64]:
        """Return (n_held_out,) the groups' numbers, from 0."""
        return np.unique(self.groups, return_inverse=True)[1].astype(np.int64)

    def lead(self, shift: int, luck: tuple[float, float]) -> Lead:
        """Return the lead where the model's arm has more labels by some steps.

        An item's differences are averaged over the pairs of sizes, for one pair tells less
        than three; a group's are added up, for its items resemble each other. luck: of each
        arm at its largest size; with fewer labels it is larger in proportion.
        """
        ours, theirs = max(0, -shift), max(0, shift)
        pairs = (self.model[ours:], self.chance[theirs:])
        a, b = (side[:COMPARED].astype(np.float64) for side in pairs)
        of_item = (a - b).mean(axis=0)
        sums = np.bincount(self.group_of, weights=of_item)
        middle = (COMPARED - 1) / 2
        return Lead(
            STEP**-shift,
            float(of_item.mean()),
            float((sums**2).sum()) / len(of_item) ** 2,
            luck[0] * STEP ** -(ours + middle) + luck[1] * STEP ** -(theirs + middle),
        )


def saving(
    hits: Hits, sizes: Sequence[int], model_luck: float, chance_luck: float
) -> Saving:
    """Return what the hits of both arms say; sizes: (n_sizes,), the largest first."""
    luck = (model_luck, chance_luck)
    leads = [hits.lead(shift, luck) for shift in range(-STEPS, STEPS + 1)]
    low, high = _ends(leads)
    ratio = _crossing(leads)
    if low is not None:
        ratio = max(ratio, low)
    if high is not None:
        ratio = min(ratio, high)
    verdict = _verdict(low, high)
    held_out = len(hits.groups)
    return Saving(
        labels=sizes[0],
        held_out=held_out,
        value=1 - ratio,
        low=None if high is None else 1 - high,
        high=None if low is None else 1 - low,
        verdict=verdict,
        more=_needed(leads[STEPS], held_out) if verdict == "cannot tell" else 0,
        points=_points(hits, sizes),
    )


def _ends(leads: Sequence[Lead]) -> tuple[float | None, float | None]:
    """Return the ends of the ratios that no test refuses, each between two tested ones.

    With few labels the model's arm is surely worse, with many surely better. None where
    not even the first ratio is refused, or the last.
    """
    sure = _sure_score()
    low = _end([(lead.ratio, -lead.score) for lead in leads], sure)
    high = _end([(lead.ratio, lead.score) for lead in reversed(leads)], sure)
    return low, high


def _end(scores: Sequence[tuple[float, float]], sure: float) -> float | None:
    """Return where the scores first fall below what is sure, None where the first does."""
    before: tuple[float, float] | None = None
    for ratio, score in scores:
        if score < sure:
            if before is None:
                return None
            share = (before[1] - sure) / (before[1] - score)
            return float(before[0] * (ratio / before[0]) ** share)
        before = ratio, score
    return before[0] if before else None


def _sure_score() -> float:
    from scipy import special  # slow to import, and only needed here

    return -float(special.ndtri(ALLOWED))


def _verdict(low: float | None, high: float | None) -> SavingVerdict:
    if high is not None and high < 1:
        return "saves"
    return "costs" if low is not None and low > 1 else "cannot tell"


def _crossing(leads: Sequence[Lead]) -> float:
    """Return the ratio at which the arms are even, the middle of several.

    With more labels an arm is right more often: where chance has it otherwise, the leads are
    pooled (Ayer et al. 1955, Annals of Mathematical Statistics 26:641–647).
    """
    from sklearn.isotonic import isotonic_regression  # slow to import

    rising: Array = isotonic_regression(np.array([lead.mean for lead in leads]))
    logs = np.log([lead.ratio for lead in leads])
    # Tilted a little, so that of a level stretch the one end is found, and then the other.
    tilt = np.arange(len(leads)) * 1e-9
    first = np.interp(0.0, rising + tilt, logs)
    last = np.interp(0.0, rising + tilt - tilt[-1], logs)
    return float(np.exp((first + last) / 2))


def _needed(lead: Lead, held_out: int) -> int:
    """Return how many more held-out items would tell if the arms differ as they do."""
    left = (lead.mean / _sure_score()) ** 2 - lead.luck
    # What hangs on the arms' own labels no held-out item mends.
    if left <= 0 or lead.items > 10 * left:
        return 0
    return max(1, math.ceil(held_out * (lead.items / left - 1)))


def _points(hits: Hits, sizes: Sequence[int]) -> list[MeterPoint]:
    rows = zip(sizes, hits.model, hits.chance, strict=True)
    by_size = {
        size: MeterPoint(
            size, *(proportion(arm, hits.groups) for arm in (ours, others))
        )
        for size, ours, others in rows
    }
    return [by_size[size] for size in sorted(by_size)]


def orderer(looks: Sequence[tuple[str, float]], before: Orderer) -> Orderer:
    """Return who is to order the queue, where ``before`` did.

    looks: verdicts and savings, the newest last. Chance, where the model's choice surely
    costs labels; the model again, where it seems to save some; each several times in a row.
    """
    last = looks[-IN_A_ROW:]
    if len(last) < IN_A_ROW:
        return before
    if all(verdict == "costs" for verdict, _ in last):
        return "chance"
    return "model" if all(value > 0 for _, value in last) else before
