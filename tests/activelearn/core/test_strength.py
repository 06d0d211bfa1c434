"""With which strength a table is fitted: known choices, and when one is due."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from activelearn.core import strength, training
from activelearn.core.crossfit import Lot
from activelearn.core.strength import ChosenStrength


def lot_of(noise: float, count: int = 160, columns: int = 40) -> Lot:
    """Return labels of which two columns tell, with some of them wrong."""
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(count, columns))
    is_right = rng.random(count) >= noise
    names = np.where((rows[:, 0] + rows[:, 1] > 0) == is_right, "a", "b")
    targets = [(str(name),) for name in names]
    return Lot(range(count), sparse.csr_matrix(rows), targets, np.arange(count))


def chosen(lot: Lot) -> ChosenStrength:
    return strength.chosen(lot, "table", is_multi=False, seed=0, step=lambda: None)


def test_a_table_has_a_stronger_penalty_than_texts_and_pictures() -> None:
    assert strength.usual("table") == ChosenStrength(1.0)
    assert strength.usual("text").value == training.STRENGTH == 10.0
    assert strength.usual("image").value == 10.0


def test_noise_wants_a_stronger_penalty_and_clear_columns_a_weaker_one() -> None:
    noisy, clear = chosen(lot_of(0.3)), chosen(lot_of(0.0, columns=3))

    assert (noisy.value, clear.value) == (0.1, 10.0)
    assert noisy.labels == 160
    assert noisy.losses is not None
    assert list(noisy.losses) == ["0.1", "1", "10"]
    assert noisy.losses["0.1"] < noisy.losses["1"] < noisy.losses["10"]


def test_the_usual_one_stays_where_none_is_clearly_better() -> None:
    alike = lot_of(0.0)
    # A label that nothing tells: every penalty is as bad.
    alike = Lot(alike.ids, alike.rows * 0, alike.targets, alike.groups)

    assert chosen(alike).value == 1.0


def test_the_loss_is_of_labels_that_were_not_learned() -> None:
    lot = lot_of(0.3)
    losses = chosen(lot).losses
    assert losses is not None
    terms = training.FitTerms(is_multi=False, strength=10.0)
    model = training.fit_by(terms, lot.rows, lot.targets)
    table = model.probabilities(lot.rows)
    own = [table[n, model.labels.index(row[0])] for n, row in enumerate(lot.targets)]

    assert losses["10"] > 2 * -np.log(own).mean()


@pytest.mark.parametrize(
    ("kind", "labels", "before", "is_due"),
    [
        ("table", 99, 0, False),
        ("table", 100, 0, True),
        ("table", 199, 100, False),
        ("table", 200, 100, True),
        # Texts and pictures gain nothing, and take seconds.
        ("text", 5000, 0, False),
        ("image", 5000, 0, False),
    ],
)
def test_it_is_chosen_from_a_hundred_labels_on_and_when_these_have_doubled(
    kind: str, labels: int, before: int, *, is_due: bool
) -> None:
    assert strength.is_due(kind, labels, before) is is_due


def test_a_fit_hears_of_it() -> None:
    lot = lot_of(0.2)
    weak, strong = (
        training.fit_by(
            training.FitTerms(is_multi=False, strength=value), lot.rows, lot.targets
        )
        for value in (0.1, 10.0)
    )

    assert np.abs(weak.weights).sum() < np.abs(strong.weights).sum()
    usual = training.fit(lot.rows, lot.targets, is_multi=False)
    assert np.array_equal(usual.weights, strong.weights)
