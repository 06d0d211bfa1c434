"""What predicts labels best is chosen, and a useless encoder is dropped."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from activelearn.core import representations
from activelearn.core.crossfit import Lot
from activelearn.core.intervals import Groups
from activelearn.core.joined import JoinedRows
from activelearn.core.representations import RightByName, chosen, compared, parts_of

N = 120
ALONE: Groups = np.arange(N)


def nothing() -> None:
    """Tell nobody of a step."""


def lot(
    *, words: float, meaning: float, noise: float = 1, groups: Groups = ALONE
) -> Lot:
    """Items of two labels: how far words and meaning tell them apart, among noise."""
    rng = np.random.default_rng(0)
    is_x = rng.random(len(groups)) < 0.5
    hashed = noise * rng.normal(size=(len(groups), 6)).astype(np.float32)
    hashed[:, 0] += np.where(is_x, words, -words)
    told = rng.normal(size=(len(groups), 40)) * 2
    told[:, 0] += np.where(is_x, meaning, -meaning)
    rows = JoinedRows(sparse.csr_matrix(hashed), told.astype(np.float16))
    targets = [("x",) if x else ("y",) for x in is_x]
    return Lot(list(range(len(groups))), rows, targets, groups)


def right(of: Lot) -> RightByName:
    return compared(of, parts_of(of.rows, "text"), is_multi=False, seed=0, step=nothing)


@pytest.mark.parametrize(
    ("words", "meaning", "noise", "name"),
    [
        (3.0, 0.0, 1.0, "hashed"),
        (0.0, 3.0, 30.0, "encoded"),
        (0.9, 3.0, 1.0, "joined"),
    ],
)
def test_what_is_right_most_often_is_chosen(
    words: float, meaning: float, noise: float, name: str
) -> None:
    outcome = right(lot(words=words, meaning=meaning, noise=noise))

    values = {which: float(hits.mean()) for which, hits in outcome.items()}
    assert values[name] == max(values.values())
    assert chosen(outcome, ALONE, "joined").name == name


def test_what_an_item_is_told_by_others_of_its_group_does_not_count() -> None:
    # Each item is there four times, and its label is by chance: only a twin knows it.
    own = lot(words=0.0, meaning=0.0)
    twins = np.repeat(np.arange(N // 4), 4)
    rows = own.rows[twins]
    targets = [own.targets[place] for place in twins.tolist()]

    apart = right(Lot(own.ids, rows, targets, ALONE))
    together = right(Lot(own.ids, rows, targets, twins))

    assert apart["joined"].mean() > 0.9
    assert together["joined"].mean() < 0.7


def outcome(**shares: float) -> RightByName:
    """Of each representation, the share of 400 items that it is right of."""
    return {
        name: (np.arange(400) < round(400 * shares[name])).astype(np.float64)
        for name in representations.SPECS["text"]
    }


@pytest.mark.parametrize(
    ("before", "shares", "name", "gain"),
    [
        ("joined", {"joined": 0.8, "hashed": 0.7, "encoded": 0.6}, "joined", 0.0),
        ("joined", {"joined": 0.8, "hashed": 0.8, "encoded": 0.8}, "joined", 0.0),
        ("hashed", {"joined": 0.8, "hashed": 0.8, "encoded": 0.8}, "hashed", 0.0),
        ("joined", {"joined": 0.7, "hashed": 0.8, "encoded": 0.6}, "hashed", 0.1),
        ("hashed", {"joined": 0.9, "hashed": 0.8, "encoded": 0.6}, "joined", 0.1),
    ],
)
def test_one_in_force_stays_unless_another_is_better(
    before: str, shares: dict[str, float], name: str, gain: float
) -> None:
    choice = chosen(outcome(**shares), np.arange(400), before)

    assert (choice.name, choice.before) == (name, before)
    assert choice.gain == pytest.approx(gain)
    assert choice.accuracies["hashed"].value == shares["hashed"]
    assert (
        choice.accuracies["hashed"].low
        < shares["hashed"]
        < (choice.accuracies["hashed"].high)
    )


def test_a_gain_within_half_its_error_changes_nothing() -> None:
    # Forty more are right and thirty-eight are not: two of four hundred.
    told = outcome(joined=0.5, hashed=0.5, encoded=0.1)
    told["hashed"] = told["joined"].copy()
    told["hashed"][:38] = 0
    told["hashed"][200:240] = 1

    kept = chosen(told, np.arange(400), "joined")
    told["hashed"][240:260] = 1
    changed = chosen(told, np.arange(400), "joined")

    assert (kept.name, round(kept.gain, 4)) == ("joined", 0.005)
    assert kept.gain < 0.5 * kept.error
    assert (changed.name, round(changed.gain, 4)) == ("hashed", 0.055)


def test_of_several_labels_a_part_that_is_right_counts() -> None:
    told = [
        representations._likeness(*pair)
        for pair in (
            (("a", "b"), ("b", "c")),
            ((), ()),
            (("a",), ()),
            (("a", "b"), ("b", "a")),
        )
    ]

    assert told == [pytest.approx(1 / 3), 1.0, 0.0, 1.0]


def test_where_nothing_can_be_told_apart_nothing_changes() -> None:
    own = lot(words=1.0, meaning=1.0)
    same = Lot(own.ids, own.rows, [("x",)] * N, ALONE)

    choice = chosen(right(same), ALONE, "encoded")

    assert choice.name == "encoded"


@pytest.mark.parametrize(
    ("labels", "before", "due"),
    [(99, 0, False), (100, 0, True), (199, 100, False), (200, 100, True)],
)
def test_it_is_looked_at_again_when_the_labels_have_doubled(
    labels: int, before: int, *, due: bool
) -> None:
    assert representations.is_due(labels, before) is due


@pytest.mark.parametrize(
    ("known", "name"),
    [(1.0, "joined"), (0.75, "joined"), (0.74, "hashed"), (0, "hashed")],
)
def test_an_encoder_that_knows_too_few_words_is_not_in_force(
    known: float, name: str
) -> None:
    assert representations.first_of(known) == name


@pytest.mark.parametrize(
    ("texts", "share"),
    [
        (["Where is my card, please?", "It is lost!"], 1.0),
        (["Kontostand 12 345", "card"], 0.5),
        (["12 345 – 7!", ""], None),
        (["영화 정말 재미있다"], 0.0),
    ],
)
def test_words_are_known_that_are_one_piece(
    texts: list[str], share: float | None
) -> None:
    assert representations.known_words(texts) == share
