"""What models predict of items that others of their kind have learned from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from activelearn.core import crossfit, training
from activelearn.core.crossfit import Lot


def noise(n: int, *, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    return sparse.csr_matrix(rng.normal(size=(n, 400)).astype(np.float32))


def crossed(lot: Lot) -> crossfit.CrossFit:
    def fit(places: list[int]) -> training.LinearModel | None:
        targets = [lot.targets[place] for place in places]
        if len(set(targets)) < 2:
            return None
        return training.fit(lot.rows[places], targets, is_multi=False)

    names = sorted({name for names in lot.targets for name in names})
    return crossfit.crossed(fit, lot, tuple(names))


def right(lot: Lot, by: crossfit.CrossFit) -> float:
    truth = dict(zip(lot.ids, lot.targets, strict=True))
    best = by.scores.argmax(axis=1)
    hits = [
        truth[int(item)] == (by.labels[place],)
        for item, place in zip(by.ids, best, strict=True)
    ]
    return float(np.mean(hits))


def test_c10_no_item_is_predicted_by_what_has_learned_from_it_or_its_group() -> None:
    # Labels by lot: whoever has not learned an item's own label can only guess.
    rows = noise(100)
    labels = [(f"c{n}",) for n in np.random.default_rng(1).integers(2, size=100)]
    lot = Lot(range(100), rows, labels, np.arange(100))
    model = training.fit(rows, labels, is_multi=False)
    learned = training.predicted_labels(model, model.probabilities(rows))

    alone = right(lot, crossed(lot))
    twice = Lot(
        range(200),
        sparse.vstack([rows, rows], format="csr"),
        labels * 2,
        np.arange(200) % 100,
    )
    by_group = right(twice, crossed(twice))
    by_item = right(twice, crossed(replace(twice, groups=np.arange(200))))

    assert learned == labels
    assert 0.3 < alone < 0.7
    assert 0.3 < by_group < 0.7
    assert by_item > 0.8


def test_a_rare_label_is_known_to_who_predicts_it_where_two_groups_have_it() -> None:
    labels = [("a",)] * 30 + [("b",)] * 30 + [("rare",)] * 2 + [("once",)]
    lot = Lot(range(63), noise(63), labels, np.arange(63))

    predicted = crossed(lot)

    assert predicted.labels == ("a", "b", "once", "rare")
    # No model that has not learned the last one knows its label.
    assert predicted.ids.tolist() == list(range(62))
    assert np.isfinite(predicted.scores).all()
    # What a model does not know it finds less likely than all that it knows.
    once = predicted.scores[:, 2]
    assert (once <= np.delete(predicted.scores, 2, axis=1).max(axis=1)).all()


def test_folds_are_as_many_as_told_of_much_the_same_size_and_always_the_same() -> None:
    targets = [(f"c{n % 3}",) for n in range(90)]
    groups = np.arange(90) // 2

    folds = crossfit.dealt(groups, targets)

    assert np.bincount(folds).tolist() == [18] * crossfit.FOLDS
    assert (folds == crossfit.dealt(groups, targets)).all()
    assert (folds[::2] == folds[1::2]).all()


def test_its_file_gives_back_what_it_was_made_of() -> None:
    lot = Lot([4, 7, 9, 11], noise(4), [("a",), ("b",)] * 2, np.arange(4))
    predicted = crossed(lot)

    again = crossfit.load(crossfit.dump(predicted))

    assert again.labels == predicted.labels
    assert again.ids.tolist() == predicted.ids.tolist()
    assert (again.scores == predicted.scores).all()
    assert crossfit.dump(again) == crossfit.dump(predicted)
