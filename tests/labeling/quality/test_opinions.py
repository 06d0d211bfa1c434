"""C10: what a model's probability is worth beside votes, and never more than it proves."""

from __future__ import annotations

import math
from collections.abc import Hashable

import numpy as np
import pytest

from labeling.quality.consensus import Ballot, SettlingTerms, belief, verdict
from labeling.quality.opinions import Opinion, Voice, tempered, weight_of
from labeling.quality.skills import SkillVote

X, Y, Z = ("x",), ("y",), ("z",)


def asked(
    items: int, labels: int, sharpness: float
) -> tuple[list[Opinion], list[SkillVote], dict[int, float]]:
    """Return what a model and two people of skill .85 say of items.

    sharpness: by which the model's log odds have to be multiplied to come true.
    """
    rng = np.random.default_rng(5)
    opinions, votes = [], []
    for item in range(items):
        truth = int(rng.integers(labels))
        right = rng.uniform(1 / labels, 1)
        odds = (right * (labels - 1) / (1 - right)) ** (1 / sharpness)
        wrong = (truth + rng.integers(1, labels, 3)) % labels
        says = truth if rng.random() < right else int(wrong[0])
        for who in (1, 2):
            given = truth if rng.random() < 0.85 else int(wrong[who])
            votes.append(SkillVote(item, who, given))
        opinions.append(Opinion(item, says, odds / (odds + labels - 1)))
    return opinions, votes, {1: 0.85, 2: 0.85}


@pytest.mark.parametrize("labels", [2, 5])
@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0])
def test_c10_the_weight_makes_a_models_probabilities_come_true(
    labels: int, sharpness: float
) -> None:
    opinions, votes, skill = asked(4000, labels, sharpness)

    weight = weight_of(opinions, votes, skill, {}, labels)

    assert weight == pytest.approx(sharpness, rel=0.15)
    assert weight <= sharpness * 1.05


def test_c10_few_opinions_prove_little_and_none_prove_nothing() -> None:
    opinions, votes, skill = asked(4000, 2, 1.0)

    weights = [weight_of(opinions[:n], votes, skill, {}, 2) for n in (0, 20, 200, 4000)]

    assert weights[0] == 0
    assert weights[1] < 0.5
    assert weights[2:] == pytest.approx([1, 1], abs=0.1)


def test_c10_a_model_that_knows_nothing_has_no_weight() -> None:
    rng = np.random.default_rng(1)
    opinions, votes, skill = asked(600, 3, 1.0)
    guesses = [
        Opinion(opinion.question, int(rng.integers(3)), opinion.probability)
        for opinion in opinions
    ]

    assert weight_of(guesses, votes, skill, {}, 3) == 0


def test_c10_what_experts_know_counts_and_not_what_people_say_there() -> None:
    opinions = [Opinion(item, "x", 0.9) for item in range(60)]
    votes = [SkillVote(item, who, "x") for item in range(60) for who in (1, 2)]
    skill = {1: 0.9, 2: 0.9}
    known: dict[Hashable, Hashable] = dict.fromkeys(range(60), "y")

    assert weight_of(opinions, votes, skill, {}, 2) > 0.5
    assert weight_of(opinions, votes, skill, known, 2) == 0


@pytest.mark.parametrize(
    ("probability", "categories", "weight", "counts"),
    [
        (0.8, 2, 1.0, 0.8),
        (0.8, 2, 0.5, 2 / 3),
        (0.8, 2, 0.0, 0.5),
        (0.5, 5, 1.0, 0.5),
        (0.1, 5, 1.0, 0.2),
        (1.0, 2, 1.0, 0.9),
        (0.7, 2, 3.0, 0.9),
    ],
)
def test_a_probability_counts_by_its_weight_and_never_as_more_than_the_ceiling(
    probability: float, categories: int, weight: float, counts: float
) -> None:
    assert tempered(probability, categories, weight) == pytest.approx(counts)


def test_c10_log_odds_of_the_model_are_added_to_those_of_the_votes() -> None:
    terms = SettlingTerms(4, False, 1, 3, 0.9)
    model = Voice(0.85, 1.0).ballot(X, {"x": 0.7}, 4)

    likeliest = belief([Ballot(X, 0.8), Ballot(Y, 0.8), model], terms)

    odds = {"x": (0.8 * 3 / 0.2) * (0.7 * 3 / 0.3), "y": 0.8 * 3 / 0.2}
    whole = sum(odds.values()) + 2
    assert likeliest.soft_label["x"] == pytest.approx(odds["x"] / whole)
    assert likeliest.soft_label["y"] == pytest.approx(odds["y"] / whole)
    assert math.isclose(likeliest.confidence, odds["x"] / whole, abs_tol=1e-8)


def test_c10_however_sure_a_model_is_it_settles_nothing_that_nobody_named() -> None:
    model = Voice(0.9, 3.0).ballot(Z, {"z": 0.999999}, 3)
    terms = SettlingTerms(3, False, 1, 3, 0.5)

    for votes in ([Ballot(X)], [Ballot(X), Ballot(Y)]):
        assert verdict([*votes, model], terms) != "settled"
    assert verdict([model], terms) == "open"
    assert verdict([Ballot(Z), model], terms) == "settled"
