"""Raw rows to new items and refusals: pure, so these tests have no database."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.messages import message
from labeling.services.transfer.importing import ImportChoices, Limits
from labeling.services.transfer.importing.chunk import (
    Duplicate,
    Ready,
    Refusal,
    RowOutcome,
    RowTerms,
    outcome_of,
    outcomes,
)
from labeling.services.transfer.importing.raw import Raw
from tests.labeling.transfer.files import picture


def terms(**others: Any) -> RowTerms:
    values: dict[str, Any] = {
        "project_id": 7,
        "data_type": "text",
        "is_multi": False,
        "labels": frozenset({"x", "y"}),
        "mapping": {},
    }
    return RowTerms(**{**values, **others})


def raws(*texts: str) -> list[Raw]:
    return [Raw(number, {"text": text}) for number, text in enumerate(texts, start=1)]


def ready(outcome: RowOutcome) -> Ready:
    assert isinstance(outcome, Ready)
    return outcome


def reason(raw: Raw, **others: Any) -> str:
    outcome = outcome_of(raw, terms(**others))
    assert isinstance(outcome, Refusal)
    assert outcome.number == raw.number
    return str(outcome.reason)


def test_each_row_becomes_an_item_a_duplicate_or_a_refusal() -> None:
    rows = [*raws("one", "", "one", "two"), Raw(5, None, message("Not JSON."))]

    results = list(outcomes(rows, terms()))

    assert [type(outcome) for outcome in results] == [
        Ready,
        Refusal,
        Duplicate,
        Ready,
        Refusal,
    ]
    assert isinstance(results[0], Ready)
    first = results[0].item
    again = Duplicate(3, first.content_hash, results[0].row, rows[2], first.external_id)
    refused = Refusal(5, message("Not JSON."), rows[4])
    assert results[2:] == [again, results[3], refused]


def test_an_item_has_the_columns_that_its_row_and_the_terms_give() -> None:
    values = {"id": "a", "text": "one", "tags": "b,c", "metadata": {"k": 1}}

    item = ready(outcome_of(Raw(1, values), terms())).item

    assert (item.project_id, item.external_id) == (7, "a")
    assert (item.data, item.metadata) == ('{"text": "one"}', '{"k": 1}')
    assert item.tags == ["b", "c"]
    assert item.media_id is None


def test_a_row_without_a_name_is_named_by_its_content() -> None:
    item = ready(outcome_of(Raw(1, {"text": "one"}), terms())).item

    assert item.external_id == item.content_hash[:32]
    assert item.tags == item.metadata == "{}"


@pytest.mark.parametrize(
    ("values", "others", "words"),
    [
        (
            {"text": "one", "label": "z"},
            {"choices": ImportChoices("gold")},
            "“z” is not a label",
        ),
        (
            {"text": "one", "label": "x;y"},
            {"choices": ImportChoices("gold")},
            "More than one label",
        ),
        (
            {"text": "one", "votes": [{"annotator": "a", "label": "z"}]},
            {},
            "“z” is not a label",
        ),
        ({"text": "one", "votes": [{"annotator": "a"}]}, {}, "a vote without a label"),
        (
            {"text": "abc"},
            {"limits": Limits(text_characters=2)},
            "The text has more than 2 ch",
        ),
        (
            {"text": "abc"},
            {"limits": Limits(row_characters=9)},
            "data has more than 9 ch",
        ),
        ({"image": "a.png"}, {"data_type": "image"}, "Images come inside a ZIP"),
    ],
)
def test_a_row_that_breaks_a_term_is_refused_with_the_reason(
    values: dict[str, Any], others: dict[str, Any], words: str
) -> None:
    assert words in reason(Raw(4, values), **others)


def test_labels_are_not_checked_where_they_are_not_known_to_be_right() -> None:
    assert ready(outcome_of(Raw(1, {"text": "a", "label": "z"}), terms()))


def test_several_labels_or_none_are_a_vote_where_an_item_may_have_several() -> None:
    votes = [{"annotator": "a", "label": "x;y"}, {"annotator": "b", "label": ""}]

    row = ready(
        outcome_of(Raw(1, {"text": "a", "votes": votes}), terms(is_multi=True))
    ).row

    assert [vote.labels for vote in row.votes] == [["x", "y"], []]


def test_a_picture_comes_with_its_item_and_counts_by_its_content() -> None:
    image = terms(data_type="image")

    def outcome(name: str, shade: int, label: str = "") -> Ready:
        values = {"image": name, "label": label}
        raw = Raw(1, values, picture=lambda: picture(shade=shade))
        return ready(outcome_of(raw, image))

    first, renamed, other = (
        outcome("a.png", 10),
        outcome("b.png", 10),
        outcome("c", 250),
    )

    assert first.picture is not None
    assert (first.picture.width, first.picture.mime) == (20, "image/png")
    assert first.item.content_hash == renamed.item.content_hash
    assert first.item.content_hash != other.item.content_hash


@pytest.mark.parametrize(
    ("limits", "lengths"),
    [
        (Limits(chunk_rows=4), [4, 4, 2]),
        (Limits(chunk_rows=10), [10]),
        (Limits(chunk_characters=40), [3, 3, 3, 1]),
    ],
)
def test_a_chunk_ends_where_it_is_full_and_the_next_one_goes_on(
    limits: Limits, lengths: list[int]
) -> None:
    rows = iter(raws(*(f"row {n}" for n in range(10))))

    chunks = [list(outcomes(rows, terms(limits=limits))) for _ in range(6)]

    assert [len(chunk) for chunk in chunks if chunk] == lengths


def test_a_row_is_read_only_when_the_one_before_was_taken() -> None:
    """COPY takes a row in while the next one is read."""
    taken: list[int] = []

    def reading() -> Any:
        for raw in raws("one", "two", "three"):
            taken.append(raw.number)
            yield raw

    stream = outcomes(reading(), terms())

    assert (next(stream), taken) == (outcome_of(raws("one")[0], terms()), [1])
    assert (ready(next(stream)).row.data, taken) == ({"text": "two"}, [1, 2])


@given(
    st.lists(st.sampled_from(["a", "b", "c", "", "\x00"]), max_size=30),
    st.integers(1, 40),
    st.integers(1, 200),
)
def test_no_row_is_lost_and_each_content_is_ready_once_per_chunk(
    texts: list[str], rows: int, characters: int
) -> None:
    limits = Limits(chunk_rows=rows, chunk_characters=characters)
    left = iter(raws(*texts))

    chunks = []
    while chunk := list(outcomes(left, terms(limits=limits))):
        chunks.append(chunk)

    assert sum(map(len, chunks)) == len(texts)
    for chunk in chunks:
        assert len(chunk) <= rows
        known = Counter(
            outcome.item.data for outcome in chunk if isinstance(outcome, Ready)
        )
        assert set(known.values()) <= {1}
    refused = [
        outcome for chunk in chunks for outcome in chunk if isinstance(outcome, Refusal)
    ]
    assert len(refused) == texts.count("") + texts.count("\x00")
