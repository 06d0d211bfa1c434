"""Only evidence promotes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activelearn.core import gate


@pytest.mark.parametrize(
    ("better", "worse", "same", "verdict"),
    [
        (0, 0, 0, "cannot tell"),
        (5, 5, 90, "not better"),
        (1, 0, 10, "cannot tell"),
        (20, 3, 177, "promote"),
        (3, 20, 177, "not better"),
        # 99 items, and 9 that differ, never tell.
        (20, 0, 79, "cannot tell"),
        (20, 0, 80, "promote"),
        (0, 50, 40, "cannot tell"),
        (9, 0, 991, "cannot tell"),
        (10, 0, 990, "promote"),
        (12, 10, 78, "cannot tell"),
    ],
)
def test_only_evidence_promotes(
    better: int, worse: int, same: int, verdict: str
) -> None:
    old = [False] * better + [True] * worse + [True] * same
    new = [True] * better + [False] * worse + [True] * same

    assert gate.compare(old, new).verdict == verdict


@pytest.mark.parametrize(
    ("better", "worse", "n", "needed"),
    [
        # By hand: p1 = 13/102, p2 = 11/102; 2.124² · (.2353 − .0196²) / .0396².
        (12, 10, 100, 676),
        # Nothing differs of 100: 2/102 are taken to, so 10 of 510 will.
        (0, 0, 100, 510),
        (0, 0, 0, 100),
        # Worse: it needs no more than the least to say so.
        (2, 10, 50, 100),
        # These have not told, so one more at least.
        (9, 0, 600, 601),
    ],
)
def test_how_many_items_are_expected_to_tell(
    better: int, worse: int, n: int, needed: int
) -> None:
    assert gate.needed(better, worse, n) == needed


def test_so_many_items_tell_in_four_of_five_samples() -> None:
    n = gate.needed(12, 10, 100)
    shares = [13 / 102, 11 / 102, 78 / 102]
    samples = np.random.default_rng(1).multinomial(n, shares, size=4000)

    bounds = np.array([gate.lower_bound(b, c, n) for b, c, _ in samples])

    assert (bounds > -gate.MARGIN).mean() == pytest.approx(0.8, abs=0.03)


def test_a_first_model_is_compared_on_any_number_of_items() -> None:
    first = gate.compare([False] * 5, [True] * 5, is_first=True)

    assert first.verdict == "promote"
    assert gate.compare([False] * 5, [True] * 5).verdict == "cannot tell"


def test_mid_p_of_a_known_table() -> None:
    # Half of P(X = 1) for X ~ Bin(1, ½).
    assert gate.mid_p(1, 0) == pytest.approx(0.25)
    assert gate.mid_p(0, 0) == 1


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 200))
def test_the_two_sides_of_a_comparison_mirror_each_other(
    better: int, worse: int, same: int
) -> None:
    n = better + worse + same

    bound = gate.lower_bound(better, worse, n)

    assert bound <= (better - worse) / (n + 2)
    if better + worse:
        total = gate.mid_p(better, worse) + gate.mid_p(worse, better)
        assert total == pytest.approx(1)
