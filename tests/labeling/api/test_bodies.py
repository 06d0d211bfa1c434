"""Bodies become declared types; what is wrong is told by field, in one's language."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from django.http import QueryDict
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Meta
from rest_framework.exceptions import ParseError

from labeling.api.http.bodies import body_of, query_of
from labeling.api.http.fields import Body, Key, Names, Share, one_of, text
from labeling.api.http.parsers import value_of
from labeling.errors import InvalidInputError
from labeling.rules import storable


class Part(Body):
    name: Annotated[str, text(5)]


class Sample(Body, forbid_unknown_fields=True):
    key: Key
    count: Annotated[int, Meta(ge=1, le=50)] = 1
    share: Share = 0.5
    names: Names | None = None
    size: Annotated[str, one_of(["s", "m"])] | None = None
    parts: list[Part] | None = None
    is_on: bool = False


def faults(value: object) -> Any:
    with pytest.raises(InvalidInputError) as refused:
        body_of(value, Sample)
    return refused.value.extra.get("errors")


def test_every_wrong_field_says_what_it_takes() -> None:
    wrong = {
        "count": 51,
        "share": -1,
        "names": "x",
        "size": "s\n",
        "is_on": 1,
        "other": 1,
    }

    assert faults(wrong) == {
        "key": ["An id."],
        "count": ["A whole number from 1 to 50."],
        "share": ["A number from 0 to 1."],
        "names": ["A list of at most 1000 names."],
        "size": ["One of s, m."],
        "is_on": ["true or false."],
        "other": ["Not something to change here."],
    }


def test_a_fault_inside_a_list_is_told_at_its_place() -> None:
    parts = [{"name": "a"}, {"name": "longer"}, {}, 7]

    assert faults({"key": 1, "parts": parts}) == {
        "parts": {
            "1": {"name": ["A text of at most 5 characters."]},
            "2": {"name": ["A text of at most 5 characters."]},
            "3": {"non_field_errors": ["An object."]},
        }
    }


@pytest.mark.parametrize("value", [[], 7, "text", "", True, None])
def test_a_body_that_is_no_object_has_no_fields(value: object) -> None:
    assert faults(value) is None


def test_a_fault_is_told_in_the_readers_language() -> None:
    with translation.override("de"):
        assert faults({"key": 1, "count": 0}) == {
            "count": ["Eine ganze Zahl von 1 bis 50."]
        }


def test_a_query_is_read_from_texts_and_empty_ones_are_left_out() -> None:
    read = query_of(QueryDict("key=7&share=0.25&size=&count=3"), Sample)

    assert (read.key, read.share, read.size, read.count) == (7, 0.25, None, 3)
    with pytest.raises(InvalidInputError) as refused:
        query_of(QueryDict("key=7&share=much"), Sample)
    assert refused.value.extra == {"errors": {"share": ["A number from 0 to 1."]}}


TEXTS = st.sampled_from(["", "a", "é", "😀", "\x00", "a\x00", "\\u0000", "\ud800"])
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**54), 2**54),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(VALUES, st.integers(0, 40))
def test_a_value_is_refused_exactly_where_it_cannot_be_kept(
    value: object, depth: int
) -> None:
    for _ in range(depth):
        value = [value]
    raw = json.dumps(value).encode()

    if storable(value):
        with pytest.raises(ParseError):
            value_of(raw)
    else:
        assert value_of(raw) == value
