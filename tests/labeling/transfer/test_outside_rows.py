"""A row of predictions from outside: what it says, and why it is refused."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.services.transfer.outside.rows import (
    SourcePrediction,
    parse,
    role_of,
)
from labeling.services.transfer.outside.terms import PredictionTerms
from labeling.services.transfer.rows import RowError

SINGLE = PredictionTerms(is_multi=False, labels=frozenset({"cat", "dog"}), source="llm")
MULTI = PredictionTerms(is_multi=True, labels=frozenset({"cat", "dog"}), source="llm")


def of(terms: PredictionTerms, **values: Any) -> SourcePrediction:
    external_id, (predicted,) = parse({"external_id": "a", **values}, terms)
    assert external_id == "a"
    return predicted


def test_a_label_with_a_score_is_a_prediction() -> None:
    assert of(SINGLE, label="dog", score=0.75) == SourcePrediction(
        "llm", ("dog",), 0.75
    )


def test_without_a_score_nothing_is_said_of_how_sure_it_is() -> None:
    assert of(SINGLE, label="dog").confidence is None


def test_of_probabilities_the_likeliest_label_is_predicted() -> None:
    predicted = of(SINGLE, probabilities={"dog": 0.25, "cat": 0.75})

    assert (predicted.labels, predicted.confidence) == (("cat",), 0.75)
    assert json.loads(predicted.probabilities or "") == {"cat": 0.75, "dog": 0.25}


def test_of_several_labels_the_likely_ones_are_predicted_and_all_of_it_counts() -> None:
    predicted = of(MULTI, probabilities={"dog": 0.5, "cat": 0.8})

    assert (predicted.labels, predicted.confidence) == (("cat", "dog"), 0.4)
    # 1 - 0.25 and 1 - 0.5: that neither is there.
    none = of(MULTI, probabilities={"dog": 0.25, "cat": 0.4})
    assert not none.labels
    assert none.confidence == pytest.approx(0.45)


def test_a_label_that_is_given_holds_before_its_probabilities() -> None:
    predicted = of(SINGLE, label="dog", probabilities={"dog": 0.25, "cat": 0.75})

    assert (predicted.labels, predicted.confidence) == (("dog",), 0.25)


def test_a_row_says_itself_who_predicts() -> None:
    assert of(SINGLE, label="dog", source=" other ").source == "other"


@pytest.mark.parametrize("name", ["labels", "Label", " LABEL "])
def test_columns_are_known_as_people_write_them(name: str) -> None:
    assert of(SINGLE, **{name: "dog"}).labels == ("dog",)
    assert role_of("confidence", {}) == "score"
    assert role_of("model", {}) == "source"
    assert role_of("text", {}) == ""
    assert role_of("p", {"p": "score"}) == "score"


def test_labels_fold_and_are_mapped() -> None:
    assert of(SINGLE, label=" DOG ").labels == ("dog",)
    mapped = PredictionTerms(
        is_multi=False,
        labels=frozenset({"cat", "dog"}),
        source="llm",
        label_map={"Hund": "dog"},
    )
    assert of(mapped, label="Hund").labels == ("dog",)


def test_texts_of_a_table_are_read() -> None:
    predicted = of(
        SINGLE, label="cat", score="0.5", probabilities='{"cat": 0.5}', embedding="[1]"
    )

    assert predicted.embedding == struct.pack("<f", 1)
    assert (predicted.confidence, predicted.probabilities) == (0.5, '{"cat":0.5}')


def test_what_is_null_is_not_said() -> None:
    predicted = of(
        SINGLE, label=None, probabilities={"cat": 0.5, "dog": None}, score=""
    )

    assert (predicted.labels, predicted.confidence) == (("cat",), 0.5)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, "There is no prediction: give a label or probabilities."),
        ({"label": "fox"}, "“fox” is not a label of this project."),
        ({"probabilities": {"fox": 1}}, "“fox” is not a label of this project."),
        (
            {"label": ["cat", "dog"]},
            "More than one label in a project with one label per item.",
        ),
        ({"label": "cat", "score": 1.5}, "score must be a number from 0 to 1."),
        ({"label": "cat", "score": True}, "score must be a number from 0 to 1."),
        ({"label": "cat", "score": "nan"}, "score must be a number from 0 to 1."),
        ({"label": "cat", "score": "much"}, "score must be a number from 0 to 1."),
        (
            {"probabilities": {"cat": 0.7, "dog": 0.7}},
            "The probabilities of one label add up to more than 1.",
        ),
        (
            {"probabilities": {"cat": 0.2, "CAT": 0.2}},
            "probabilities: two names mean “cat”.",
        ),
        ({"probabilities": "{"}, "probabilities is not JSON."),
        (
            {"probabilities": [1]},
            "probabilities must be an object: label → probability.",
        ),
        (
            {"probabilities": {"cat": -1}},
            "probabilities must be a number from 0 to 1.",
        ),
        (
            {"label": "cat", "embedding": 3},
            "embedding must be a list of 1 to 4096 numbers.",
        ),
        (
            {"label": "cat", "embedding": [1, "x"]},
            "embedding has an entry that is no number.",
        ),
        (
            {"label": "cat", "embedding": [1e300]},
            "embedding has an entry that is no number.",
        ),
        (
            {"label": "cat", "labels": "dog"},
            "Two columns are the label: one would be lost.",
        ),
        (
            {"label": "cat", "source": "x" * 101},
            "source has more than 100 characters.",
        ),
        ({"label": "cat", "source": "a\0"}, "A text holds a NUL character."),
        ({"predictions": {}}, "predictions must be a list of objects."),
        ({"predictions": []}, "There is no prediction: give a label or probabilities."),
        (
            {"predictions": [{"label": "cat"}, {"label": "dog"}]},
            "predictions: two are of the same source.",
        ),
    ],
)
def test_a_row_that_cannot_be_kept_says_why(values: dict[str, Any], why: str) -> None:
    with pytest.raises(RowError) as refusal:
        of(SINGLE, **values)

    assert str(refusal.value) == why


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (
            {"label": "cat"},
            "It does not say which item: external_id is missing.",
        ),
        ({"id": "a\0", "label": "cat"}, "A text holds a NUL character."),
    ],
)
def test_a_row_without_an_item_is_refused(values: dict[str, Any], why: str) -> None:
    with pytest.raises(RowError) as refusal:
        parse(values, SINGLE)

    assert str(refusal.value) == why


def test_somebody_has_to_say_who_predicts() -> None:
    nobody = PredictionTerms(is_multi=False, labels=frozenset({"cat"}))

    with pytest.raises(RowError) as refusal:
        of(nobody, label="cat")

    assert str(refusal.value) == "It does not say who predicts: source is missing."


def test_a_row_may_bring_predictions_of_several_sources() -> None:
    _, every = parse(
        {"id": 7, "predictions": [{"model": "a", "label": "cat"}, {"label": "dog"}]},
        SINGLE,
    )

    assert [(each.source, each.labels) for each in every] == [
        ("a", ("cat",)),
        ("llm", ("dog",)),
    ]


@given(st.dictionaries(st.sampled_from(["cat", "dog"]), st.floats(0, 1), min_size=1))
def test_how_sure_a_set_is_stays_between_zero_and_one(shares: dict[str, float]) -> None:
    predicted = of(MULTI, probabilities=shares)

    assert predicted.confidence is not None
    assert 0 <= predicted.confidence <= 1
    assert set(predicted.labels) == {name for name, p in shares.items() if p >= 0.5}
