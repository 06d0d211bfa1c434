"""Likely labels: known values, and coverage as promised."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from activelearn.core import conformal, training, translation
from activelearn.core.calibrated import Scored
from activelearn.core.calibration import Calibration
from activelearn.core.conformal import LikelyRule
from activelearn.core.intervals import Array, Groups
from activelearn.core.training import LinearModel
from bench import sets

SIXTEEN = tuple(f"l{k:02}" for k in range(16))


def model_of(labels: tuple[str, ...]) -> LinearModel:
    """Return a model whose scores are the columns of its rows."""
    n = len(labels)
    return LinearModel(labels, np.eye(n), np.zeros(n), np.arange(n))


def drawn(rng: np.random.Generator, count: int) -> tuple[Array, Groups]:
    """Return scores (count, 16), and the true label of each, which they tell a bit of."""
    truth = rng.integers(16, size=count)
    scores = rng.normal(size=(count, 16))
    scores[np.arange(count), truth] += rng.exponential(3, size=count)
    return scores, truth


def known(scores: Array, truth: Groups) -> Scored:
    labels = [(SIXTEEN[k],) for k in truth]
    return Scored(scores, labels, np.arange(len(truth)))


@pytest.mark.parametrize(
    ("count", "place"), [(18, None), (19, 19), (20, 20), (39, 38), (99, 95), (100, 96)]
)
def test_the_limit_is_the_quantile_of_a_finite_sample(
    count: int, place: int | None
) -> None:
    scores = np.random.default_rng(0).permutation(np.arange(1.0, count + 1))

    # ⌈(n + 1) 0.95⌉ of n; with fewer than 19 it would be beyond them all.
    assert conformal.limit(scores) == place


def test_labels_up_to_the_limit_of_its_part_are_likely_and_the_likeliest_always() -> (
    None
):
    rule = LikelyRule(100, (0.5,), (0.9, 0.1))
    table = np.array(
        [
            [0.4, 0.35, 0.15, 0.1],  # unsure: all of at least a tenth
            [
                0.6,
                0.3,
                0.08,
                0.02,
            ],  # surer: none of at least nine tenths, but the first
            [0.92, 0.05, 0.02, 0.01],
        ]
    )

    assert rule.likely(table).tolist() == [
        [True, True, True, True],
        [True, False, False, False],
        [True, False, False, False],
    ]
    everything = replace(rule, limits=(None, 0.1)).likely(table)
    assert everything[0].all()
    assert everything[1:].sum() == 2


def test_the_true_label_is_likely_as_often_as_promised_in_each_part() -> None:
    rng = np.random.default_rng(7)
    model = model_of(SIXTEEN)
    hits, sizes = [], []
    for _ in range(400):
        rule = conformal.fitted(model, known(*drawn(rng, 100)))
        assert rule is not None
        scores, truth = drawn(rng, 100)
        likely = rule.likely(model.of_scores(scores))
        hits.append(likely[np.arange(100), truth])
        sizes.append(likely.sum(axis=1))

    # Of 51 places 49 are kept, and the draws of a rule differ by Beta(49, 2).
    spread = stats.beta(49, 2).std() / np.sqrt(400)
    assert np.mean(hits) == pytest.approx(49 / 51, abs=4 * spread)
    assert 1.5 < np.mean(sizes) < 12
    # As few as are needed: surer items have fewer of them.
    assert np.std(sizes) > 1


def test_it_is_of_scores_as_they_were_fitted() -> None:
    scores, truth = drawn(np.random.default_rng(1), 200)
    plain = model_of(SIXTEEN)
    calibrated = replace(plain, calibration=Calibration((0.2,), (0.0,)))

    assert conformal.fitted(calibrated, known(scores, truth)) == conformal.fitted(
        plain, known(scores, truth)
    )


def test_with_too_few_labels_it_says_how_many_it_lacks() -> None:
    scores, truth = drawn(np.random.default_rng(1), 120)
    model = model_of(SIXTEEN)
    few = conformal.fitted(model, known(scores[:37], truth[:37]))
    assert few == LikelyRule(37)
    assert few.missing == 63

    # Two of a group tell as much as one.
    pairs = replace(known(scores, truth), groups=np.arange(120) // 2)
    assert conformal.fitted(model, pairs) == LikelyRule(60)
    enough = conformal.fitted(model, known(scores, truth))
    assert enough is not None
    assert (enough.count, enough.missing, len(enough.limits)) == (120, 0, 2)


def test_of_several_labels_there_is_no_rule() -> None:
    scores, truth = drawn(np.random.default_rng(1), 120)
    several = replace(model_of(SIXTEEN), is_multi=True)
    assert conformal.fitted(several, known(scores, truth)) is None


def test_likely_labels_have_their_names_of_today() -> None:
    model = model_of(("a", "b", "c", "d", "e", "f"))
    rule = LikelyRule(100, (0.5,), (0.85, 0.85))
    unsure = [0.2, 0.21, 0.01, 0.17, 0.01, 0.4]
    sure = [0.01, 0.02, 0.93, 0.02, 0.01, 0.01]
    # a and b are one now, d was retired, and the model has never seen g.
    today = {"ab", "c", "e", "f", "g"}
    translated = translation.translated(model, {"a": "ab", "b": "ab"}, today)
    rows = np.log(np.array([unsure, sure]))

    names = conformal.names_of(rule, translated, rows, today)

    # Three of five labels are too many to be of help.
    assert names == [[], ["c", "g"]]
    wider = today | {"i"}
    assert conformal.names_of(rule, translated, rows, wider) == [[], ["c", "g", "i"]]
    kept = today | {"d"}
    again = translation.translated(model, {"a": "ab", "b": "ab"}, kept)
    assert conformal.names_of(replace(rule, limits=(0.7, 0.7)), again, rows, kept) == [
        ["f", "g"],
        ["c", "g"],
    ]


@pytest.mark.soak
@pytest.mark.parametrize("name", ["banking77", "hwu64"])
def test_intents_are_held_as_promised_also_where_the_model_is_unsure(
    name: str,
) -> None:
    if not sets.is_at_hand(name):
        pytest.skip(f"The data set {name} is not here.")
    rows, truth = sets.loaded(name)
    sizes, hits, unsure = [], [], []
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(truth))
        taught, asked, rest = np.split(order, [800, 1100])
        taught = np.sort(taught)
        model = training.fit(rows[taught], [truth[p] for p in taught], is_multi=False)
        own = [truth[place] for place in asked]
        rule = conformal.fitted(
            model, Scored.of(model, rows[asked], own, np.arange(len(asked)))
        )
        assert rule is not None
        table = model.probabilities(rows[rest])
        likely = rule.likely(table)
        places = [model.labels.index(truth[p][0]) for p in rest]
        hits.append(likely[np.arange(len(rest)), places])
        sizes.append(likely.sum(axis=1).mean())
        best = np.sort(table, axis=1)
        margins = best[:, -1] - best[:, -2]
        unsure.append(hits[-1][margins <= np.quantile(margins, 0.25)])

    # A rule of 300 labels is off by chance: Beta of each part, five rules.
    spread = stats.beta(143, 8).std() / np.sqrt(5)
    assert np.mean(np.concatenate(hits)) >= 0.95 - 2 * spread
    assert np.mean(np.concatenate(unsure)) >= 0.9
    assert np.mean(sizes) < 12
