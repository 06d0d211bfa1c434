"""Strategies: each serves every row once, and first what it is for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from activelearn.core import query
from activelearn.core.strategies import STRATEGIES, Strategy
from activelearn.core.strategies.chance import chance
from activelearn.core.strategies.scene import (
    OrderLimits,
    Places,
    Policy,
    Rows,
    Scene,
)
from activelearn.core.strategies.typical import typical
from activelearn.core.strategies.typiclust import typiclust
from activelearn.core.strategies.unsure import doubts_of
from tests.activelearn.core.clouds import clouds

ROWS, TRUTH = clouds()
LIMITS = OrderLimits(window=30, batch=4, shortlist=8, known=10, sample=60)
POLICY = Policy(
    strategy="auto",
    batch="spread",
    is_multi=False,
    label_count=5,
    seed=7,
    exploration_rate=0.1,
    evaluation_rate=0.2,
    limits=LIMITS,
)


@dataclass
class CountedRows:
    """The rows, which note how many are taken at once."""

    counts: list[int] = field(default_factory=list)

    def __getitem__(self, places: Places) -> Rows:
        self.counts.append(len(places))
        return ROWS[places]


def scene(labeled: Places, policy: Policy = POLICY) -> Scene:
    labeled = np.sort(labeled)
    places = np.setdiff1d(np.arange(60), labeled)
    return Scene(ROWS, places, labeled, [TRUTH[n] for n in labeled.tolist()], policy)


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(STRATEGIES)),
    labeled=st.sets(st.integers(0, 59), max_size=59),
    is_multi=st.booleans(),
    label_count=st.sampled_from([2, 5]),
)
def test_each_strategy_serves_rows_without_a_label_once(
    name: str, labeled: set[int], *, is_multi: bool, label_count: int
) -> None:
    policy = replace(POLICY, is_multi=is_multi, label_count=label_count)
    given_scene = scene(np.array(sorted(labeled), dtype=np.int64), policy)

    served = STRATEGIES[name](given_scene)
    again = STRATEGIES[name](given_scene)

    places = served.places.tolist()
    assert len(set(places)) == len(places) == min(30, 60 - len(labeled))
    assert not set(places) & labeled
    assert 0 <= served.ruled <= len(places)
    assert served.strategy == "cold" or served.ruled == len(places)
    assert places == again.places.tolist()


@pytest.mark.parametrize("name", sorted(STRATEGIES))
@pytest.mark.parametrize("same", [7, 60])
@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_rows_that_are_all_alike_are_served_all_the_same(name: str, same: int) -> None:
    rows = sparse.csr_matrix(np.ones((same, 3)))
    labeled = np.arange(5)
    targets = [TRUTH[place * 20 % 60] for place in range(5)]
    alike = Scene(rows, np.arange(5, same), labeled, targets, POLICY)

    places = STRATEGIES[name](alike).places.tolist()

    assert len(set(places)) == len(places) == min(30, same - 5)


@pytest.mark.parametrize(
    ("label_count", "is_text", "ruled"), [(3, True, 0), (3, False, 4), (4, True, 4)]
)
def test_auto_starts_by_chance_with_texts_of_few_labels_else_with_typical_items(
    label_count: int, ruled: int, *, is_text: bool
) -> None:
    policy = replace(POLICY, label_count=label_count, is_text=is_text)

    served = STRATEGIES["auto"](scene(np.zeros(0, dtype=np.int64), policy))

    assert (served.strategy, served.ruled) == ("cold", ruled)


@pytest.mark.parametrize(
    ("labeled", "label_count", "is_text", "strategy"),
    [
        (49, 4, True, "cold"),
        (50, 4, False, "margin"),
        (49, 3, True, "cold"),
        (50, 3, True, "balanced"),
        (19, 3, False, "cold"),
        (20, 3, False, "balanced"),
    ],
)
def test_auto_covers_the_data_until_a_batch_is_labeled(
    labeled: int, label_count: int, strategy: str, *, is_text: bool
) -> None:
    limits = replace(LIMITS, batch=50)
    policy = replace(POLICY, label_count=label_count, is_text=is_text, limits=limits)

    served = STRATEGIES["auto"](scene(np.arange(60 - labeled, 60) * 7 % 60, policy))

    assert served.strategy == strategy


def test_auto_goes_on_with_its_start_where_all_labels_are_alike() -> None:
    limits = replace(LIMITS, batch=10)

    served = STRATEGIES["auto"](scene(np.arange(20), replace(POLICY, limits=limits)))

    assert served.strategy == "cold"


def test_typiclust_goes_on_with_items_of_clusters_without_a_label() -> None:
    labeled = np.arange(0, 60, 4)
    given_scene = scene(labeled)

    fixed, growing = typical(given_scene), typiclust(given_scene)

    # Four clusters all have a label by now; of nineteen some have none.
    assert fixed.ruled == 0
    assert growing.ruled >= 4


def test_typiclust_asks_where_labels_are_fewest_once_all_clusters_have_one() -> None:
    policy = replace(POLICY, limits=replace(LIMITS, clusters=3))

    served = typiclust(scene(np.array([*range(9), *range(20, 26), 40, 41]), policy))

    # One of c, of which two are labeled, then one of b and one of a.
    assert served.ruled == 3
    assert (served.places[:3] // 20).tolist() == [2, 1, 0]


def test_a_cluster_without_an_open_item_is_left_out() -> None:
    policy = replace(POLICY, limits=replace(LIMITS, clusters=3))

    served = typiclust(scene(np.arange(50), policy))

    assert served.ruled == 1
    assert len(served.places) == 10


@pytest.mark.parametrize("strategy", [typical, typiclust])
def test_typical_items_are_found_beside_a_part_of_many_labeled_ones(
    strategy: Strategy,
) -> None:
    policy = replace(POLICY, limits=replace(LIMITS, sample=10))
    rows = CountedRows()

    strategy(replace(scene(np.arange(30), policy), rows=rows))

    assert rows.counts == [20]


def test_chance_draws_every_row_equally_often() -> None:
    first = [
        int(chance(scene(np.zeros(0, int), replace(POLICY, seed=seed))).places[0])
        for seed in range(600)
    ]

    counts = np.bincount(first, minlength=60)
    assert counts.min() > 0
    assert counts.max() < 30


def test_the_balanced_margin_asks_for_labels_with_few_examples() -> None:
    # Of c there are two labels, of a and b nine each.
    labeled = np.concatenate([np.arange(9), np.arange(20, 29), [40, 41]])
    given_scene = scene(labeled)
    model = given_scene.model()
    assert model is not None
    table = model.probabilities(ROWS[given_scene.places])
    weights = np.array([np.sqrt(2) / 3, np.sqrt(2) / 3, 1])
    scores = query.margin(table) * weights[table.argmax(axis=1)]

    places = STRATEGIES["balanced"](given_scene).places

    best = given_scene.places[np.argsort(-scores)]
    assert places[0] == best[0]
    assert set(places[:8].tolist()) == set(best[:8].tolist())
    assert places[8:].tolist() == best[8:30].tolist()


def test_a_committee_asks_where_its_members_disagree() -> None:
    # Between a and b nothing is known: what lies there is said to be either.
    labeled = np.concatenate([np.arange(4), np.arange(36, 40), np.arange(56, 60)])
    places = STRATEGIES["committee"](scene(labeled)).places

    assert set(places[:4].tolist()) <= set(range(4, 56))


@pytest.mark.parametrize("is_multi", [False, True])
def test_a_committee_votes_on_few_rows_at_once_where_labels_are_many(
    *, is_multi: bool
) -> None:
    # Five members and three labels: seven rows.
    policy = replace(POLICY, is_multi=is_multi, limits=replace(LIMITS, votes=5 * 3 * 7))
    labeled = np.arange(0, 60, 5)
    whole = scene(labeled, replace(policy, limits=LIMITS))
    rows = CountedRows()

    served = STRATEGIES["committee"](replace(scene(labeled, policy), rows=rows))

    assert served.strategy == "committee"
    assert served.places.tolist() == STRATEGIES["committee"](whole).places.tolist()
    # Those that the members learn from are twelve.
    assert rows.counts.count(7) == 6
    assert max(rows.counts) == 12


def test_badge_picks_items_unlike_each_other() -> None:
    labeled = np.arange(0, 60, 5)
    places = STRATEGIES["badge"](scene(labeled)).places[:4]

    assert len({int(place) // 20 for place in places}) > 1


@pytest.mark.parametrize("at_once", [1, 7, 40, 100])
def test_doubts_are_the_same_however_many_rows_are_taken_at_once(at_once: int) -> None:
    given_scene = scene(np.arange(0, 60, 3))
    model = given_scene.model()
    assert model is not None
    whole = query.uncertainty(
        model.probabilities(ROWS[given_scene.places]), is_multi=False
    )

    doubts = doubts_of(model, given_scene, "margin", at_once=at_once)

    assert doubts.tolist() == whole.tolist()


def test_by_gain_per_minute_quick_items_of_the_short_list_go_first() -> None:
    labeled = np.arange(0, 60, 2)
    plain = scene(labeled, replace(POLICY, strategy="margin", batch="ranked"))
    served = STRATEGIES["margin"](plain).places
    short = served[: LIMITS.shortlist]
    slow = np.full(60, 2.0)
    # The last one of the short list takes a moment; so does one that is in no short list.
    slow[[short[-1], served[-1]]] = 0.001

    timed = STRATEGIES["margin"](replace(plain, seconds=slow.__getitem__)).places

    assert timed[0] == short[-1]
    assert sorted(timed[: len(short)]) == sorted(short)
    assert timed[len(short) :].tolist() == served[len(short) :].tolist()
    alike = replace(plain, seconds=np.full(60, 7.0).__getitem__)
    assert sorted(STRATEGIES["margin"](alike).places) == sorted(served)
