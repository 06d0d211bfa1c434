"""A model's file: the same model, the same bytes; damage is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from activelearn.core import artifact, training
from tests.activelearn.core.clouds import clouds


def test_a_saved_model_comes_back_and_a_flipped_bit_is_refused() -> None:
    rows, truth = clouds()
    data = artifact.dump(training.fit(rows, truth, is_multi=False), {"kind": "x"})

    model, spec = artifact.load(data, artifact.digest(data))

    assert (model.labels, spec) == (("a", "b", "c"), {"kind": "x"})
    flipped = bytes([data[0] ^ 1]) + data[1:]
    with pytest.raises(artifact.DamagedError):
        artifact.load(flipped, artifact.digest(data))


@given(st.data())
def test_no_damage_goes_unseen(data: st.DataObject) -> None:
    model = training.LinearModel(("a", "b"), np.eye(2), np.zeros(2), np.arange(2))
    saved = artifact.dump(model, {"kind": "x"})
    at = data.draw(st.integers(0, len(saved) - 1))
    bit = 1 << data.draw(st.integers(0, 7))

    damaged = saved[:at] + bytes([saved[at] ^ bit]) + saved[at + 1 :]

    with pytest.raises(artifact.DamagedError):
        artifact.load(damaged, artifact.digest(saved))


def test_a_loaded_model_predicts_as_the_saved_one() -> None:
    rows = sparse.csr_matrix(
        ([1.0, 1.0, 1.0], ([0, 1, 2], [3, 90_000, 3])), (3, 100_000)
    )
    model = training.fit(rows, [("x",), ("y",), ("x",)], is_multi=False)

    loaded, _ = artifact.load(data := artifact.dump(model, {}), artifact.digest(data))

    assert np.array_equal(loaded.probabilities(rows), model.probabilities(rows))
