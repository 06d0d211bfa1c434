"""C10: what experts get and how often labels are right, by the bench's own crowds."""

from __future__ import annotations

import pytest

from bench import consensus


@pytest.fixture(autouse=True)
def few_items(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have crowds of as many items as tell: docs/votes.md has three times as many."""
    monkeypatch.setattr(consensus, "ITEMS", 1000)


def test_c10_of_three_votes_experts_get_few_items_and_labels_are_right() -> None:
    crowd = consensus.simulated(4, 0.1, seed=7, most=3)
    before = consensus.played(crowd, consensus.Share(crowd, 3, 3))

    tally = consensus.played(crowd, consensus.Posterior(crowd, 3, 3))

    assert before.to_experts / before.items > 0.38
    assert tally.to_experts / tally.items <= consensus.MOST_TO_EXPERTS
    assert tally.right / tally.items >= 0.97


def test_c10_a_model_that_votes_does_the_same_where_there_are_two_labels() -> None:
    people = consensus.simulated(2, 0.1, seed=7, most=3)
    crowd = consensus.with_model(people, seed=5)

    tally = consensus.played(crowd, consensus.Posterior(crowd, 3, 3))

    assert tally.to_experts / tally.items <= consensus.MOST_TO_EXPERTS
    assert tally.right / tally.items >= 0.97


def test_c10_no_vote_is_asked_for_in_vain() -> None:
    crowd = consensus.simulated(2, 0.1, seed=7, most=5)
    before = consensus.played(crowd, consensus.Share(crowd, 2, 5))

    tally = consensus.played(crowd, consensus.Posterior(crowd, 2, 5))

    assert before.in_vain / before.votes > 0.25
    assert tally.in_vain == 0
