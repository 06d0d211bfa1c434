"""How likely an answer is by its votes, and when no vote can settle an item any more."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.quality.consensus import (
    UNKNOWN,
    Ballot,
    SettlingTerms,
    belief,
    decided,
    verdict,
)

X, Y, Z = ("x",), ("y",), ("z",)


def terms(
    *,
    labels: int = 2,
    least: int = 2,
    most: int = 3,
    confidence: float = 0.9,
    is_multi: bool = False,
    ahead: tuple[float, ...] = (),
) -> SettlingTerms:
    return SettlingTerms(labels, is_multi, least, most, confidence, ahead)


def ballots(*labels: tuple[str, ...], skill: float = UNKNOWN) -> list[Ballot]:
    return [Ballot(label, skill) for label in labels]


def by_bayes(given: list[Ballot], labels: int, truth: str) -> float:
    """The probability of an answer, from the definition."""
    names = [f"{number}" for number in range(labels)]
    names[: len({b.labels[0] for b in given})] = sorted({b.labels[0] for b in given})
    likely = {
        name: math.prod(
            b.skill if b.labels[0] == name else (1 - b.skill) / (labels - 1)
            for b in given
        )
        for name in names
    }
    return likely[truth] / sum(likely.values())


def test_c10_a_lone_vote_is_as_sure_as_its_voter() -> None:
    for skill in (0.6, 0.8, 0.97):
        for labels in (2, 3, 10):
            likeliest = belief([Ballot(X, skill)], terms(labels=labels))
            assert likeliest.confidence == pytest.approx(skill)
    assert belief(ballots(X), terms()).confidence == 0.8


@given(
    st.lists(
        st.tuples(st.sampled_from("xyz"), st.floats(0.5, 0.95)), min_size=1, max_size=6
    ),
    st.integers(4, 12),
)
def test_the_belief_is_that_of_bayes(
    votes: list[tuple[str, float]], labels: int
) -> None:
    given = [Ballot((name,), skill) for name, skill in votes]

    likeliest = belief(given, terms(labels=labels))

    for name, share in likeliest.soft_label.items():
        assert share == pytest.approx(by_bayes(given, labels, name), abs=1e-6)
    assert likeliest.confidence == max(likeliest.soft_label.values())


def test_c10_two_of_three_settle_where_there_are_many_labels() -> None:
    votes = ballots(X, X, Y, skill=0.85)

    assert verdict(votes, terms(labels=4)) == "settled"
    assert verdict(votes, terms(labels=2)) == "disputed"


def test_c10_no_vote_is_asked_that_cannot_settle_it() -> None:
    # The fifth vote would leave x with .8, as the first one did.
    assert verdict(ballots(X, Y), terms(most=3)) == "disputed"
    assert verdict(ballots(X, Y), terms(most=4)) == "open"
    assert verdict(ballots(X, Y), terms(most=3, ahead=(0.95,))) == "open"
    # What a project always wants is asked all the same: agreement is measured on it.
    assert verdict(ballots(X, Y), terms(least=3, most=3)) == "open"


def test_c10_one_persons_item_is_settled_by_their_vote() -> None:
    assert verdict(ballots(X), terms(least=1, most=1)) == "settled"
    assert verdict(ballots(X), terms(least=1, most=2)) == "open"
    assert verdict(ballots(X, skill=0.95), terms(least=1, most=2)) == "settled"


def test_a_tie_never_settles_it() -> None:
    assert verdict(ballots(X, Y), terms(most=2, confidence=0.5)) == "disputed"


def test_who_is_no_better_than_chance_decides_nothing() -> None:
    likeliest = belief([Ballot(X, 0.1), Ballot(X, 0.1), Ballot(Y, 0.9)], terms())

    assert likeliest.labels == Y
    assert belief([Ballot(X, 0.1)], terms()).labels == X


def test_several_labels_settle_when_each_of_them_does() -> None:
    several = terms(is_multi=True, labels=9)
    agreed = ballots(("a", "b"), ("a", "b"), skill=0.9)
    split = ballots(("a", "b"), ("a",), skill=0.9)

    assert verdict(agreed, several) == "settled"
    assert verdict(split, several) == "disputed"
    skilled = terms(is_multi=True, labels=9, ahead=(0.95,))
    assert verdict(split, skilled) == "open"
    likeliest = belief(ballots(("a", "b"), ("a",), ("a",), skill=0.9), several)
    assert likeliest.labels == ("a",)
    assert likeliest.least == pytest.approx(0.9)
    # Both labels are right, and none of the seven others is missing.
    assert likeliest.confidence == pytest.approx(0.9 * (729 / 730) ** 2)
    assert likeliest.soft_label == {
        "a": pytest.approx(729 / 730),
        "b": pytest.approx(0.1),
    }


@pytest.mark.parametrize("skill", [0.85, 0.9, 0.95])
def test_c10_a_set_of_labels_is_right_as_often_as_its_confidence_says(
    skill: float,
) -> None:
    rng = random.Random(3)
    names = tuple("abcdefgh")
    several = terms(is_multi=True, labels=len(names), most=5)
    said, right, least = [], [], []
    for _ in range(1500):
        truth = {name for name in names if rng.random() < 0.25}
        votes: list[Ballot] = []
        while decided(votes, several)[0] == "open":
            wrong = {name for name in names if rng.random() > skill}
            votes.append(Ballot(tuple(sorted(truth ^ wrong)), skill))
        outcome, likeliest = decided(votes, several)
        if outcome == "settled":
            said.append(likeliest.confidence)
            least.append(likeliest.least)
            right.append(set(likeliest.labels) == truth)

    share = sum(right) / len(right)
    assert sum(said) / len(said) == pytest.approx(share, abs=0.05)
    # By its least sure label alone it was too sure of itself.
    assert sum(least) / len(least) > share + 0.015


def test_that_no_label_fits_is_an_answer_of_several() -> None:
    likeliest = belief(ballots((), (), skill=0.9), terms(is_multi=True))

    assert (likeliest.labels, likeliest.is_tie) == ((), False)
    assert likeliest.confidence == pytest.approx(0.81 / 0.82)


@pytest.mark.parametrize("is_multi", [False, True])
def test_the_order_of_votes_does_not_matter(*, is_multi: bool) -> None:
    votes = [Ballot(X, 0.7), Ballot(Y, 0.9), Ballot(X, 0.8), Ballot(Z, 0.81)]
    several = terms(labels=5, most=5, is_multi=is_multi)

    orders = map(list, itertools.permutations(votes))
    likeliest = {
        (
            belief(order, several).labels,
            belief(order, several).confidence,
            verdict(order, several),
        )
        for order in orders
    }

    assert len(likeliest) == 1


def test_no_votes_say_nothing() -> None:
    assert verdict([], terms()) == "open"
    assert belief([], terms()).labels == ()


def test_c10_the_model_is_evidence_and_no_vote() -> None:
    model = Ballot(X, 0.85, is_model=True)

    assert verdict([model], terms(least=1)) == "open"
    assert verdict([Ballot(X, 0.85), model], terms(least=2)) == "open"
    assert verdict([Ballot(X, 0.85), model], terms(least=1)) == "settled"
    # Two people differ; with the model's answer a third vote can settle it.
    assert verdict([*ballots(X, Y), model], terms(most=3)) == "open"


@pytest.mark.parametrize(
    ("vote", "predicted", "is_multi", "sure"),
    [
        (X, Y, False, 4 / 13),
        (X, ("x", "y"), True, 36 / 37 * 4 / 13),
        (("x", "y"), (), True, (4 / 13) ** 2),
        ((), X, True, 36 / 37 * 4 / 13),
        (X, X, False, 36 / 37),
        ((), (), True, 36 / 37),
    ],
)
def test_c10_a_model_surer_than_the_only_person_does_not_answer_for_them(
    vote: tuple[str, ...], predicted: tuple[str, ...], *, is_multi: bool, sure: float
) -> None:
    given = [Ballot(vote), Ballot(predicted, 0.9, is_model=True)]
    alone = terms(least=1, most=1, is_multi=is_multi)

    outcome, held = decided(given, alone)

    assert (outcome, held.labels, held.is_tie) == ("settled", vote, False)
    assert held.confidence == pytest.approx(sure)
    # As sure as each other: that is no tie of votes, for there is one vote.
    even = [Ballot(vote, 0.9), Ballot(predicted, 0.9, is_model=True)]
    assert decided(even, alone)[1].labels == vote


def test_c10_what_no_person_has_named_settles_nothing() -> None:
    model = Ballot(Y, 0.9, is_model=True)
    low = terms(least=1, most=3, confidence=0.6)

    # The model makes y likelier than .6, and nobody has voted for y.
    assert belief([*ballots(X), model], low).labels == Y
    assert verdict([*ballots(X), model], low) == "open"
    assert verdict([*ballots(X, Y), model], low) == "settled"
    both = Ballot(("x", "y"), 0.9, is_model=True)
    several = terms(least=1, most=3, confidence=0.6, is_multi=True)
    assert verdict([*ballots(X), both], several) == "open"
    assert verdict([*ballots(X, ("x", "y")), both], several) == "settled"
    neither = Ballot((), 0.9, is_model=True)
    assert verdict([*ballots(X), neither], several) == "open"
