"""Rules of labeling: what votes make of an item, what can be stored."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling import rules

X, Y = ("x",), ("y",)


def verdict(
    *votes: rules.Labels, needed: int = 2, most: int = 3, share: float = 0.9
) -> str:
    consensus = rules.consensus(
        votes, min_votes=needed, max_votes=most, confidence=share
    )
    return consensus.verdict


def test_no_vote_leaves_an_item_open() -> None:
    assert verdict() == "open"


def test_fewer_votes_than_the_minimum_leave_it_open() -> None:
    assert verdict(X) == "open"


def test_the_minimum_of_equal_votes_settles_it() -> None:
    assert verdict(X, X) == "settled"


def test_unequal_votes_ask_for_another_one() -> None:
    assert verdict(X, Y) == "open"


def test_at_the_overlap_unclear_votes_go_to_an_expert() -> None:
    assert verdict(X, Y, X) == "disputed"


def test_a_lower_confidence_lets_two_of_three_settle_it() -> None:
    assert verdict(X, Y, X, share=0.6) == "settled"


def test_a_tie_never_settles_it() -> None:
    assert verdict(X, Y, needed=2, most=2, share=0.5) == "disputed"


def test_the_shares_of_the_votes_are_kept() -> None:
    consensus = rules.consensus(
        [("a", "b"), ("a",)], min_votes=2, max_votes=2, confidence=0.9
    )

    assert consensus.soft_label == {"a": 1.0, "b": 0.5}
    assert consensus.entropy == pytest.approx(math.log(2))


@pytest.mark.parametrize(
    ("votes", "labels", "share", "is_tie"),
    [
        # No two answers are the same, and on both labels two of three agree.
        ([("a", "b"), ("a",), ("b",)], ("a", "b"), 2 / 3, False),
        ([("a", "b"), ("a", "c"), ("a",)], ("a",), 2 / 3, False),
        ([("a", "b"), ("a", "b"), ("a",)], ("a", "b"), 2 / 3, False),
        ([(), (), ("a",)], (), 2 / 3, False),
        ([(), ()], (), 1.0, False),
        ([("a", "b"), ("a",)], ("a",), 1 / 2, True),
    ],
)
def test_c11_of_several_labels_each_is_settled_by_its_own_share(
    votes: list[rules.Labels],
    labels: rules.Labels,
    share: float,
    *,
    is_tie: bool,
) -> None:
    def outcome(confidence: float) -> rules.Consensus:
        return rules.consensus(
            votes, min_votes=2, max_votes=3, confidence=confidence, is_multi=True
        )

    assert (outcome(share).labels, outcome(share).confidence) == (labels, share)
    assert (outcome(share).verdict == "settled") != is_tie
    if share < 1:
        assert outcome(share + 0.01).verdict != "settled"


@given(st.lists(st.sampled_from([X, Y, ("z",)]), max_size=8), st.integers(1, 5))
def test_the_order_of_votes_does_not_matter(
    votes: list[rules.Labels], needed: int
) -> None:
    consensus = rules.consensus(votes, min_votes=needed, max_votes=8, confidence=0.7)
    two = rules.consensus(votes[::-1], min_votes=needed, max_votes=8, confidence=0.7)

    assert (consensus.verdict, consensus.labels) == (two.verdict, two.labels)


@pytest.mark.parametrize(
    "value",
    [
        "a\x00b",
        "\ud800",
        {"k": ["\udfff"]},
        {"\x00": 1},
        float("nan"),
        float("inf"),
        2**53 + 1,
        -(2**60),
    ],
)
def test_what_the_database_cannot_hold_is_named(value: object) -> None:
    assert rules.storable(value)


@pytest.mark.parametrize(
    "value", ["🧑‍🚀 \u202eabc", {"a": [1, 2.5, None, True, "x"]}, 2**53, []]
)
def test_what_it_can_hold_passes(value: object) -> None:
    assert not rules.storable(value)


def test_deep_nesting_is_refused() -> None:
    value: object = 1
    for _ in range(rules.MAX_DEPTH + 2):
        value = [value]

    assert "nested" in str(rules.storable(value))


@given(st.integers(0, 2**31 - 1), st.text())
def test_a_draw_is_a_share_and_always_the_same(seed: int, key: str) -> None:
    key = key.encode("utf-8", "ignore").decode()

    assert 0 <= rules.draw(seed, key) < 1
    assert rules.draw(seed, key) == rules.draw(seed, key)


@pytest.mark.parametrize(
    "others",
    [
        (("a, b",), ("a", "b")),
        ((), ("(none)",)),
        (("a\\", "b"), ("a\\, b",)),
        (("\\(none)",), ("(none)",)),
    ],
)
def test_c23_other_answers_are_other_texts(others: tuple[rules.Labels, ...]) -> None:
    assert rules.joined(others[0]) != rules.joined(others[1])
    assert rules.joined(("cat", "dog")) == "cat, dog"
    assert rules.joined(()) == "(none)"
