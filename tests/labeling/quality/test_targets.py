"""C10: what experts get and how often labels are right, by the bench's own crowds."""

from __future__ import annotations

import itertools
import math

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


@pytest.mark.parametrize(
    ("label_count", "right", "share"),
    [
        # Unanimous are .6175 of the items, .9945 right; two to one .3825, .85 right.
        (2, 0.97, 0.205),
        (2, 0.99, 0.3383),
        (4, 0.97, 0.0267),
        (8, 0.97, 0.0211),
    ],
)
def test_no_rule_gives_experts_fewer_items_than_the_votes_leave_open(
    label_count: int, right: float, share: float
) -> None:
    # All that three people of skill .85 can say, as often as they say it.
    sure: list[float] = []
    wrong = 0.15 / (label_count - 1)
    for said in itertools.product(range(label_count), repeat=3):
        likely = [
            math.prod(0.85 if vote == truth else wrong for vote in said)
            for truth in range(label_count)
        ]
        times = round(400_000 * sum(likely) / label_count)
        sure += [max(likely) / sum(likely)] * times

    assert consensus.fewest(sure, right) == pytest.approx(share, abs=0.0002)


@pytest.mark.parametrize(("label_count", "gap"), [(2, 0.03), (4, 0.07), (8, 0.04)])
def test_the_rule_is_near_the_bound_for_as_many_right_labels(
    label_count: int, gap: float
) -> None:
    crowd = consensus.simulated(label_count, 0.0, seed=7, most=3)

    tally = consensus.played(crowd, consensus.Posterior(crowd, 3, 3))

    least = consensus.fewest(consensus.sureness(crowd, 3), tally.right / tally.items)
    assert tally.to_experts / tally.items <= least + gap
