"""A new order of the queue: what a fresh, cheap model is least sure of, and chance.

With too few labels for a model that knows better, typical items of the pool come first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

import numpy as np

from activelearn.core import mixing
from activelearn.core.features import Ids, Table
from activelearn.core.strategies import STRATEGIES
from activelearn.core.strategies.batches import ranked
from activelearn.core.strategies.scene import (
    OrderLimits,
    Places,
    Policy,
    Scene,
    SecondsOf,
)

__all__ = [
    "BEHIND",
    "EXTERNAL",
    "Chosen",
    "Material",
    "OrderLimits",
    "Policy",
    "Ranking",
    "chosen",
    "is_due",
]
# A strategy that is none of ours: a source from outside says how unsure it is.
EXTERNAL: Final = "external"
# How an own model's doubt is measured behind what such a source has scored.
BEHIND: Final = "margin"
# The share of the places that the rule keeps where chance orders, to be measured on.
KEPT: Final = 0.1


@dataclass(frozen=True)
class Material:
    """What an order is made from.

    table: the features of all items. known: labels by item id, of labeled items of the
    pool; of several labels, no label is a label set too. pool, held_out: ids of the items
    without a vote, each list ascending. settled: the number of held-out items that are
    labeled. duel: items of the pool that are asked about to tell two models apart, before
    all that a model would choose. audited: items that the model's prediction has settled and
    that people are to check, before these. searched: items of the pool that may have a label which
    people look for; they take turns with what the rule chooses. doubts: how unsure a
    source from outside is of items of the pool, in [0, 1]: as many as an order has
    places, the least sure ones. seconds: what rows of the table are expected to take, by
    their places, where the choice is by gain per minute.
    """

    table: Table
    known: Mapping[int, Sequence[str]]
    pool: mixing.ItemIds
    held_out: mixing.ItemIds
    settled: int = 0
    duel: Sequence[int] = ()
    audited: Sequence[int] = ()
    searched: Sequence[int] = ()
    doubts: Mapping[int, float] = field(default_factory=dict)
    seconds: SecondsOf | None = None


@dataclass(frozen=True)
class Ranking:
    """An order: the picks, best first, out of ``pool_size`` items and the held-out ones.

    strategy: who ordered; "cold" where no model did yet, "none" without items.
    """

    strategy: str
    pool_size: int
    picks: list[mixing.Pick]


@dataclass(frozen=True)
class Chosen:
    """What a rule has put in order, ``choices``, and from what chance draws.

    pool, held_out: ids of the items that may get a place; shares: who decides one.
    most_held_out: of the held-out items, where the pool's places leave room for more.
    """

    strategy: str
    choices: list[mixing.Choice]
    pool: Ids
    held_out: Ids
    shares: mixing.Shares
    most_held_out: int = OrderLimits.held_out

    def placed(
        self, rng: np.random.Generator, gone: Collection[int] = frozenset()
    ) -> Ranking:
        """Return the order of all but the items that are ``gone``.

        ``rng`` draws what chance decides. Were those left out afterwards that people
        hold, which the rule puts first, chance would come more often than its share.
        """
        absent = np.array([*gone], dtype=np.int64)
        pool, held_out = (
            ids[~np.isin(ids, absent)] for ids in (self.pool, self.held_out)
        )
        choices = [choice for choice in self.choices if choice.item_id not in gone]
        mixed = mixing.mixed(choices, pool, held_out, self.shares, rng)
        picks = list(_first_ones(mixed, len(choices), self.most_held_out))
        return Ranking(self.strategy, len(pool), picks)


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
    pool = material.table.with_rows(material.pool)
    places = np.searchsorted(material.table.ids, pool)
    strategy, choices = _choices(material, places, policy)
    choices = _beside_searched(material.searched, choices, pool)
    choices = _after(material.duel, "duel", choices, pool)
    choices = _after(material.audited, "audit", choices, pool)
    held_out = np.asarray(material.held_out, dtype=np.int64)
    shares = _shares(material, policy)
    most = policy.limits.held_out
    return Chosen(strategy, choices, pool, held_out, shares, most_held_out=most)


def _first_ones(
    picks: Iterable[mixing.Pick], places: int, most: int
) -> Iterator[mixing.Pick]:
    """Yield picks until the pool has its ``places`` and ``most`` are held out.

    Of a large project the held-out items behind them would be most of each order.
    """
    of_pool = held_out = 0
    for pick in picks:
        if of_pool >= places and held_out >= most:
            return
        is_held_out = pick.reason == "evaluation"
        held_out += is_held_out
        of_pool += not is_held_out
        yield pick


def _shares(material: Material, policy: Policy) -> mixing.Shares:
    """Return the shares of chance and of the held-out items."""
    evaluation = mixing.evaluation_share(policy.evaluation_rate, material.settled)
    if not policy.has_fallen_back:
        return mixing.Shares(policy.exploration_rate, evaluation)
    # What no held-out item takes would be the rule's.
    taken = evaluation if len(material.held_out) else 0.0
    return mixing.Shares(max(policy.exploration_rate, 1 - taken - KEPT), evaluation)


def _beside_searched(
    searched: Sequence[int], choices: Sequence[mixing.Choice], pool: Ids
) -> list[mixing.Choice]:
    """Let items that are searched for, and have no vote yet, take turns with the others.

    Half of the places, so that the model goes on learning what it is unsure of.
    """
    if not searched:
        return list(choices)
    wanted = dict.fromkeys(_still_open(searched, pool))
    first = [mixing.Choice(pk, "similar") for pk in wanted]
    others = [choice for choice in choices if choice.item_id not in wanted]
    turns = list(chain.from_iterable(zip(first, others, strict=False)))
    return turns + first[len(others) :] + others[len(first) :]


def _after(
    asked_about: Sequence[int],
    reason: str,
    choices: Sequence[mixing.Choice],
    pool: Ids,
) -> list[mixing.Choice]:
    """Put the items of a duel or an audit that have no vote yet before the others.

    Chance and the held-out items keep their shares of the places.
    """
    first = [mixing.Choice(pk, reason) for pk in _still_open(asked_about, pool)]
    asked = {choice.item_id for choice in first}
    return first + [choice for choice in choices if choice.item_id not in asked]


def _still_open(items: Sequence[int], pool: Ids) -> list[int]:
    """Return those of some items that are in the pool, in their order."""
    ids = np.array(items, dtype=np.int64)
    still: list[int] = ids[np.isin(ids, pool)].tolist()
    return still


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
    scene = _scene(material, places, policy)
    ids = material.table.ids[places].tolist()
    scores = np.array([material.doubts[pk] for pk in ids])
    return _named(material.table, ranked(scene, scores))


def _own_choices(
    material: Material, places: Places, policy: Policy
) -> tuple[str, list[mixing.Choice]]:
    """Return the strategy and its best rows, as ``_choices``, by a model of our own."""
    scene = _scene(material, places, policy)
    served = STRATEGIES[policy.strategy](scene)
    reason = "cold" if served.strategy == "cold" else "model"
    choices = _named(material.table, served.places, reason, served.ruled)
    return served.strategy, choices


def _scene(material: Material, places: Places, policy: Policy) -> Scene:
    """Return what a strategy chooses from, of the rows at ``places`` (n,)."""
    ids = material.table.ids
    known = {
        pk: labels for pk, labels in material.known.items() if labels or policy.is_multi
    }
    labeled = np.flatnonzero(np.isin(ids, [*known]))
    targets = [known[pk] for pk in ids[labeled].tolist()]
    rows = material.table.rows
    whole = Scene(rows, places, labeled, targets, policy, material.seconds)
    return whole.within_time()


def _named(
    table: Table, places: Places, reason: str = "model", ruled: int | None = None
) -> list[mixing.Choice]:
    """Return the items at ``places`` (n,) as choices; from ``ruled`` on they are drawn."""
    rules = len(places) if ruled is None else ruled
    return [
        mixing.Choice(int(pk), reason, is_drawn=number >= rules)
        for number, pk in enumerate(table.ids[places])
    ]
