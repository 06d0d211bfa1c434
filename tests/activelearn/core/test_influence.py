"""The words that speak most for what a linear model says."""

from __future__ import annotations

from typing import Any

import pytest

from activelearn.core.features import TEXT_SPEC, table_rows, table_spec, text_rows
from activelearn.core.influence import (
    MOST_WORDS,
    influential,
    influential_columns,
)
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


AMOUNTS: list[dict[str, Any]] = [
    {
        "amount": float(n % 10),
        "kind": "ab"[n % 2],
        "noise": float(n * 7 % 5),
        "no": None,
    }
    for n in range(60)
]
SIZES = [["large" if row["amount"] >= 5 else "small"] for row in AMOUNTS]


def columns(label: str, row: dict[str, object]) -> list[str]:
    spec, _seen = table_spec(AMOUNTS, len(AMOUNTS))
    fitted = fit(table_rows(AMOUNTS, spec), SIZES, is_multi=False)
    [influence] = influential_columns(fitted, [label], row, spec)
    return influence


def test_the_column_that_tells_the_label_comes_first() -> None:
    row = {"amount": 9.0, "kind": "b", "noise": 3.0}

    assert columns("large", row)[0] == "amount"
    assert "amount" not in columns("small", row)


def test_what_a_row_does_not_have_speaks_for_nothing() -> None:
    assert "amount" not in columns("large", {"kind": "b", "amount": None})
    assert columns("large", {}) == []
    assert columns("gone", {"amount": 9.0}) == []


def test_each_label_has_its_own_columns_and_other_columns_do_not_matter() -> None:
    spec, _seen = table_spec(AMOUNTS, len(AMOUNTS))
    fitted = fit(table_rows(AMOUNTS, spec), SIZES, is_multi=False)
    row = {"amount": 9.0, "kind": "b"}

    plain = influential_columns(fitted, ["large", "small", "gone"], row, spec)
    wide = influential_columns(
        fitted, ["large"], row | {f"more {n}": n for n in range(3000)}, spec
    )

    assert plain[0][0] == "amount"
    assert "amount" not in plain[1]
    assert plain[2] == []
    assert wide == plain[:1]
