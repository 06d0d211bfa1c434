"""The words that speak most for what a linear model says."""

from __future__ import annotations

import pytest

from activelearn.core.features import TEXT_SPEC, text_rows
from activelearn.core.influence import MOST_WORDS, influential
from activelearn.core.training import LinearModel, fit

TEXTS = [
    *("charged twice for my card", "a double charge, I want a refund"),
    *("refund the charge please", "why was I charged a fee"),
    *("the parcel came late", "my parcel is lost", "late again, where is the parcel"),
    *("no parcel came to my door", "the weather is fine", "fine weather, no rain"),
    *("rain and fine weather in turn", "is the weather fine"),
]
ANSWERS = [[name] for name in ("money", "post", "sky") for _ in range(4)]


def model(*, is_multi: bool = False) -> LinearModel:
    return fit(text_rows(TEXTS, TEXT_SPEC), ANSWERS, is_multi=is_multi)


def words(label: str, text: str, *, is_multi: bool = False) -> list[str]:
    [influence] = influential(model(is_multi=is_multi), [(label, text)], TEXT_SPEC)
    return influence


@pytest.mark.parametrize("is_multi", [False, True])
def test_the_strongest_words_for_the_label_come_first(*, is_multi: bool) -> None:
    text = "The PARCEL was late, the weather fine. Was I charged?"

    strongest = words("post", text, is_multi=is_multi)

    assert strongest[:2] == ["parcel", "late"]
    assert not {"weather", "fine", "charged"} & set(strongest)


def test_every_label_has_its_own_words() -> None:
    text = "parcel weather refund"

    told = [(label, text) for label in ("money", "post", "sky")]
    by_label = influential(model(), told, TEXT_SPEC)

    assert [first for first, *_ in by_label] == ["refund", "parcel", "weather"]


@pytest.mark.parametrize("text", ["", "! ?", "a", "12 €"])
def test_a_text_without_words_of_weight_has_none(text: str) -> None:
    assert set(words("post", text)) <= {"12"}


def test_a_label_that_the_model_does_not_know_has_none() -> None:
    assert words("gone", TEXTS[0]) == []


def test_there_are_few_however_long_the_text() -> None:
    text = " ".join(TEXTS) * 100

    assert 0 < len(words("post", text)) <= MOST_WORDS
