"""Scores that become confidences, where a few random labels show that it helps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from activelearn.core import artifact, calibrated, calibration, evaluation
from activelearn.core.calibration import Calibration
from activelearn.core.evaluation import Labels, Probabilities
from activelearn.core.intervals import Array, Bools
from activelearn.core.training import LinearModel

NAMES = ("a", "b", "c")


def drawn(n: int, seed: int = 0) -> tuple[Array, Bools]:
    """Return scores, and labels that are true as often as these say."""
    rng = np.random.default_rng(seed)
    scores = 2.0 * rng.normal(size=(n, 3))
    table = calibration.probabilities(scores, is_multi=False)
    picked = (rng.random((n, 1)) > np.cumsum(table, axis=1)).sum(axis=1)
    return scores, np.eye(3, dtype=bool)[picked.clip(max=2)]


def names_of(has: Bools) -> list[Labels]:
    return [tuple(np.array(NAMES)[row].tolist()) for row in has]


def linear(scale: float, *, is_multi: bool = False) -> LinearModel:
    """Return a model that says of a row its values, stretched."""
    return LinearModel(NAMES, np.eye(3) * scale, np.zeros(3), np.arange(3), is_multi)


@pytest.mark.parametrize("stretched", [0.25, 1.0, 4.0])
def test_a_temperature_is_found_again(stretched: float) -> None:
    scores, has = drawn(20_000)

    fit = calibration.fitted(scores * stretched, has, is_multi=False)

    assert fit.scale == pytest.approx((1 / stretched,), rel=0.03)
    assert fit.shift == (0.0,)


def test_platts_line_is_found_again_per_label() -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(20_000, 3))
    true = scores * [2, 1, 0.5] + [1, 0, -1]
    has = rng.random(true.shape) < calibration.probabilities(true, is_multi=True)

    fit = calibration.fitted(scores, has, is_multi=True)

    assert fit.scale == pytest.approx((2, 1, 0.5), abs=0.06)
    assert fit.shift == pytest.approx((1, 0, -1), abs=0.06)


def test_a_label_that_few_items_have_keeps_its_scores() -> None:
    scores = np.random.default_rng(0).normal(size=(100, 1))
    has = np.arange(100)[:, None] < 4

    fit = calibration.fitted(scores, has, is_multi=True)

    assert (fit.scale, fit.shift) == ((1.0,), (0.0,))


def test_c11_whole_sets_are_right_as_often_as_is_said() -> None:
    # Four labels that an item has all of or none: far from independent.
    rng = np.random.default_rng(2)
    scores = np.repeat(rng.normal(scale=2, size=(1500, 1)), 4, axis=1)
    has = np.repeat(rng.random((1500, 1)) < 1 / (1 + np.exp(-scores[:, :1])), 4, axis=1)
    table = calibration.probabilities(scores, is_multi=True)
    hits = ((table >= 0.5) == has).all(axis=1)
    groups = np.arange(len(hits))

    before = calibration.reliability(calibration.of_sets(table), hits, groups)
    learned = calibration.fitted(scores, has, is_multi=True)
    after = calibration.reliability(
        calibration.of_sets(table, learned.whole), hits, groups
    )
    crossed = calibration.reliability(
        calibration.cross_fitted_sets(scores, has, groups), hits, groups
    )

    assert before.ece.value > 0.15
    assert after.ece.value < 0.05
    assert crossed.ece.value < 0.05


def test_items_of_an_unknown_label_make_a_model_less_sure() -> None:
    scores, has = drawn(2000)
    unknown = has.copy()
    unknown[:600] = False

    known = calibration.fitted(scores, has, is_multi=False)
    less = calibration.fitted(scores, unknown, is_multi=False)

    assert less.scale[0] < 0.8 * known.scale[0]


def test_what_is_cross_fitted_has_not_seen_the_labels_of_its_group() -> None:
    scores, has = drawn(60)
    groups = np.repeat(np.arange(20), 3)
    other = has.copy()
    other[:3] = np.roll(has[:3], 1, axis=1)

    before = calibration.cross_fitted(scores, has, groups, is_multi=False)
    after = calibration.cross_fitted(scores, other, groups, is_multi=False)

    assert (before[:3] == after[:3]).all()
    assert (before[3:] != after[3:]).any()


def test_of_what_says_the_truth_the_error_is_chance() -> None:
    scores, has = drawn(2000)
    table = calibration.probabilities(scores, is_multi=False)
    given = Probabilities(NAMES, table, is_multi=False)

    measured = calibrated.reliability(given, names_of(has), np.arange(2000))

    assert measured.ece.low < 0.01
    assert measured.ece.value < 0.035
    assert len(measured.bins) == 15
    assert sum(part.answers for part in measured.bins) == 2000


def test_the_error_is_the_mean_distance_of_confidence_and_share() -> None:
    confidences = np.repeat([0.6, 0.9], 10)
    hits = np.array([True] * 5 + [False] * 5 + [True] * 7 + [False] * 3)

    measured = calibration.reliability(confidences, hits, np.arange(20))

    assert measured.ece.value == pytest.approx((0.1 + 0.2) / 2)
    assert [(part.confidence, part.right.value) for part in measured.bins] == [
        pytest.approx((0.6, 0.5)),
        pytest.approx((0.9, 0.7)),
    ]
    with pytest.raises(ValueError, match="needs predictions"):
        calibration.reliability(confidences[:0], hits[:0], np.arange(0))


def test_a_model_that_is_too_sure_is_calibrated_from_200_labels() -> None:
    scores, has = drawn(200)
    rows, labels = sparse.csr_matrix(scores), names_of(has)

    model, trial = calibrated.calibrated(linear(4.0), rows, labels, np.arange(200))

    assert trial.helps
    assert trial.labels == 200
    test, truth = drawn(4000, seed=9)
    errors = [
        calibrated.reliability(
            Probabilities(NAMES, fitted.probabilities(sparse.csr_matrix(test)), False),
            names_of(truth),
            np.arange(4000),
        ).ece.value
        for fitted in (model.uncalibrated, model)
    ]
    assert errors[0] > 0.1
    assert errors[1] < 0.03


def test_it_backs_out_where_it_does_not_help() -> None:
    outcomes = []
    for seed in range(20):
        scores, has = drawn(200, seed)
        model, trial = calibrated.calibrated(
            linear(1.0), sparse.csr_matrix(scores), names_of(has), np.arange(200)
        )
        assert (model.calibration is not None) == trial.helps == (trial.gain > 0)
        # What chance lets through is close to no change.
        assert model.calibration is None or 0.7 < model.calibration.scale[0] < 1.4
        outcomes.append(trial)

    assert sum(trial.helps for trial in outcomes) < 10
    assert {t.needed for t in outcomes if not t.helps} <= {0, 400}


def test_of_too_few_labels_it_says_how_many_it_takes() -> None:
    scores, has = drawn(49)

    model, trial = calibrated.calibrated(
        linear(4.0), sparse.csr_matrix(scores), names_of(has), np.arange(49)
    )

    assert model.calibration is None
    assert (trial.labels, trial.needed, trial.helps) == (49, calibration.FEWEST, False)


def test_a_loss_within_its_error_is_tried_again_on_twice_the_labels() -> None:
    def tried(first: float, second: float) -> calibration.Trial:
        return calibration.trial(np.tile([first, second], 50), np.zeros(100))

    assert (tried(0.5, -0.45).helps, tried(0.5, -0.45).needed) == (True, 0)
    assert (tried(0.45, -0.5).helps, tried(0.45, -0.5).needed) == (False, 200)
    assert (tried(-0.1, -0.5).helps, tried(-0.1, -0.5).needed) == (False, 0)


@pytest.mark.parametrize("is_multi", [False, True])
def test_the_file_of_a_model_holds_its_calibration(*, is_multi: bool) -> None:
    plain = linear(1.0, is_multi=is_multi)
    whole = (0.7, 0.1) if is_multi else calibration.AS_IT_IS
    model = replace(
        plain, calibration=Calibration((0.1 + 0.2, 1.0, 3.0), (0.0, -1.0, 2.0), whole)
    )

    data = artifact.dump(model, {"kind": "text"})
    loaded, _ = artifact.load(data, artifact.digest(data))

    assert loaded.calibration == model.calibration
    assert loaded.uncalibrated.calibration is None
    assert data != artifact.dump(plain, {"kind": "text"})
    rows = sparse.csr_matrix(np.random.default_rng(0).normal(size=(5, 3)))
    scores = rows.toarray() * [0.1 + 0.2, 1.0, 3.0] + [0.0, -1.0, 2.0]
    expected = calibration.probabilities(scores, is_multi=is_multi)
    assert loaded.probabilities(rows) == pytest.approx(expected)


def test_scores_that_are_made_of_probabilities_give_them_again() -> None:
    table = calibration.probabilities(drawn(5)[0], is_multi=False)

    for is_multi in (False, True):
        scores = calibration.scores_of(table, is_multi=is_multi)
        again = calibration.probabilities(scores, is_multi=is_multi)
        assert again == pytest.approx(table)


def test_a_cross_fitted_model_is_judged_by_its_log_loss() -> None:
    scores, has = drawn(300)
    sure = Probabilities(
        NAMES, calibration.probabilities(scores * 4, is_multi=False), is_multi=False
    )
    labels = names_of(has)

    measured = calibrated.cross_fitted(sure, labels, np.arange(300))

    assert (measured.table.argmax(axis=1) == sure.table.argmax(axis=1)).all()
    before, after = (
        evaluation.log_losses(labels, probabilities).mean()
        for probabilities in (sure, measured)
    )
    assert after < before
