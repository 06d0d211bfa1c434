"""Only evidence promotes."""

from __future__ import annotations

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
    ],
)
def test_only_evidence_promotes(
    better: int, worse: int, same: int, verdict: str
) -> None:
    old = [False] * better + [True] * worse + [True] * same
    new = [True] * better + [False] * worse + [True] * same

    assert gate.compare(old, new).verdict == verdict


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
