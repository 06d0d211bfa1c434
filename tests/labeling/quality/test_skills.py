"""How often people are right, by what others and experts say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from labeling.quality import skills
from labeling.quality.skills import SkillVote


def crowd(
    labels: int, items: int, seed: int = 3
) -> tuple[list[SkillVote], list[float]]:
    """Three votes an item of ten people, who are right in .55 to .95 of their answers."""
    rng = np.random.default_rng(seed)
    right = list(np.linspace(0.55, 0.95, 10))
    votes = []
    for item in range(items):
        truth = int(rng.integers(labels))
        for who in rng.permutation(10)[:3]:
            wrong = int((truth + rng.integers(1, labels)) % labels)
            is_right = rng.random() < right[who]
            votes.append(SkillVote(item, int(who), truth if is_right else wrong))
    return votes, right


@pytest.mark.parametrize("labels", [2, 5])
def test_c10_the_skills_of_a_crowd_are_found_from_its_votes_alone(labels: int) -> None:
    votes, right = crowd(labels, 1500)

    fit = skills.fitted(votes, {}, labels)

    gaps = [abs(fit[who].value - share) for who, share in enumerate(right)]
    assert max(gaps) < 0.08
    assert sum(gaps) / len(gaps) < 0.04


def test_single_votes_tell_nothing_of_who_gave_them() -> None:
    single = [SkillVote(item, 1, "x") for item in range(100)]

    assert skills.fitted(single, {}, 3) == {}
    known: dict[Any, Any] = {item: "x" if item < 60 else "y" for item in range(100)}
    (skill,) = skills.fitted(single, known, 3).values()
    assert (skill.right, skill.votes) == (60, 100)
    assert skill.value == pytest.approx((60 + 6.4) / 108)


def test_nothing_known_is_the_prior() -> None:
    assert skills.Skill(0, 0).value == 0.8


def test_the_same_votes_in_another_order_give_the_same_skills() -> None:
    votes, _ = crowd(3, 200)

    fit, other = skills.fitted(votes, {}, 3), skills.fitted(votes[::-1], {}, 3)

    assert fit.keys() == other.keys()
    for who, skill in fit.items():
        assert skill.right == pytest.approx(other[who].right, abs=1e-6)


@pytest.mark.parametrize(
    ("then", "now", "is_due"),
    [(0, 19, False), (0, 20, True), (1000, 1099, False), (1000, 1100, True)],
)
def test_a_tenth_more_votes_are_due(then: int, now: int, *, is_due: bool) -> None:
    assert skills.is_due(then, now) == is_due


def test_c10_all_fits_of_a_project_read_each_vote_eleven_times_at_most() -> None:
    last, fits, read = 0, 0, 0
    for votes in range(1, 200_001):
        if skills.is_due(last, votes):
            last, fits, read = votes, fits + 1, read + votes

    # A tenth more each time: 1 + 1 / 1.1 + 1 / 1.1² + … is 11. The first ones come by
    # twenty votes: 20, 40, …, 200.
    assert read <= 11 * 200_000 + 1_100
    assert fits < 90
