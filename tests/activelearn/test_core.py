"""The pure learner: known values, edges and properties."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import sparse

from activelearn.core import (
    artifact,
    diversity,
    evaluation,
    features,
    gate,
    query,
    training,
)

weights = st.lists(
    st.lists(st.floats(0.01, 1), min_size=3, max_size=3), min_size=1, max_size=9
)


def shares(rows: list[list[float]]) -> training.Array:
    table = np.array(rows)
    return table / table.sum(axis=1, keepdims=True)


@given(weights)
def test_uncertainty_stays_between_zero_and_one(rows: list[list[float]]) -> None:
    for strategy in query.STRATEGIES:
        scores = query.uncertainty(shares(rows), is_multi=False, strategy=strategy)
        assert ((scores >= -1e-9) & (scores <= 1 + 1e-9)).all()


def test_the_closest_race_is_the_least_sure() -> None:
    table = np.array([[0.9, 0.05, 0.05], [0.4, 0.39, 0.21], [0.6, 0.3, 0.1]])

    assert query.margin(table).argmax() == 1
    assert query.entropy(table).argmax() == 1
    assert query.least_confidence(table).argmax() == 1


def test_probabilities_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        query.margin(np.array([[np.nan, 1.0]]))


def test_ties_are_broken_by_the_generator_and_not_by_position() -> None:
    scores = np.zeros(50)

    picks = [
        tuple(query.least_sure(scores, 3, np.random.default_rng(n))) for n in range(5)
    ]

    assert len(set(picks)) > 1


def test_columns_without_a_value_change_no_coordinate() -> None:
    few = sparse.random(80, 120, density=0.3, random_state=1, format="csr")
    many = sparse.hstack([few, sparse.csr_matrix((80, 5000))], format="csr")

    assert np.array_equal(diversity.compact(many, 7), diversity.compact(few, 7))


def test_a_batch_starts_with_the_least_sure_and_covers_the_groups() -> None:
    points = np.repeat([[0.0, 0], [9, 9], [0, 9]], 10, axis=0)
    scores = np.linspace(1, 0.1, 30)

    order = diversity.spread(points, scores, 3, seed=1)

    assert order[0] == 0
    assert {place // 10 for place in order[:3]} == {0, 1, 2}
    assert sorted(order) == list(range(30))


def test_typical_points_come_one_from_each_cluster() -> None:
    points = np.repeat([[0.0, 0], [9, 9], [0, 9]], [12, 6, 3], axis=0)

    places = diversity.typical(points, 3, seed=1)

    assert [12 if p < 12 else 18 if p < 18 else 21 for p in places] == [12, 18, 21]


def table_and_answers() -> tuple[sparse.csr_matrix, list[tuple[str, ...]]]:
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.normal(place, 0.3, (20, 4)) for place in (0, 2, 4)])
    return sparse.csr_matrix(rows), [(name,) for name in "abc" for _ in range(20)]


@pytest.mark.parametrize("count", [40, 60])
def test_the_same_input_gives_the_same_bytes_and_the_right_answers(count: int) -> None:
    rows, answers = table_and_answers()
    fitted = [
        training.fit(rows[:count], answers[:count], is_multi=False, seed=3)
        for _ in range(2)
    ]

    first, second = (artifact.dump(model, {"kind": "x"}) for model in fitted)

    assert first == second
    table = fitted[0].probabilities(rows[:count])
    assert table.sum(axis=1) == pytest.approx(1)
    assert training.answers_of(fitted[0], table) == answers[:count]


def test_one_label_is_not_enough_to_train() -> None:
    rows, _ = table_and_answers()

    with pytest.raises(ValueError, match="Two labels"):
        training.fit(rows, [("a",)] * 60, is_multi=False)


def test_several_labels_are_told_apart_one_by_one() -> None:
    rows, answers = table_and_answers()
    both = [
        ("a", "x") if a == ("a",) else ("x",) if a == ("b",) else () for a in answers
    ]

    model = training.fit(rows, both, is_multi=True)

    assert training.answers_of(model, model.probabilities(rows)) == both


def test_a_saved_model_comes_back_and_a_flipped_bit_is_refused() -> None:
    rows, answers = table_and_answers()
    data = artifact.dump(training.fit(rows, answers, is_multi=False), {"kind": "x"})

    model, spec = artifact.load(data, artifact.digest(data))

    assert (model.labels, spec) == (("a", "b", "c"), {"kind": "x"})
    flipped = bytes([data[0] ^ 1]) + data[1:]
    with pytest.raises(artifact.DamagedError):
        artifact.load(flipped, artifact.digest(data))


def test_s32_a_score_is_what_the_textbook_says() -> None:
    found = evaluation.score(
        [("a",), ("a",), ("b",), ("b",)], [("a",), ("b",), ("b",), ("b",)]
    )

    assert found.accuracy == 0.75
    by_label = {one.label: one for one in found.labels}
    assert (by_label["a"].precision, by_label["a"].recall) == (1, 0.5)
    assert found.macro_f1 == pytest.approx((2 / 3 + 0.8) / 2)
    assert evaluation.majority([("b",), ("a",), ("b",)]) == ("b",)


@pytest.mark.parametrize(
    ("better", "worse", "same", "verdict"),
    [
        (0, 0, 0, "cannot tell"),
        (5, 5, 90, "not better"),
        (1, 0, 10, "cannot tell"),
        (20, 3, 177, "promote"),
        (3, 20, 177, "not better"),
    ],
)
def test_only_evidence_promotes(
    better: int, worse: int, same: int, verdict: str
) -> None:
    old = [False] * better + [True] * worse + [True] * same
    new = [True] * better + [False] * worse + [True] * same

    assert gate.compare(old, new, name="it").verdict == verdict


def test_mid_p_of_a_known_table() -> None:
    # Half of P(X = 1) for X ~ Bin(1, ½).
    assert gate.mid_p(1, 0) == pytest.approx(0.25)
    assert gate.mid_p(0, 0) == 1


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_texts_become_finite_rows_of_one_width(texts: list[str]) -> None:
    rows = features.text_rows(texts, features.TEXT_SPEC)

    assert rows.shape == (len(texts), 2**17 + 2**16)
    assert np.isfinite(rows.data).all()


def test_a_picture_becomes_a_row_and_nonsense_does_not() -> None:
    body = io.BytesIO()
    Image.new("L", (9, 7), 50).save(body, "PNG")

    row = features.image_row(body.getvalue(), features.IMAGE_SPEC)

    assert np.isfinite(row).all()
    with pytest.raises(ValueError, match="Not a picture"):
        features.image_row(b"<svg/>", features.IMAGE_SPEC)


def test_a_table_knows_numbers_categories_and_what_is_missing() -> None:
    rows: list[dict[str, object]] = [
        {"n": "1", "c": "red"},
        {"n": 3, "c": "blue"},
        {"n": None, "c": ""},
    ]
    spec = features.table_spec(rows)

    table = features.table_rows([*rows, {"n": "x", "c": "green"}], spec).toarray()

    assert [column["type"] for column in spec["columns"]] == ["category", "number"]
    assert np.isfinite(table).all()
    assert table[2, -1] == table[3, -1] == 1


def test_a_ranked_batch_begins_with_the_least_sure_and_avoids_twins() -> None:
    points = np.array([[0.0, 0.0], [0.0, 0.01], [9.0, 9.0], [0.02, 0.0], [5.0, 0.0]])
    scores = np.array([0.9, 0.89, 0.5, 0.88, 0.4])
    labeled = np.zeros((1, 2))

    order = query.ranked_batch(points, scores, labeled, 3)

    assert order[0] == 0
    assert set(order[1:3]) == {2, 4}
    assert sorted(order) == [0, 1, 2, 3, 4]


def test_a_ranked_batch_refuses_what_it_cannot_measure() -> None:
    with pytest.raises(ValueError, match="finite"):
        query.ranked_batch(np.array([[np.nan]]), np.ones(1), np.ones((1, 1)), 1)


def test_a_model_keeps_only_the_features_it_has_seen() -> None:
    rows = sparse.csr_matrix(
        ([1.0, 1.0, 1.0], ([0, 1, 2], [3, 90_000, 3])), (3, 100_000)
    )

    model = training.fit(rows, [("x",), ("y",), ("x",)], is_multi=False)

    assert model.columns.tolist() == [3, 90_000]
    assert model.weights.shape == (2, 2)
    loaded, _ = artifact.load(data := artifact.dump(model, {}), artifact.digest(data))
    assert np.array_equal(loaded.probabilities(rows), model.probabilities(rows))
    unseen = sparse.csr_matrix((1, 100_000))
    assert loaded.probabilities(unseen).shape == (1, 2)
