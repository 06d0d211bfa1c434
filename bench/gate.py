"""What the gate risks and what it lets through, by simulation with its own code.

On each data set that is at hand versions learn as in the product, each from a fifth more
labels than the one before. Which items of a large test set two versions of the same
project answer differently is real. Held-out items are drawn from it; where two models
have to be equally good, or one better by some points, the items on which they differ
are given to either by lot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from activelearn.core import duel, gate, parts, signs, training
from activelearn.core.evaluation import Labels
from activelearn.core.gate import GatePolicy, PairedCounts, Spent
from bench import sets
from bench.row import row

Bools = NDArray[np.bool_]
SETS: Final = ("digits", "nsmc_korean", "naijasenti", "telco_churn")
RETRAINS: Final = 30
FIRST: Final = 20
GROWTH: Final = 1.2
MOST_LABELS: Final = 1500
TEST_ITEMS: Final = 3000
LIVES: Final = {"strict": 200, "balanced": 40}
HELD_OUT: Final = 300
TRIES: Final = 1000
DRAWS: Final = 50
SIZES: Final = (100, 300, 1000)
GAINS: Final = (0.01, 0.02, 0.05)
ASKED: Final = 100
GROUP_SIZES: Final = (1, 2, 5, 10)
RULES: Final = ("strict", "balanced", "always")


@dataclass(frozen=True)
class Versions:
    """The versions of one project on its test set.

    truth: n labels. predicted: of each version its labels. hits: (versions, n).
    """

    name: str
    labels: list[int]
    truth: list[Labels]
    predicted: list[list[Labels]]
    hits: Bools

    def differing(self, step: int) -> Bools:
        """Return the items that only one of a version and the next has right."""
        return np.asarray(self.hits[step] != self.hits[step + 1])


@cache
def _versions(name: str) -> Versions:
    rows, truth = sets.loaded(name)
    order = np.random.default_rng(2).permutation(len(truth))
    test = order[: min(TEST_ITEMS, len(order) // 2)]
    pool = order[len(test) :]
    sizes: list[int] = []
    predicted: list[list[Labels]] = []
    size = float(FIRST)
    while size <= min(len(pool), MOST_LABELS) and len(predicted) < RETRAINS:
        places = np.sort(pool[: int(size)])
        model = training.fit(rows[places], [truth[p] for p in places], is_multi=False)
        predicted.append(
            training.predicted_labels(model, model.probabilities(rows[test]))
        )
        sizes.append(int(size))
        size *= GROWTH
    right = [truth[p] for p in test]
    hits = [[a == b for a, b in zip(right, by, strict=True)] for by in predicted]
    return Versions(name, sizes, right, predicted, np.array(hits))


@cache
def _all() -> list[Versions]:
    return [_versions(name) for name in SETS if sets.is_at_hand(name)]


class Gatekeeper:
    """One project's gate over its life: a rule of the product, or letting all through."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        self.last: Spent | None = None

    def lets(
        self,
        before: Bools,
        now: Bools,
        *,
        is_first: bool = False,
        groups: Sequence[int] = (),
    ) -> bool:
        """Whether it promotes a challenger with these hits on the held-out items.

        groups: of each item, where the gate is to know of them.
        """
        if self.rule == "always":
            return True
        policy: GatePolicy = "strict" if self.rule == "strict" else "balanced"
        asked = gate.terms(policy, is_first=is_first, last=self.last)
        if groups:
            asked = replace(
                asked, nets=tuple(signs.nets(before.tolist(), now.tolist(), groups))
            )
        counts = PairedCounts(
            len(now), int((now & ~before).sum()), int((before & ~now).sum())
        )
        promotes = gate.decided(counts, asked) == "promote"
        if asked.look and asked.alpha and gate.is_enough(counts, asked):
            self.last = Spent(asked.look, asked.alpha, promotes)
        return promotes


def _moved(before: Bools, differs: Bools, gain: float, rng: Any) -> Bools:
    """Return hits that differ from ``before`` on about ``differs``, with this gain.

    Items are taken by lot from those that differ in truth, and where these are too few
    from all others, so that exactly ``gain`` of all are gained, to the item.
    """
    n = len(before)
    target = round(gain * n)
    pairs = int(differs.sum())
    fixed = max(0, (pairs + target) // 2)
    broken = max(0, fixed - target)
    chance = rng.random(n) - differs
    wrong, right = np.flatnonzero(~before), np.flatnonzero(before)
    size = min(fixed, len(wrong)), min(broken, len(right))
    # As many on both sides as there are, or the gain would be another one.
    short = max(fixed - size[0], broken - size[1], 0)
    now = before.copy()
    now[wrong[np.argsort(chance[wrong])][: max(0, fixed - short)]] = True
    now[right[np.argsort(chance[right])][: max(0, broken - short)]] = False
    return now


def fooled(
    versions: Versions, rule: str, gain: float, *, is_reused: bool, rng: Any
) -> float:
    """Return in how many lives a gate promotes a challenger that is no better.

    Of 30 retrains each gives a challenger of ``gain`` (none, or less than none) against
    what serves. Held-out items are drawn anew for each, or once for the whole life.
    """
    steps = len(versions.predicted) - 1
    count = 0
    for _ in range(LIVES[rule]):
        keeper, serves = Gatekeeper(rule), versions.hits[0]
        places = rng.choice(len(serves), HELD_OUT)
        for number in range(RETRAINS):
            differs = versions.differing(number % steps)
            now = _moved(serves, differs, gain, rng)
            if not is_reused:
                places = rng.choice(len(serves), HELD_OUT)
            if keeper.lets(serves[places], now[places]):
                count += 1
                break
    return count / LIVES[rule]


def misled(versions: Versions, rule: str, size: int, rng: Any) -> tuple[float, float]:
    """Return how often one comparison promotes an equal model, items told from groups.

    Of 300 held-out items, a number of them each are one group: nearly the same, so both models
    have all of them right or wrong. First by a gate that takes items as independent, then
    by one that knows of their groups.
    """
    steps = len(versions.predicted) - 1
    promoted = np.zeros(2)
    groups = np.repeat(np.arange(HELD_OUT // size), size).tolist()
    for number in range(TRIES):
        before = versions.hits[number % steps]
        now = _moved(before, versions.differing(number % steps), 0.0, rng)
        places = np.repeat(rng.choice(len(before), HELD_OUT // size), size)
        pair = before[places], now[places]
        promoted += [
            Gatekeeper(rule).lets(*pair, groups=known) for known in ((), groups)
        ]
    unaware, aware = promoted / TRIES
    return float(unaware), float(aware)


@dataclass(frozen=True)
class Judge:
    """A rule at the how many-th test of a project's life."""

    rule: str
    look: int = 1


def passed(versions: Versions, judge: Judge, gain: float, n: int, rng: Any) -> float:
    """Return how often one comparison on n held-out items lets a challenger through."""
    steps = len(versions.predicted) - 1
    promoted = 0
    for number in range(TRIES // 4):
        keeper = Gatekeeper(judge.rule)
        keeper.last = Spent(judge.look - 1, 0.0, has_promoted=False)
        step = number % steps
        before = versions.hits[step]
        now = _moved(before, versions.differing(step), gain, rng)
        places = rng.choice(len(before), n)
        promoted += keeper.lets(before[places], now[places])
    return promoted / (TRIES // 4)


@dataclass(frozen=True)
class Life:
    """What came of a project's real versions: means over all draws of held-out items."""

    harmful: float
    promotions: float
    accuracy: float
    last: float
    held_out: int


def lived(versions: Versions, rule: str, rng: Any) -> Life:
    """Return what becomes of the real versions, in their order, by a rule.

    A fifth of the labels are held out until there are 100, then one of twenty, as the
    queue serves them. harmful: promotions of what is worse on all test items.
    """
    commonest = max(set(versions.truth), key=versions.truth.count)
    majority = np.array([labels == commonest for labels in versions.truth])
    figures = []
    held = [_held_out(labels) for labels in versions.labels]
    for _ in range(DRAWS):
        keeper, serves, order = Gatekeeper(rule), None, rng.permutation(len(majority))
        bad, taken, shares = 0, 0, []
        for now, labels in zip(versions.hits, held, strict=True):
            places = order[:labels]
            before = majority if serves is None else serves
            if keeper.lets(before[places], now[places], is_first=serves is None):
                bad += int(now.mean() < before.mean())
                taken += 1
                serves = now
            shares.append(serves.mean() if serves is not None else 0.0)
        figures.append((bad, taken, float(np.mean(shares)), shares[-1]))
    harmful, promotions, share, last = (float(x) for x in np.mean(figures, axis=0))
    return Life(harmful, promotions, share, last, held[-1])


def _held_out(label_count: int) -> int:
    quick = 0.25 * label_count
    return int(quick if quick < 100 else 100 + 0.05 * (label_count - 400))


def stopped(versions: Versions, n: int, rng: Any) -> tuple[float, float]:
    """Return how often a label stops an equal model, and one that lost a label.

    Equal are real pairs of versions whose answers are swapped by lot, item by item. The
    other one has lost a third of the items that the commonest label has right.
    """
    steps = len(versions.predicted) - 1
    names = [labels[0] for labels in versions.truth]
    label = max(set(names), key=names.count)
    has = np.array([name == label for name in names])
    outcomes = []
    for number in range(TRIES // 10):
        places = rng.choice(len(names), n)
        pair = versions.hits[number % steps :][:2, places]
        swapped = np.where(rng.random(n) < 0.5, pair, pair[::-1])
        lost = pair[0] & ~(has[places] & (rng.random(n) < 1 / 3))
        truth = [names[place] for place in places]
        outcomes.append(
            [_is_stopped(truth, *swapped), _is_stopped(truth, pair[0], lost)]
        )
    equals, losses = np.mean(outcomes, axis=0)
    return float(equals), float(losses)


def _is_stopped(names: list[str], before: Bools, now: Bools) -> bool:
    sides: list[list[Labels]] = [
        [(name,) if hit else () for name, hit in zip(names, side, strict=True)]
        for side in (before, now)
    ]
    truth: list[Labels] = [(name,) for name in names]
    compared = parts.compared(parts.of_labels(truth, *sides))
    return any(part.is_worse for part in compared)


@dataclass(frozen=True)
class Fight:
    """A duel beside as many held-out items: errors of the gain, shares promoted."""

    gain: float
    differing: float
    errors: tuple[float, float]
    promoted: tuple[float, float]


def fought(versions: Versions, rng: Any) -> Fight:
    """Return how a duel of 100 labels does beside 100 random labels.

    Between the last version and the one with half its labels.
    """
    old, new = len(versions.predicted) - 5, len(versions.predicted) - 1
    champion, challenger = (dict(enumerate(versions.predicted[v])) for v in (old, new))
    before, now = versions.hits[old], versions.hits[new]
    gain = float(now.mean() - before.mean())
    rows = []
    for _ in range(TRIES // 4):
        fight = duel.drawn(champion, challenger, rng)
        asked = fight.order[: fight.looks[0]]
        outcomes = [
            duel.outcome_of(versions.truth[pk], champion[pk], challenger[pk])
            for pk in asked
        ]
        by_duel = duel.judged(fight, outcomes)
        places = rng.choice(len(before), ASKED)
        better = int((now & ~before)[places].sum())
        worse = int((before & ~now)[places].sum())
        rows.append(
            (
                by_duel.gain.value - gain,
                (better - worse) / len(places) - gain,
                by_duel.p <= gate.ALPHA,
                signs.exact_p(better, worse) <= gate.ALPHA,
            )
        )
    table = np.array(rows, dtype=float)
    errors = np.sqrt((table[:, :2] ** 2).mean(axis=0))
    promoted = table[:, 2:].mean(axis=0)
    return Fight(
        gain,
        float(np.mean([champion[n] != challenger[n] for n in champion])),
        (float(errors[0]), float(errors[1])),
        (float(promoted[0]), float(promoted[1])),
    )


def _life_rows(rng: Any) -> Iterator[dict[str, Any]]:
    for rule, target in (("strict", 0.05), ("balanced", 1.0)):
        shares = {
            (gain, is_reused): float(
                np.mean(
                    [
                        fooled(v, rule, gain, is_reused=is_reused, rng=rng)
                        for v in _all()
                    ]
                )
            )
            for gain in (0.0, -0.02)
            for is_reused in (False, True)
        }
        detail = (
            f"of lives of {RETRAINS} retrains; equal: fresh items {shares[0.0, False]:.1%}, "
            f"one reused set {shares[0.0, True]:.1%}; 2 points worse: "
            f"{shares[-0.02, False]:.1%}, {shares[-0.02, True]:.1%}"
        )
        worst = max(shares.values())
        yield row(f"gate-{rule}-life", worst, "promoted", target, detail)


def _group_rows(rng: Any) -> Iterator[dict[str, Any]]:
    for rule, target in (("strict", 0.05), ("balanced", 0.5)):
        shares = {
            size: np.mean([misled(v, rule, size, rng) for v in _all()], axis=0)
            for size in GROUP_SIZES
        }
        by_size = "; ".join(
            f"groups of {size}: {unaware:.1%} → {aware:.1%}"
            for size, (unaware, aware) in shares.items()
        )
        detail = f"equal models on {HELD_OUT} items, items → groups counted; {by_size}"
        worst = max(float(aware) for _, aware in shares.values())
        yield row(f"gate-groups-{rule}", worst, "promoted", target, detail)


def _power_rows(rng: Any) -> Iterator[dict[str, Any]]:
    for judge in (Judge("strict"), Judge("strict", 10), Judge("balanced")):
        shares = {
            (n, gain): float(np.mean([passed(v, judge, gain, n, rng) for v in _all()]))
            for n in SIZES
            for gain in (-0.02, 0.0, *GAINS)
        }
        by_size = [
            f"{n}: "
            + " ".join(f"{shares[n, gain]:.0%}" for m, gain in shares if m == n)
            for n in SIZES
        ]
        detail = "by items: −2 0 +1 +2 +5 points; " + "; ".join(by_size)
        # Five points on many items, which is what a gate is for.
        missed = 1 - shares[SIZES[-1], GAINS[-1]]
        name = f"gate-{judge.rule}-{judge.look}-missed"
        yield row(name, missed, "at 1000", 0.2, detail)


def _real_rows(rng: Any) -> Iterator[dict[str, Any]]:
    for versions in _all():
        lives = {rule: lived(versions, rule, rng) for rule in RULES}
        by_rule = "; ".join(
            f"{rule}: {life.last:.3f} at the end, {life.accuracy:.3f} on the way, "
            f"{life.promotions:.1f} promotions, {life.harmful:.2f} harmful"
            for rule, life in lives.items()
        )
        detail = f"{len(versions.predicted)} versions, {lives['strict'].held_out} held out; {by_rule}"
        harmful = lives["balanced"].harmful
        yield row(f"gate-real-{versions.name}", harmful, "harmful", 0.5, detail)


def _part_rows(rng: Any) -> Iterator[dict[str, Any]]:
    by_size, worst = [], 0.0
    for n in SIZES:
        pairs = [stopped(versions, n, rng) for versions in _all()]
        equals, losses = np.mean(pairs, axis=0)
        worst = max(worst, float(equals))
        by_size.append(f"{n}: {equals:.1%} of equal models, {losses:.0%} of the others")
    detail = "which lost a third of a label; " + "; ".join(by_size)
    yield row("gate-parts", worst, "stopped", 0.05, detail)


def _duel_rows(rng: Any) -> Iterator[dict[str, Any]]:
    for versions in _all():
        fight = fought(versions, rng)
        detail = (
            f"gain {fight.gain:+.1%}, {fight.differing:.1%} differ; error of the gain "
            f"{fight.errors[1]:.2%} → {fight.errors[0]:.2%}, promoted "
            f"{fight.promoted[1]:.0%} → {fight.promoted[0]:.0%} ({ASKED} random labels → a duel)"
        )
        ratio = fight.errors[0] / fight.errors[1]
        yield row(f"gate-duel-{versions.name}", ratio, "× error", 0.7, detail)


KINDS: Final[Sequence[tuple[str, Callable[[Any], Iterator[dict[str, Any]]]]]] = (
    ("life", _life_rows),
    ("groups", _group_rows),
    ("power", _power_rows),
    ("real", _real_rows),
    ("parts", _part_rows),
    ("duel", _duel_rows),
)


def rows(only: str = "") -> list[dict[str, Any]]:
    """Measure the gate by its own code."""
    results: list[dict[str, Any]] = []
    for name, measure in KINDS:
        if only in {"", "gate", f"gate-{name}"}:
            results += measure(np.random.default_rng(11))
    return results
