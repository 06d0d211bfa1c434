"""Cells are told and written as the station does: the same cases hold for both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.templatetags.cells import Cell, cells, kind_of, value_in_words

TESTS = Path(__file__).resolve().parent.parent
KINDS: dict[str, list[Any]] = json.loads((TESTS / "cells.json").read_text())
SHOWN: list[tuple[Any, str]] = json.loads((TESTS / "cells-shown.json").read_text())
# A part, how often it is repeated, and whether that is long.
LONG: list[tuple[str, int, bool]] = json.loads((TESTS / "cells-long.json").read_text())


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_is_told_by_how_it_is_written(kind: str) -> None:
    assert [kind_of(value) for value in KINDS[kind]] == [kind] * len(KINDS[kind])


@pytest.mark.parametrize(("value", "words"), SHOWN)
def test_values_are_shown_as_they_came(value: object, words: str) -> None:
    assert value_in_words(value) == words


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_its_value_and_is_told_as_one(value: float) -> None:
    assert float(value_in_words(value)) == value
    assert kind_of(value) == "number"


def test_a_row_keeps_its_order_and_says_which_booleans_are_true() -> None:
    assert cells({"b": "TRUE", "a": False}) == [
        Cell("b", "TRUE", "boolean", is_true=True),
        Cell("a", "false", "boolean"),
    ]


@pytest.mark.parametrize(("part", "times", "is_long"), LONG)
def test_what_the_station_shortens_is_long_here(
    part: str, times: int, *, is_long: bool
) -> None:
    assert [cell.is_long for cell in cells({"a": part * times})] == [is_long]
