"""A certificate keeps its promise, and accepts what can be accepted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from activelearn.core import certificate
from activelearn.core.certificate import Promise
from activelearn.core.intervals import Array, Bools

TWO_OF_A_HUNDRED = Promise(0.02, 0.05)


def people(a: float, b: float, n: int, rng: np.random.Generator) -> tuple[Array, Bools]:
    """Return confidences that are right as often as they say."""
    sure = rng.beta(a, b, n)
    return sure, rng.random(n) < sure


def test_levels_are_the_tenths_of_the_pool_and_know_no_label() -> None:
    pool = np.random.default_rng(0).permutation(np.arange(1, 101) / 100)

    levels = certificate.levels_of(pool)

    assert levels.tolist() == [x / 100 for x in (91, 81, 71, 61, 51, 41, 31, 21, 11, 1)]
    assert certificate.levels_of(np.full(50, 0.7)).tolist() == [0.7]
    assert certificate.levels_of(np.zeros(0)).tolist() == []


@pytest.mark.parametrize(("wrong", "labels"), [(0, 114), (3, 200), (7, 7), (40, 90)])
def test_the_bound_is_clopper_and_pearsons(wrong: int, labels: int) -> None:
    theirs = binomtest(wrong, labels).proportion_ci(0.9, "exact").high

    ours = certificate.upper(np.array([labels]), np.array([wrong]), 0.05)

    assert ours[0] == pytest.approx(theirs)
    # The bound is below a risk exactly where the test keeps it.
    for risk in (0.01, 0.02, 0.05, 0.2):
        kept = certificate.is_kept(np.array([labels]), np.array([wrong]), risk, 0.05)
        assert kept[0] == (theirs <= risk)


def test_without_labels_anything_may_be_wrong() -> None:
    assert certificate.upper(np.array([0]), np.array([0]), 0.05).tolist() == [1.0]


def test_how_many_labels_it_takes_is_the_table_of_the_literature() -> None:
    # At one level and 90 %: 230 labels for 1 %, 114 for 2 %, 45 for 5 %.
    few = [certificate.fewest(risk, 0.1) for risk in (0.01, 0.02, 0.05)]

    assert few == [230, 114, 45]
    # With one, two … wrong ones, for 2 %: 194, 265, 333.
    for wrong, labels in ((1, 194), (2, 265), (3, 333)):
        counts = np.array([labels - 1, labels])
        kept = certificate.is_kept(counts, np.array([wrong, wrong]), 0.02, 0.1)
        assert kept.tolist() == [False, True]


def test_what_is_surely_right_is_accepted_whole() -> None:
    sure = np.linspace(0.9, 1, 500)

    certified = certificate.certify(
        sure, np.ones(500, dtype=bool), sure, TWO_OF_A_HUNDRED
    )

    assert certified.accepted is not None
    assert certified.accepted.share == 1.0
    assert certified.accepted.bound <= 0.02
    assert certified.needed is None


def test_with_few_labels_it_says_how_many_are_needed() -> None:
    rng = np.random.default_rng(1)
    sure, pool = rng.random(60), rng.random(1000)

    certified = certificate.certify(
        sure, np.ones(60, dtype=bool), pool, TWO_OF_A_HUNDRED
    )

    assert certified.accepted is None
    assert certified.needed is not None
    # With as many, all of them right, it is possible.
    more = rng.random(certified.needed + 5)
    enough = certificate.certify(
        more, np.ones(len(more), dtype=bool), pool, TWO_OF_A_HUNDRED
    )
    assert enough.accepted is not None


def test_where_the_surest_are_wrong_too_often_no_number_of_labels_helps() -> None:
    rng = np.random.default_rng(2)
    sure = rng.random(1000)

    certified = certificate.certify(
        sure, rng.random(1000) < 0.9, rng.random(1000), TWO_OF_A_HUNDRED
    )

    assert certified.accepted is None
    assert certified.needed is None


def test_nothing_is_promised_of_an_empty_pool_or_without_labels() -> None:
    nothing, nobody = np.zeros(0), np.zeros(0, dtype=bool)

    empty = certificate.certify(
        np.ones(500), np.ones(500) > 0, nothing, Promise(0.1, 0.1)
    )
    unlabeled = certificate.certify(nothing, nobody, np.ones(500), Promise(0.1, 0.1))

    assert empty.accepted is None
    assert unlabeled.accepted is None


@pytest.mark.parametrize(
    ("a", "b", "risk"), [(20, 0.6, 0.02), (8, 1, 0.05), (3, 1, 0.1)]
)
def test_the_promise_is_broken_in_at_most_as_many_runs_as_it_says(
    a: float, b: float, risk: float
) -> None:
    rng = np.random.default_rng(3)
    sure, right = people(a, b, 50_000, rng)
    broken, shares = 0, []
    for _ in range(200):
        drawn, pool = rng.choice(len(sure), 1000), rng.choice(len(sure), 2000)
        accepted = certificate.certify(
            sure[drawn], right[drawn], sure[pool], Promise(risk, 0.05)
        ).accepted
        is_in = sure >= accepted.threshold if accepted else np.zeros(len(sure)) > 0
        broken += bool(accepted and (~right[is_in]).mean() > risk)
        shares.append(is_in.mean())

    # 5 % of 200 runs, and what luck adds to them.
    assert broken <= 10
    # The worth of it: most of what is possible, which is 0.91, 0.64 and 0.52.
    assert np.mean(shares) > {0.02: 0.4, 0.05: 0.22, 0.1: 0.25}[risk]


def test_the_same_labels_looked_at_naively_break_the_promise() -> None:
    # What the test above would not notice, it notices here: the observed share alone.
    rng = np.random.default_rng(4)
    sure, right = people(8, 1, 50_000, rng)
    broken = 0
    for _ in range(200):
        drawn = rng.choice(len(sure), 1000)
        levels = certificate.certify(
            sure[drawn], right[drawn], sure[drawn], Promise(0.05, 0.05)
        ).levels
        fine = [level for level in levels if level.observed <= 0.05]
        broken += bool(fine and (~right[sure >= fine[-1].threshold]).mean() > 0.05)

    assert broken > 20
