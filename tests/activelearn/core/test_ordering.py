"""The order: made from rows, known labels and the policy's numbers alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activelearn.core import discriminant, mixing, query, training
from activelearn.core.dense import DenseRows
from activelearn.core.features import Table
from activelearn.core.strategies import STRATEGIES, ordering
from activelearn.core.strategies.scene import Rows, Scene
from tests.activelearn.core.clouds import clouds

ROWS, TRUTH = clouds()
# Ids that differ from the places of their rows.
IDS = np.arange(60, dtype=np.int64) * 2 + 7
HELD_OUT = list(range(1000, 1010))
LIMITS = ordering.OrderLimits(window=20, batch=4, shortlist=8, known=10, sample=30)
POLICY = ordering.Policy(
    strategy="margin",
    batch="spread",
    is_multi=False,
    label_count=3,
    seed=7,
    exploration_rate=0.2,
    evaluation_rate=0.2,
    limits=LIMITS,
)
UNMIXED = replace(POLICY, exploration_rate=0, evaluation_rate=0)


def material(labeled: int) -> ordering.Material:
    """Return 60 items, of which every so many-th is labeled."""
    places = range(0, 60, 60 // labeled) if labeled else range(0)
    known = {int(IDS[place]): TRUTH[place] for place in places}
    pool = [int(pk) for pk in IDS if int(pk) not in known]
    return ordering.Material(Table(IDS, ROWS), known, pool, HELD_OUT)


def rank(
    labeled: int, policy: ordering.Policy = POLICY, *, seed: int = 0
) -> ordering.Ranking:
    return placed(material(labeled), policy, seed=seed)


def placed(
    made: ordering.Material, policy: ordering.Policy, *, seed: int = 0
) -> ordering.Ranking:
    return ordering.chosen(made, policy).placed(np.random.default_rng(seed))


def chosen(ranking: ordering.Ranking) -> list[int]:
    return [pick.item_id for pick in ranking.picks if pick.reason != "evaluation"]


@settings(max_examples=30)
@given(
    labeled=st.sampled_from([0, 6, 12, 30]),
    batch=st.sampled_from(["spread", "ranked"]),
    strategy=st.sampled_from(sorted(query.STRATEGIES)),
    rates=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    seed=st.integers(0, 99),
)
def test_every_order_names_each_item_once_with_its_probability(
    labeled: int,
    batch: Literal["spread", "ranked"],
    strategy: str,
    rates: tuple[float, float],
    seed: int,
) -> None:
    policy = replace(
        POLICY,
        batch=batch,
        strategy=strategy,
        exploration_rate=rates[0],
        evaluation_rate=rates[1],
    )

    ranking = rank(labeled, policy, seed=seed)

    items = [pick.item_id for pick in ranking.picks]
    pool = set(material(labeled).pool)
    assert len(set(items)) == len(items)
    assert set(items) - pool == set(HELD_OUT)
    assert len(chosen(ranking)) == min(LIMITS.window, len(pool))
    assert ranking.pool_size == len(pool)
    assert all(0 < pick.probability <= 1 for pick in ranking.picks)
    reasons = {pick.reason for pick in ranking.picks}
    assert reasons <= {"model" if labeled else "cold", "random", "evaluation"}


def test_the_model_orders_by_what_it_is_least_sure_of() -> None:
    made = material(12)
    model = training.fit(ROWS[::5], TRUTH[::5], is_multi=False, seed=UNMIXED.seed)
    scores = query.margin(model.probabilities(made.table.rows_of(made.pool)))
    by_score = [made.pool[place] for place in np.argsort(-scores)]

    items = chosen(rank(12, UNMIXED))

    # A batch of unlike items on top of the short list, the others by score.
    assert items[0] == by_score[0]
    assert set(items[:8]) == set(by_score[:8])
    assert items[8:] == by_score[8:20]


def test_a_batch_is_made_of_unlike_items() -> None:
    spread = chosen(rank(12, UNMIXED))
    by_score = chosen(rank(12, replace(UNMIXED, limits=replace(LIMITS, batch=8))))

    assert set(spread[:8]) == set(by_score[:8])
    assert spread[:4] != by_score[:4]


@pytest.mark.parametrize(
    ("settled", "held_out", "chance"),
    [(0, HELD_OUT, 0.7), (100, HELD_OUT, 0.85), (100, [], 0.9)],
)
def test_where_chance_orders_the_rule_keeps_a_tenth_whatever_is_held_out(
    settled: int, held_out: list[int], chance: float
) -> None:
    made = replace(material(12), settled=settled, held_out=held_out)
    policy = replace(POLICY, has_fallen_back=True)

    assert ordering.chosen(made, policy).shares.random == pytest.approx(chance)


@pytest.mark.parametrize("labeled", [0, 12])
def test_the_same_seed_gives_the_same_order(labeled: int) -> None:
    assert rank(labeled) == rank(labeled)


def test_only_chance_differs_from_order_to_order() -> None:
    first, second = rank(12, seed=1), rank(12, seed=2)

    assert first != second
    assert chosen(rank(12, UNMIXED, seed=1)) == chosen(rank(12, UNMIXED, seed=2))


@pytest.mark.parametrize("known", [{}, {7: ("a",)}, {7: ("a",), 9: ("a",)}])
def test_with_less_than_two_classes_typical_items_come_first(
    known: dict[int, tuple[str, ...]],
) -> None:
    made = replace(material(0), known=known)

    ranking = placed(made, UNMIXED)

    assert ranking.strategy == "cold"
    cold = [pick for pick in ranking.picks if pick.reason == "cold"]
    # One typical item is a rule of each of four clusters in which none has a label; what
    # follows is drawn.
    count = 4 - bool(known)
    assert [pick.probability for pick in cold[:count]] == [1] * count
    assert {(pick.item_id - 7) // 2 // 20 for pick in cold[:count]} >= {1, 2}
    assert cold[count].probability == 1 / (60 - count)


@pytest.mark.parametrize(("label_count", "until"), [(2, 20), (15, 30), (64, 50)])
def test_c7_typical_items_come_until_there_are_some_for_each_label(
    label_count: int, until: int
) -> None:
    limits = replace(LIMITS, batch=50)
    policy = replace(UNMIXED, label_count=label_count, limits=limits)

    by_count = {n: placed(material(n), policy).strategy for n in (12, 20, 30)}

    assert policy.cold_until == until
    assert by_count == {n: "margin" if n >= until else "cold" for n in by_count}


def test_an_item_without_a_row_waits_for_the_next_order() -> None:
    made = material(12)

    ranking = placed(replace(made, pool=[*made.pool, 5000]), POLICY)

    assert ranking == rank(12)


def test_without_items_only_the_held_out_ones_are_ordered() -> None:
    made = replace(material(12), pool=[])

    ranking = placed(made, POLICY)

    assert (ranking.strategy, ranking.pool_size) == ("none", 0)
    assert sorted(pick.item_id for pick in ranking.picks) == HELD_OUT


def test_several_labels_are_ordered_by_the_least_sure_one() -> None:
    made = material(12)
    both = {pk: (*names, "x")[: 1 + pk % 3 // 2] for pk, names in made.known.items()}
    policy = replace(UNMIXED, is_multi=True)

    ranking = placed(replace(made, known=both), policy)

    assert ranking.strategy == "margin"
    assert len(chosen(ranking)) == LIMITS.window


def test_c11_items_without_any_label_teach_the_order_where_there_may_be_several() -> (
    None
):
    made = material(12)
    emptied = {pk: names if names == ("a",) else () for pk, names in made.known.items()}
    policy = replace(UNMIXED, is_multi=True)

    ranking = placed(replace(made, known=emptied), policy)

    # Without the empty answers each item would have the one label, and no model be made.
    assert ranking.strategy == "margin"


def test_with_enough_held_out_labels_only_a_trickle_of_them_is_mixed_in() -> None:
    policy = replace(UNMIXED, evaluation_rate=1)
    few = material(12)
    enough = replace(few, settled=100)

    places = [
        [pick.reason for pick in placed(made, policy).picks].index("evaluation")
        for made in (few, enough)
    ]

    assert places[0] == 0 < places[1]


def test_c8b_what_people_hold_leaves_no_place_empty() -> None:
    made = material(12)
    held = {*chosen(rank(12, UNMIXED))[:10], HELD_OUT[0]}
    order = ordering.chosen(made, POLICY)

    ranking = order.placed(np.random.default_rng(0), held)

    assert not held & {pick.item_id for pick in ranking.picks}
    assert ranking.pool_size == len(made.pool) - 10
    # Of the window as many are left, and the shares are those of all places.
    assert len(chosen(ranking)) == LIMITS.window - 10
    opens = [p.mixture.open for p in ranking.picks if p.reason != "evaluation"]
    assert opens == list(range(38, 28, -1))


@pytest.mark.parametrize(
    ("before", "due"), [(0, 10), (99, 10), (110, 11), (200, 20), (250, 25), (5000, 25)]
)
def test_an_order_is_due_with_ten_to_twenty_five_labels_more(
    before: int, due: int
) -> None:
    assert ordering.is_due(before + due, before)
    assert not ordering.is_due(before + due - 1, before)


def bounded(exact: int, **limits: int) -> ordering.OrderLimits:
    return replace(LIMITS, exact=exact, **limits)


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
@pytest.mark.parametrize("labeled", [0, 12, 30])
def test_up_to_a_size_the_order_is_by_the_regression_of_all_columns(
    labeled: int, strategy: str
) -> None:
    policy = replace(POLICY, strategy=strategy, label_count=4)
    # Three labels, of 60 items that have one or not; a fit goes 200 times over the former.
    size = 3 * (60 - labeled + 200 * labeled)

    at, endless, beyond = (
        rank(labeled, replace(policy, limits=bounded(exact)))
        for exact in (size, 10**12, size - 1)
    )

    assert at == endless
    assert beyond.strategy == at.strategy
    assert len(chosen(beyond)) == len(chosen(at)) == LIMITS.window
    has_model = bool(labeled) and at.strategy not in {"cold", "typiclust"}
    assert (beyond != at) or not has_model


def quick_scene(made: ordering.Material, policy: ordering.Policy) -> Scene:
    labeled = np.searchsorted(IDS, [*made.known])
    places = np.setdiff1d(np.arange(60), labeled)
    targets = [*made.known.values()]
    return Scene(ROWS, places, labeled, targets, policy).within_time()


def test_beyond_that_size_a_quick_model_orders_by_its_own_doubts() -> None:
    made, policy = material(12), replace(UNMIXED, limits=bounded(0))
    rows = DenseRows(ROWS)
    model = discriminant.fit(rows[::5], TRUTH[::5], is_multi=False)
    scores = query.margin(model.probabilities(rows[np.searchsorted(IDS, made.pool)]))
    by_score = [made.pool[place] for place in np.argsort(-scores)]

    items = chosen(placed(made, policy))

    assert items[0] == by_score[0]
    assert set(items[:8]) == set(by_score[:8])
    assert items[8:] == by_score[8:20]


def test_beyond_it_several_labels_are_ordered_too() -> None:
    made = material(12)
    both = {pk: (*names, "x")[: 1 + pk % 3 // 2] for pk, names in made.known.items()}
    policy = replace(UNMIXED, is_multi=True, limits=bounded(0))

    ranking = placed(replace(made, known=both), policy)

    assert ranking.strategy == "margin"
    assert len(chosen(ranking)) == LIMITS.window


def test_of_very_many_probabilities_those_of_a_random_part_are_looked_at() -> None:
    made = material(12)
    policy = replace(UNMIXED, limits=bounded(0, scored=90))

    parts = [
        quick_scene(replace(made, known=known), policy).places.tolist()
        for known in (made.known, dict([*made.known.items()][:-1]))
    ]

    # Ninety probabilities of three labels; each new label draws other items.
    assert [len(part) for part in parts] == [30, 30]
    assert parts[0] == sorted(set(parts[0])) != parts[1]
    assert (
        len(quick_scene(made, replace(policy, limits=bounded(0, scored=30))).places)
        == 20
    )
    items = chosen(placed(made, policy))
    assert {(pk - 7) // 2 for pk in items} <= set(parts[0])
    assert placed(made, policy).pool_size == len(made.pool)


def test_a_few_probabilities_are_in_memory_at_once_and_few_labels_taught() -> None:
    scene = quick_scene(
        material(12), replace(UNMIXED, limits=bounded(0, dense=12, taught=7))
    )
    counts: list[int] = []

    def score(rows: Rows) -> query.Array:
        counts.append(rows.shape[0])
        return np.zeros(rows.shape[0])

    assert len(scene.scored(score)) == 48
    assert counts == [4] * 12
    model = scene.model()
    assert model is not None
    assert isinstance(model, discriminant.DenseModel)
    whole = replace(scene, policy=UNMIXED).model()
    assert whole is not None
    assert not np.array_equal(model.weights, whole.weights)


def test_of_many_held_out_items_an_order_has_a_random_part() -> None:
    chosen = ordering.Chosen(
        strategy="margin",
        choices=[mixing.Choice(pk, "model") for pk in range(20)],
        pool=np.arange(100),
        held_out=np.arange(1000, 1500),
        shares=mixing.Shares(random=0.1, evaluation=0.2),
        most_held_out=40,
    )

    orders = [chosen.placed(np.random.default_rng(seed)).picks for seed in range(30)]

    for picks in orders:
        held_out = [pick for pick in picks if pick.reason == "evaluation"]
        # Each place of the pool is there, and the share of the held-out items among them.
        assert len(picks) == 20 + 40
        # Their probability is that among all of them.
        assert [pick.mixture.held_out for pick in held_out] == [*range(500, 460, -1)]
    seen = {pick.item_id for picks in orders for pick in picks}
    assert len(seen & {*range(1000, 1500)}) > 400
    # Where they are few, all of them have a place, as before.
    few = replace(chosen, held_out=np.arange(1000, 1030))
    assert len(few.placed(np.random.default_rng(0)).picks) == 50
