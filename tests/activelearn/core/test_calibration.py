"""Scores that become confidences, where a few random labels show that it helps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from activelearn.core import artifact, calibrated, calibration, evaluation, vectors
from activelearn.core.calibrated import Scored
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


def scored(model: LinearModel, scores: Array, has: Bools) -> Scored:
    rows = sparse.csr_matrix(scores)
    return Scored.of(model, rows, names_of(has), np.arange(len(scores)))


@pytest.mark.parametrize("stretched", [0.25, 1.0, 4.0])
def test_a_temperature_is_found_again(stretched: float) -> None:
    scores, has = drawn(20_000)

    fit = calibration.fitted(scores * stretched, has, "temperature")

    assert fit.scale == pytest.approx((1 / stretched,), rel=0.03)
    assert fit.shift == (0.0,)


def test_platts_line_is_found_again_per_label() -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(20_000, 3))
    true = scores * [2, 1, 0.5] + [1, 0, -1]
    has = rng.random(true.shape) < calibration.probabilities(true, is_multi=True)

    fit = calibration.fitted(scores, has, "platt")

    assert fit.scale == pytest.approx((2, 1, 0.5), abs=0.06)
    assert fit.shift == pytest.approx((1, 0, -1), abs=0.06)


def test_a_label_that_few_items_have_keeps_its_scores() -> None:
    scores = np.random.default_rng(0).normal(size=(100, 1))
    has = np.arange(100)[:, None] < 4

    fit = calibration.fitted(scores, has, "platt")

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
    learned = calibration.fitted(scores, has, "platt")
    after = calibration.reliability(
        calibration.of_sets(table, learned.whole), hits, groups
    )
    by_others = np.zeros(len(hits))
    for own, others in calibration.folds(groups):
        learned = calibration.fitted(scores[others], has[others], "platt")
        given = calibration.probabilities(learned.applied(scores[own]), is_multi=True)
        by_others[own] = calibration.of_sets(given, learned.whole)
    crossed = calibration.reliability(by_others, hits, groups)

    assert before.ece.value > 0.15
    assert after.ece.value < 0.05
    assert crossed.ece.value < 0.05


def test_items_of_an_unknown_label_make_a_model_less_sure() -> None:
    scores, has = drawn(2000)
    unknown = has.copy()
    unknown[:600] = False

    known = calibration.fitted(scores, has, "temperature")
    less = calibration.fitted(scores, unknown, "temperature")

    assert less.scale[0] < 0.8 * known.scale[0]


def test_what_is_cross_fitted_has_not_seen_the_labels_of_its_group() -> None:
    scores, has = drawn(60)
    groups = np.repeat(np.arange(20), 3)
    other = has.copy()
    other[:3] = np.roll(has[:3], 1, axis=1)

    before = calibration.cross_fitted(scores, has, groups, "temperature")
    after = calibration.cross_fitted(scores, other, groups, "temperature")

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

    model, trial = calibrated.calibrated(
        linear(4.0), Scored.of(linear(4.0), rows, labels, np.arange(200))
    )

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
    for seed in range(12):
        scores, has = drawn(200, seed)
        model, trial = calibrated.calibrated(
            linear(1.0), scored(linear(1.0), scores, has)
        )
        assert (model.calibration is not None) == trial.helps == (trial.gain > 0)
        # What chance lets through is close to no change.
        assert model.calibration is None or 0.7 < model.calibration.scale[0] < 1.4
        outcomes.append(trial)

    assert sum(trial.helps for trial in outcomes) < 7
    assert {t.needed for t in outcomes if not t.helps} <= {0, 400}


def uneven(n: int, seed: int = 0) -> tuple[Array, Bools]:
    """Return scores that are too high for the first of three labels."""
    scores, has = drawn(n, seed)
    return vectors.centered(scores + np.array([2.0, 0.0, 0.0])), has


def test_vectors_are_found_again_and_leave_alone_what_a_temperature_mends() -> None:
    scores, has = uneven(4000)

    learned = calibration.fitted(scores, has, "vector")

    assert learned.scale == pytest.approx((1, 1, 1), abs=0.15)
    assert learned.shift[0] - learned.shift[1] == pytest.approx(-2, abs=0.3)
    assert learned.shift[2] - learned.shift[1] == pytest.approx(0, abs=0.2)


def test_each_label_has_its_own_line_only_where_that_predicts_others_better() -> None:
    model = linear(1.0)

    better, trial = calibrated.calibrated(model, scored(model, *uneven(300)))
    tries = [
        calibrated.calibrated(linear(4.0), scored(linear(4.0), *drawn(300, seed)))[1]
        for seed in range(6)
    ]

    assert (trial.method, trial.helps) == ("vector", True)
    assert better.calibration is not None
    assert len(better.calibration.scale) == 3
    assert all(trial.helps for trial in tries)
    assert sum(trial.method == "vector" for trial in tries) <= 1


def test_of_too_few_labels_it_says_from_how_many_each_could_have_its_line() -> None:
    few = LinearModel(tuple("abcdef"), np.eye(6), np.zeros(6), np.arange(6))
    rng = np.random.default_rng(0)
    rows = sparse.csr_matrix(rng.normal(size=(60, 6)))
    labels: list[Labels] = [("abcdef"[n],) for n in rng.integers(6, size=60)]

    def trial(n: int) -> calibration.Trial:
        known = Scored.of(few, rows[:n], labels[:n], np.arange(n))
        return calibrated.calibrated(few, known)[1]

    assert (trial(59).vector_from, trial(60).vector_from) == (60, 0)
    assert vectors.fewest(2) == 0


def test_what_others_say_of_random_labels_counts_among_the_held_out_ones() -> None:
    model = linear(4.0)
    held_out, has = drawn(30)
    scores, truth = drawn(60, seed=3)
    known = scored(model, held_out, has)

    alone, few = calibrated.calibrated(model, known)
    both, more = calibrated.calibrated(
        model, known.joined(scores * 4, names_of(truth), np.arange(90))
    )

    assert (alone.calibration, few.labels, few.arm) == (None, 30, 0)
    assert both.calibration is not None
    assert (more.labels, more.arm, more.helps) == (90, 60, True)


def test_a_model_is_judged_by_its_own_calibration_where_that_saw_nothing() -> None:
    scores, has = drawn(200)
    known = calibrated.Scored(scores * 4, names_of(has), np.repeat(np.arange(100), 2))
    model, trial = calibrated.calibrated(linear(4.0), known)
    assert trial.helps
    # Of twenty items six are of groups that it knows.
    groups = np.concatenate([np.repeat(np.arange(3), 2), np.arange(100, 114)])

    parts = list(calibrated.as_served(model, known, "temperature", groups))

    shares = [places for places, _ in parts]
    assert np.sum(shares, axis=0).tolist() == [1] * 20
    (first, own), *others = parts
    assert first.tolist() == [False] * 6 + [True] * 14
    assert own == model
    for places, other in others:
        seen = ~np.isin(known.groups, groups[places])
        assert other.calibration is not None
        if places.any():
            # Fitted on no more than the other groups: one of them more changes it.
            assert other.calibration != model.calibration
            assert seen.any()


def test_of_too_few_labels_it_says_how_many_it_takes() -> None:
    scores, has = drawn(49)

    model, trial = calibrated.calibrated(linear(4.0), scored(linear(4.0), scores, has))

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
    sure = calibration.probabilities(scores * 4, is_multi=False)
    labels = names_of(has)

    measured = calibration.cross_fitted(scores * 4, has, np.arange(300), "temperature")

    assert (measured.argmax(axis=1) == sure.argmax(axis=1)).all()
    before, after = (
        evaluation.log_losses(
            labels, Probabilities(NAMES, table, is_multi=False)
        ).mean()
        for table in (sure, measured)
    )
    assert after < before
