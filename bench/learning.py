"""How many labels the queue needs, against items drawn at random, with an oracle.

Who asks is the product: its order (``activelearn.core.strategies.ordering``), as a project has it
whose settings nobody changed, made anew whenever one is due. One person labels as at the
station, which holds items ahead and sends several answers at once: so an order is as old
as people really get it. Held-out items come among the others by their share. Labels are
those of the pool, which models learn from; accuracy is that on all held-out items.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from activelearn.core import mixing, strength, training
from activelearn.core.features import Table
from activelearn.core.strategies import ordering
from bench import curves, sets

PICTURE: Final = Path("bench-learning.svg")
GOAL: Final = 0.95
HELD_OUT: Final = 0.25
# Labels at which a model is made and judged; the last is where the arms end.
LOOKS: Final = (20, 30, 40, 50, 65, 80, 100, 125, 150, 200, 250, 300, 400)
BUDGETS: Final = (50, 100, 200, 400)
# By set: how many draws of the split and of chance. A fit of many labels takes seconds.
SEEDS: Final = {"digits": 5, "telco_churn": 5}
FEW_SEEDS: Final = 3
NAMES: Final = (
    "digits",
    "hwu64",
    "banking77",
    "naijasenti",
    "sign_digits",
    "telco_churn",
)
# What the station of the pages does (annotate/state.js and page.js): how many items it
# holds, at how few it fetches more, and how many votes it sends at once.
AHEAD, LOW, SENT = 30, 12, 5
# As of a project that is made without settings; a test compares it with one.
POLICY: Final = ordering.Policy(
    strategy="auto",
    batch="spread",
    is_multi=False,
    label_count=2,
    seed=0,
    exploration_rate=0.1,
    evaluation_rate=0.2,
)

Curve = list[tuple[int, float]]


@dataclass(frozen=True)
class Task:
    """Rows with their right answers, and which of them are held out."""

    table: Table
    truth: sets.Truth
    pool: list[int]
    held_out: list[int]
    strength: float = training.STRENGTH
    # What each item shares with others, (n,) numbers; None where nothing.
    groups: NDArray[np.int64] | None = None

    @classmethod
    def drawn(
        cls, rows: Any, truth: sets.Truth, seed: int, groups: Sequence[str] = ()
    ) -> Task:
        """Return a task with a split of its own; items of one group stay on one side."""
        ids = np.arange(len(truth), dtype=np.int64)
        rng = np.random.default_rng(seed)
        if groups:
            names = rng.permutation(sorted(set(groups)))
            is_held_out = np.isin(groups, names[: int(HELD_OUT * len(names))])
            held_out, pool = ids[is_held_out], ids[~is_held_out]
        else:
            order = rng.permutation(ids)
            held_out, pool = np.split(order, [int(HELD_OUT * len(truth))])
        table = Table(ids, rows)
        sides = sorted(pool.tolist()), sorted(held_out.tolist())
        shared = np.unique(groups, return_inverse=True)[1] if groups else None
        return cls(table, truth, *sides, groups=shared)

    def accuracy(self, known: Sequence[int]) -> float:
        """Return the accuracy on held-out items of what learns from ``known``."""
        places = np.sort(np.array(known, dtype=np.int64))
        rows = self.table.rows
        terms = training.FitTerms(is_multi=False, strength=self.strength)
        model = training.fit_by(
            terms, rows[places], [self.truth[place] for place in places]
        )
        predicted = training.predicted_labels(
            model, model.probabilities(rows[self.held_out])
        )
        right = [
            self.truth[p] == s for p, s in zip(self.held_out, predicted, strict=True)
        ]
        return float(np.mean(right))


@dataclass
class Person:
    """Somebody at the station, who is always right."""

    task: Task
    policy: ordering.Policy
    is_random: bool
    known: dict[int, Sequence[str]] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)
    queue: deque[int] = field(default_factory=deque)
    held: deque[int] = field(default_factory=deque)
    answered: list[int] = field(default_factory=list)
    ordered_at: int = 0
    # What items are expected to take, from those that are labeled; nothing at first.
    expect: Callable[[list[int]], Any] = lambda _known: None

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.policy.seed)
        self._to_test = set(self.task.held_out)
        self._order()

    def answer(self) -> bool:
        """Answer the next item; return whether there was one."""
        if len(self.held) <= LOW:
            while self.queue and len(self.held) < AHEAD:
                self.held.append(self.queue.popleft())
        if not self.held:
            return False
        self.answered.append(self.held.popleft())
        if len(self.answered) == SENT:
            self._send()
        return True

    def _send(self) -> None:
        for item in self.answered:
            if item in self._to_test:
                self.settled.add(item)
            else:
                self.known[item] = self.task.truth[item]
        self.answered = []
        if ordering.is_due(len(self.known), self.ordered_at):
            self._order()

    def _order(self) -> None:
        material = ordering.Material(
            table=self.task.table,
            known=self.known,
            pool=[pk for pk in self.task.pool if pk not in self.known],
            held_out=[pk for pk in self.task.held_out if pk not in self.settled],
            settled=len(self.settled),
            seconds=self.expect(list(self.known)),
        )
        choose = self._chance if self.is_random else ordering.chosen
        ranking = choose(material, self.policy).placed(self.rng, set(self.held))
        self.queue = deque(pick.item_id for pick in ranking.picks)
        self.ordered_at = len(self.known)

    def _chance(
        self, material: ordering.Material, policy: ordering.Policy
    ) -> ordering.Chosen:
        """Return what a project asks whose whole pool is drawn at random."""
        drawn = self.rng.permutation(np.array(material.pool, dtype=np.int64))
        rate = mixing.evaluation_share(policy.evaluation_rate, material.settled)
        return ordering.Chosen(
            strategy="random",
            choices=[
                mixing.Choice(pk, "random", is_drawn=True) for pk in drawn.tolist()
            ],
            pool=np.asarray(material.pool, dtype=np.int64),
            held_out=np.asarray(material.held_out, dtype=np.int64),
            shares=mixing.Shares(random=0.0, evaluation=rate),
        )


def curve(
    task: Task,
    policy: ordering.Policy,
    *,
    is_random: bool,
    looks: Sequence[int] = LOOKS,
) -> Iterator[Any]:
    """Yield (labels, accuracy) at each look, until the last one or no item is left."""
    person = Person(task, policy, is_random)
    for look in looks:
        while len(person.known) < look:
            if not person.answer():
                return
        yield len(person.known), task.accuracy(list(person.known))


def smooth(looks: Curve) -> Curve:
    """Return a curve of whose each three looks the middle value counts; ends stay."""
    values = [accuracy for _, accuracy in looks]
    inner = [float(np.median(values[n - 1 : n + 2])) for n in range(1, len(looks) - 1)]
    return [
        (labels, value)
        for (labels, _), value in zip(
            looks, [values[0], *inner, values[-1]], strict=True
        )
    ]


def labels_until(level: float, looks: Curve) -> float:
    """Return at how many labels a smooth curve first reaches a level, between looks too.

    Infinity where it never does.
    """
    before, start = looks[0][0], level
    for labels, accuracy in looks:
        if accuracy >= level:
            share = (level - start) / (accuracy - start) if accuracy > start else 1
            return before + share * (labels - before)
        before, start = labels, accuracy
    return math.inf


def rows(only: str = "") -> list[dict[str, Any]]:
    """Measure each set that is at hand, and draw the curves."""
    results, drawn = [], {}
    for name in NAMES:
        is_wanted = only in {"", "learning", f"learning-{name}"}
        if not is_wanted or not sets.is_at_hand(name):
            continue
        arms, full = measured(name)
        drawn[name] = {
            arm: [[(n, accuracy / full) for n, accuracy in looks] for looks in made]
            for arm, made in arms.items()
        }
        results.append(_row(name, arms, full))
    if drawn:
        PICTURE.write_text(curves.svg(drawn, GOAL), encoding="utf-8")
    return results


def policy_of(name: str, truth: sets.Truth, seed: int) -> ordering.Policy:
    """Return how a project with a set orders."""
    count, is_text = len(set(truth)), name in sets.TEXTS
    return replace(
        POLICY,
        label_count=count,
        is_text=is_text,
        seed=seed,
        strength=strength.usual(sets.kind_of(name)).value,
    )


def measured(name: str) -> tuple[dict[str, list[Curve]], float]:
    """Return the curves of both arms, and the accuracy that all labels give."""
    values, truth = sets.loaded(name)
    arms: dict[str, list[Curve]] = {"queue": [], "random": []}
    full = []
    for seed in range(SEEDS.get(name, FEW_SEEDS)):
        task = replace(
            Task.drawn(values, truth, seed),
            strength=policy_of(name, truth, seed).strength,
        )
        full.append(task.accuracy(task.pool))
        policy = policy_of(name, truth, seed)
        for arm, made in arms.items():
            made.append(list(curve(task, policy, is_random=arm == "random")))
    return arms, float(np.mean(full))


def _row(name: str, arms: Mapping[str, Sequence[Curve]], full: float) -> dict[str, Any]:
    """Return the labels needed as a share of random's: to 95 % of what all labels give.

    Where random does not get there, to what it has reached in the end.
    """
    ends = [smooth(looks)[-1][1] for looks in arms["random"]]
    reached = min(float(np.median(ends)), GOAL * full)
    ours, random = (
        float(np.median([labels_until(reached, smooth(looks)) for looks in arms[arm]]))
        for arm in ("queue", "random")
    )
    is_there = ours <= LOOKS[-1]
    budgets = "; ".join(
        f"{budget}: {_mean_with_margin(arms['queue'], budget)} against {_mean_with_margin(arms['random'], budget)}"
        for budget in BUDGETS
        if all(looks[-1][0] >= budget for made in arms.values() for looks in made)
    )
    return {
        "name": f"learning-{name}",
        # Where the queue does not get there, it needs at least this many.
        "value": round((ours if is_there else LOOKS[-1]) / random, 3),
        "unit": "× random",
        "target": 1.0,
        "met": ours < random,
        "detail": f"labels to {reached / full:.1%} of what all give ({full:.3f}), median"
        f" of {len(ends)}: {f'{ours:.0f}' if is_there else 'more'}, random {random:.0f};"
        f" accuracy at {budgets}",
    }


def _mean_with_margin(made: Sequence[Curve], budget: int) -> str:
    """Return the mean accuracy at a budget with its 95 % interval over the draws."""
    values = [
        float(np.interp(budget, [n for n, _ in looks], [a for _, a in looks]))
        for looks in made
    ]
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    margin = float(stats.t.ppf(0.975, len(values) - 1)) * error
    return f"{np.mean(values):.3f} ± {margin:.3f}"
