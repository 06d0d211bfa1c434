"""Promote or not: a paired comparison on the same held-out items, by one of three rules.

``strict`` promotes an equal or worse model in at most 5 % of all projects, over a
project's whole life. ``balanced`` promotes what is probably no worse than two points.
``manual`` leaves it to a person. docs/models.md has what each risks, as measured.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Final, Literal

from activelearn.core import signs
from activelearn.core.parts import Part

GatePolicy = Literal["strict", "balanced", "manual"]
# A rule that changes gets another number: each decision keeps by which it was made.
RULES: Final[dict[GatePolicy, str]] = {
    "strict": "strict-2",
    "balanced": "balanced-4",
    "manual": "manual-1",
}
MARGIN: Final = 0.02
# The normal distribution's 90 % quantile: the bound is one-sided.
Z: Final = 1.282
# Its 80 % quantile: as likely a comparison of ``needed`` items is to tell.
Z_POWER: Final = 0.842
# Below one of these, a comparison with a champion cannot tell.
MIN_ITEMS: Final = 100
MIN_DISCORDANT: Final = 10
# The fewest items on which a first model is compared with the commonest label.
FEW: Final = 20
# The error of all exact tests of a strict project together.
ALPHA: Final = 0.05
# Test k of a project's life is allowed k to the power of -DECAY as a share of ALPHA;
# all these shares together are 1.
DECAY: Final = 1.6
ZETA: Final = 2.2857656
# No more than this is ever waited for; it means never.
MOST_NEEDED: Final = 1_000_000

GateVerdict = Literal[
    "promote", "not better", "worse on a part", "cannot tell", "a person decides"
]


@dataclass(frozen=True)
class Spent:
    """A test that a strict project has made: the how many-th, its error, its outcome."""

    look: int
    alpha: float
    has_promoted: bool


@dataclass(frozen=True)
class Terms:
    """By what a comparison is decided; with its counts they give the verdict again.

    alpha: the error of the exact test, or None where the bound on the gain (``z``,
    ``margin``) decides, or a person. look: under strict the number of this test in the
    project's life, else None. is_first: the champion's part is taken by always saying
    the commonest label. nets: what the groups of the compared items say (``signs.nets``);
    none where each item is a group of its own.
    """

    rule: str = "balanced-2"
    is_first: bool = False
    alpha: float | None = None
    look: int | None = None
    min_items: int = MIN_ITEMS
    min_discordant: int = MIN_DISCORDANT
    margin: float = MARGIN
    z: float = Z
    nets: tuple[int, ...] = ()

    @property
    def policy(self) -> str:
        """The rule without its number."""
        return self.rule.rsplit("-", 1)[0]


@dataclass(frozen=True)
class PairedCounts:
    """Of n items, those that only the challenger (better) or champion (worse) has right."""

    n: int
    better: int
    worse: int


@dataclass(frozen=True)
class Comparison:
    """Counts of n items that only the challenger (better) or champion (worse) has right.

    lower_bound: of the gain in accuracy, a share. mid_p, exact_p: in [0, 1]. needed: how
    many items are expected to tell where these cannot, else 0. has_tested: whether there
    were enough items, so that a strict project has spent ``terms.alpha``.
    """

    n: int
    better: int
    worse: int
    lower_bound: float
    mid_p: float
    verdict: GateVerdict
    needed: int = 0
    # Judgments of earlier releases have none of these.
    exact_p: float = 1.0
    terms: Terms = field(default_factory=Terms)
    has_tested: bool = False
    worse_on: Sequence[Part] = ()


def terms(
    policy: GatePolicy, *, is_first: bool = False, last: Spent | None = None
) -> Terms:
    """Return the terms of a project's next comparison.

    last: the latest test that it has made under strict. A first model is compared with
    always saying the commonest label, by the same rule on ``FEW`` items: it mostly is
    far better, and nobody has a suggestion before it serves. With ``MIN_ITEMS`` a
    project that asks for one held-out item in five would wait for 500 labels. Of first
    models that are no better balanced lets up to 21 in 100 through, and about half in
    thirteen judgments from 20 to 300 items (docs/models.md); strict as few as ever.
    """
    rule, fewest = RULES[policy], FEW if is_first else MIN_ITEMS
    if policy != "strict":
        return Terms(rule, is_first, min_items=fewest)
    look, alpha = spend(last)
    # Of fewer that differ no outcome would pass: a test would be spent in vain.
    differing = max(MIN_DISCORDANT, math.ceil(math.log2(1 / alpha)))
    return Terms(rule, is_first, alpha, look, fewest, differing)


def spend(last: Spent | None) -> tuple[int, float]:
    """Return the number and the error of the next test of a strict project's life.

    Test k gets ALPHA · k^-DECAY / zeta(DECAY), so that all tests there will ever be get
    ALPHA together, and with it what the test before had if that promoted: its error was
    not needed (online fallback: Tian and Ramdas 2021, Statistical Methods in Medical
    Research 30:976–993). Before the first false promotion only true ones hand an error
    on, so the errors of all tests of models that are no better still add up to ALPHA at
    most, whatever depends on what.
    """
    look = last.look + 1 if last else 1
    alpha = ALPHA * look**-DECAY / ZETA
    if last and last.has_promoted:
        alpha += last.alpha
    return look, alpha


def lower_bound(better: int, worse: int, n: int, z: float = Z) -> float:
    """Return the lower bound of the accuracy gain (``signs.gained``)."""
    return _bound(PairedCounts(n, better, worse), z, 1.0)


def _bound(counts: PairedCounts, z: float, effect: float) -> float:
    gain, error = signs.gained(counts.better, counts.worse, counts.n)
    return gain - z * error * math.sqrt(effect)


def _effect(counts: PairedCounts, asked: Terms) -> float:
    return signs.design_effect(asked.nets, counts.better + counts.worse)


def needed(counts: PairedCounts, asked: Terms) -> int:
    """Return how many items are expected to tell if they differ as these n do.

    With q the share of discordant items and d the gain, each from counts that are one
    larger (as in ``lower_bound``), n = (z + z')² (q − d²) / (d + margin)² lets the bound
    pass the margin in 80 % of all samples (Connor 1987, Biometrics 43:207–211; with a
    margin Lu and Bean 1995, Statistics in Medicine 14:1831–1839), and a test at alpha
    takes n = (z √q + z' √(q − d²))² / d². It is at least ``min_items``, and large enough that
    ``min_discordant`` differ; before a first model has ``min_items`` it is these.
    """
    n = counts.n
    if asked.is_first and n < asked.min_items:
        # Of so few hardly anything is known, least of all how often a first model differs.
        return asked.min_items
    p1, p2 = (counts.better + 1) / (n + 2), (counts.worse + 1) / (n + 2)
    q, d = p1 + p2, p1 - p2
    sizes: list[float] = [asked.min_items, asked.min_discordant / q]
    if d > 0:
        sizes.append(_size(q, d, asked))
    # With these it could not tell.
    items = math.ceil(max(sizes) * _effect(counts, asked))
    return min(MOST_NEEDED, max(n + 1, items))


def _size(q: float, d: float, asked: Terms) -> float:
    if asked.alpha is None:
        return (asked.z + Z_POWER) ** 2 * (q - d**2) / (d + asked.margin) ** 2
    z = -NormalDist().inv_cdf(asked.alpha)
    size = (z * math.sqrt(q) + Z_POWER * math.sqrt(q - d**2)) ** 2 / d**2
    # An exact test needs some more: Fleiss, Tytun and Ury 1980, Biometrics 36:343–346.
    return size / 4 * (1 + math.sqrt(1 + 2 / (size * d))) ** 2


def compare(
    champion: Sequence[bool],
    challenger: Sequence[bool],
    asked: Terms,
    held_against: Sequence[Part] = (),
    groups: Sequence[Hashable] = (),
) -> Comparison:
    """Judge the challenger by its hits against the champion's on the same items.

    held_against: how it does on parts of them; worse on one, it is not promoted. groups:
    of each item its group; by default each is one of its own. Too little evidence is "cannot tell". Raises ValueError where they were not judged on as
    many items.
    """
    better, worse = signs.counted(champion, challenger)
    if groups:
        asked = replace(asked, nets=tuple(signs.nets(champion, challenger, groups)))
    counts = PairedCounts(len(champion), better, worse)
    worse_on = [part for part in held_against if part.is_worse]
    verdict = decided(counts, asked, worse_on)
    return Comparison(
        counts.n,
        better,
        worse,
        _bound(counts, Z, _effect(counts, asked)),
        signs.mid_p(better, worse, asked.nets),
        verdict,
        _wait(counts, asked) if verdict == "cannot tell" else 0,
        signs.exact_p(better, worse, asked.nets),
        asked,
        is_enough(counts, asked),
        worse_on,
    )


def decided(
    counts: PairedCounts, asked: Terms, worse_on: Sequence[Part] = ()
) -> GateVerdict:
    """Return the verdict on these counts, as often as it is asked for."""
    if asked.policy == "manual":
        return "a person decides"
    if not is_enough(counts, asked):
        return "cannot tell"
    return _of_enough(counts, asked, is_worse=bool(worse_on))


def _of_enough(counts: PairedCounts, asked: Terms, *, is_worse: bool) -> GateVerdict:
    if counts.better <= counts.worse:
        return "not better"
    if not _is_sure(counts, asked):
        return "cannot tell"
    return "worse on a part" if is_worse else "promote"


def _is_sure(counts: PairedCounts, asked: Terms) -> bool:
    if asked.alpha is not None:
        return signs.exact_p(counts.better, counts.worse, asked.nets) <= asked.alpha
    return _bound(counts, asked.z, _effect(counts, asked)) > -asked.margin


def is_enough(counts: PairedCounts, asked: Terms) -> bool:
    """Whether there are enough items, and enough that differ, to decide anything.

    Where items share groups, those count that would tell as much alone, and the groups
    that point one way.
    """
    items = counts.n / _effect(counts, asked)
    telling = sum(map(bool, asked.nets)) if asked.nets else counts.better + counts.worse
    return items >= asked.min_items and telling >= asked.min_discordant


def _wait(counts: PairedCounts, asked: Terms) -> int:
    if asked.look is None or asked.alpha is None or not is_enough(counts, asked):
        return needed(counts, asked)
    # The next look is another test, which is allowed less.
    next_one = terms(
        "strict",
        is_first=asked.is_first,
        last=Spent(asked.look, asked.alpha, has_promoted=False),
    )
    return needed(counts, replace(next_one, nets=asked.nets))
