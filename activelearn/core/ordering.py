"""A new order of the queue: what a fresh, cheap model is least sure of, and chance.

With too few labels for a model that knows better, typical items of the pool come first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np

from activelearn.core import diversity, mixing, query, training
from activelearn.core.features import Rows, Table

Places = diversity.Places
# With fewer labels typical items tell more than a model's doubts do (docs/models.md).
LEAST_COLD: Final = 20
# A strategy that is none of ``query``: a source from outside says how unsure it is.
EXTERNAL: Final = "external"
# How an own model's doubt is measured behind what such a source has scored.
BEHIND: Final = "margin"
COLD_PER_LABEL: Final = 2
# The rows of which a model's doubts are computed at once.
AT_ONCE: Final = 20_000


@dataclass(frozen=True)
class Material:
    """What an order is made from.

    table: the features of all items. known: labels by item id, of labeled items of the
    pool; of several labels, no label is a label set too. pool, held_out: ids of the items
    without a vote, each list ascending. settled: the number of held-out items that are
    labeled. duel: items of the pool that are asked about to tell two models apart, before
    all that a model would choose. doubts: how unsure a source from outside is of items of
    the pool, in [0, 1]: as many as an order has places, the least sure ones.
    """

    table: Table
    known: Mapping[int, Sequence[str]]
    pool: Sequence[int]
    held_out: Sequence[int]
    settled: int = 0
    duel: Sequence[int] = ()
    doubts: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class OrderLimits:
    """How many items each step looks at.

    window: places of an order that the model and chance fill. batch: items at the top,
    chosen to be unlike each other out of the ``shortlist`` least sure ones. known:
    labeled items that a ranked batch has to be unlike as well. sample: unlabeled items
    that typical ones are found in, for those of a large pool are much the same.
    """

    window: int = 2000
    batch: int = 50
    shortlist: int = 500
    known: int = 500
    sample: int = 5000


@dataclass(frozen=True)
class Policy:
    """How a project orders: a strategy of ``query``, a kind of batch, and two shares.

    Or the strategy ``EXTERNAL``.

    label_count: how many labels the project has to choose from. exploration_rate,
    evaluation_rate: the shares, in [0, 1], of an order that chance and the held-out items
    decide.
    """

    strategy: str
    batch: Literal["spread", "ranked"]
    is_multi: bool
    label_count: int
    seed: int
    exploration_rate: float
    evaluation_rate: float
    limits: OrderLimits = OrderLimits()

    @property
    def cold_until(self) -> int:
        """The number of labeled items from which on a model orders."""
        wanted = max(LEAST_COLD, COLD_PER_LABEL * self.label_count)
        return min(wanted, self.limits.batch)


@dataclass(frozen=True)
class Ranking:
    """An order: the picks, best first, out of ``pool_size`` items and the held-out ones.

    strategy: the policy's; "cold" where no model ordered yet, "none" without items.
    """

    strategy: str
    pool_size: int
    picks: list[mixing.Pick]


@dataclass(frozen=True)
class Chosen:
    """What a rule has put in order, ``choices``, and from what chance draws.

    pool, held_out: ids of the items that may get a place; shares: who decides one.
    """

    strategy: str
    choices: list[mixing.Choice]
    pool: list[int]
    held_out: list[int]
    shares: mixing.Shares

    def placed(
        self, rng: np.random.Generator, gone: Collection[int] = frozenset()
    ) -> Ranking:
        """Return the order of all but the items that are ``gone``.

        ``rng`` draws what chance decides. Were those left out afterwards that people
        hold, which the rule puts first, chance would come more often than its share.
        """
        pool = [pk for pk in self.pool if pk not in gone]
        held_out = [pk for pk in self.held_out if pk not in gone]
        choices = [choice for choice in self.choices if choice.item_id not in gone]
        picks = mixing.mixed(choices, pool, held_out, self.shares, rng)
        return Ranking(self.strategy, len(pool), list(picks))


def is_due(label_count: int, before: int) -> bool:
    """Whether a new order is due at a count of labels; ``before`` made the last order.

    That is with 10 to 25 more, or a tenth.
    """
    return label_count - before >= min(25, max(10, before // 10))


def chosen(material: Material, policy: Policy) -> Chosen:
    """Put the items without a vote in order by a rule.

    This depends on the policy's seed alone: the same labels give the same order.
    """
    # Items without a row came in after the features were computed.
    pool = material.table.covered(material.pool)
    places = np.searchsorted(material.table.ids, np.array(pool, dtype=np.int64))
    strategy, choices = _choices(material, places, policy)
    choices = _after_duel(material.duel, choices, pool)
    shares = mixing.Shares(
        random=policy.exploration_rate,
        evaluation=mixing.evaluation_share(policy.evaluation_rate, material.settled),
    )
    return Chosen(strategy, choices, pool, list(material.held_out), shares)


def _after_duel(
    duel: Sequence[int], choices: Sequence[mixing.Choice], pool: Sequence[int]
) -> list[mixing.Choice]:
    """Put the items of a duel that have no vote yet before the others.

    Chance and the held-out items keep their shares of the places.
    """
    open_ones = set(pool)
    first = [mixing.Choice(pk, "duel") for pk in duel if pk in open_ones]
    asked = {choice.item_id for choice in first}
    return first + [choice for choice in choices if choice.item_id not in asked]


def _choices(
    material: Material, places: Places, policy: Policy
) -> tuple[str, list[mixing.Choice]]:
    """Return who ordered the rows at ``places`` (n,), and the best of them in order."""
    if not len(places):
        return "none", []
    if policy.strategy != EXTERNAL:
        return _own_choices(material, places, policy)
    scored = np.isin(material.table.ids[places], [*material.doubts])
    own = replace(policy, strategy=BEHIND)
    first = _by_outside(material, places[scored], policy)
    if len(first) >= policy.limits.window or scored.all():
        return EXTERNAL, first
    strategy, behind = _own_choices(material, places[~scored], own)
    choices = (first + behind)[: policy.limits.window]
    return EXTERNAL if first else strategy, choices


def _by_outside(
    material: Material, places: Places, policy: Policy
) -> list[mixing.Choice]:
    """Return the items at ``places`` (n,), those first that the source is unsure of."""
    if not len(places):
        return []
    ids = material.table.ids
    scores = np.array([material.doubts[int(pk)] for pk in ids[places]])
    labeled = np.flatnonzero(np.isin(ids, [*material.known]))
    return _ranked(material.table, places, scores, labeled, policy)


def _own_choices(
    material: Material, places: Places, policy: Policy
) -> tuple[str, list[mixing.Choice]]:
    """Return the strategy and its best rows, as ``_choices``, by a model of our own."""
    ids, rows = material.table.ids, material.table.rows
    taught = {
        pk: labels for pk, labels in material.known.items() if labels or policy.is_multi
    }
    labeled = np.flatnonzero([int(pk) in taught for pk in ids])
    if len(labeled) < policy.cold_until:
        return "cold", _cold(material.table, places, labeled, policy)
    try:
        model = training.fit(
            rows[labeled],
            [taught[int(pk)] for pk in ids[labeled]],
            is_multi=policy.is_multi,
            seed=policy.seed,
        )
    except ValueError:
        return "cold", _cold(material.table, places, labeled, policy)
    scores = doubts_of(model, rows, places, policy)
    return policy.strategy, _ranked(material.table, places, scores, labeled, policy)


def doubts_of(
    model: training.LinearModel,
    rows: Rows,
    places: Places,
    policy: Policy,
    *,
    at_once: int = AT_ONCE,
) -> query.Array:
    """Return (n,) in [0, 1] how unsure a model is of the rows at ``places`` (n,).

    A part at a time: a copy of all rows, and the probabilities of all their labels, are
    gigabytes where there are a million.
    """
    parts = np.split(places, range(at_once, len(places), at_once))
    return np.concatenate(
        [
            query.uncertainty(
                model.probabilities(rows[part]),
                is_multi=policy.is_multi,
                strategy=policy.strategy,
            )
            for part in parts
        ]
    )


def _ranked(
    table: Table, places: Places, scores: query.Array, labeled: Places, policy: Policy
) -> list[mixing.Choice]:
    """Return the items at ``places`` with the highest ``scores`` (n,), unlike at the top.

    labeled: (m,) rows that have a label.
    """
    # By the number of labels: the same ones give the same order, and with each new
    # one ties fall anew.
    rng = np.random.default_rng([policy.seed, len(labeled)])
    least_sure = query.least_sure(scores, policy.limits.window, rng)
    short, rest = np.split(least_sure, [policy.limits.shortlist])
    short = short[_batch(table.rows, places[short], scores[short], labeled, policy)]
    ranked = table.ids[places[np.concatenate([short, rest])]]
    return [mixing.Choice(int(pk), "model") for pk in ranked]


def _batch(
    rows: Rows, places: Places, scores: query.Array, labeled: Places, policy: Policy
) -> Places:
    """Order a short list so that its top is unsure and unlike each other.

    places: (n,) rows of the short list; scores: (n,) in [0, 1]; labeled: (m,) rows.
    """
    count, seed = policy.limits.batch, policy.seed
    if policy.batch == "spread":
        points = diversity.compact(rows[places], seed)
        return diversity.spread(points, scores, count, seed)
    known = labeled[-policy.limits.known :]
    points = diversity.compact(rows[np.concatenate([places, known])], seed)
    return query.ranked_batch(
        points[: len(places)], scores, points[len(places) :], count
    )


def _cold(
    table: Table, places: Places, labeled: Places, policy: Policy
) -> list[mixing.Choice]:
    """Return typical items, one of each cluster without a label, then others by chance.

    places: (n,) rows without a label; labeled: (m,) rows, which are clustered as well, so
    that the next typical items are unlike those that are labeled.
    """
    rng = np.random.default_rng(policy.seed)
    sample = places
    if len(places) > policy.limits.sample:
        sample = np.sort(rng.choice(places, policy.limits.sample, replace=False))
    both = np.union1d(sample, labeled)
    points = diversity.compact(table.rows[both], policy.seed)
    is_known = np.isin(both, labeled)
    typical = diversity.typical(points, policy.limits.batch, policy.seed, is_known)
    typical = both[typical]
    others = rng.permutation(np.setdiff1d(places, typical))
    ranked = np.concatenate([typical, others])[: policy.limits.window]
    return [
        mixing.Choice(int(pk), "cold", is_drawn=number >= len(typical))
        for number, pk in enumerate(table.ids[ranked])
    ]
