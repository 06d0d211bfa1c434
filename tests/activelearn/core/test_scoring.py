"""What a model says of many items: each once, in order, with its own likeliest label."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from activelearn.core.calibration import AS_IT_IS
from activelearn.core.features import Table
from activelearn.core.scoring import CHUNK, scored

LABELS = ("dog", "cat", "owl")


class Remainder:
    """Says of a row with the value ``v`` that it is label ``v % 3``, at 0.5."""

    labels = LABELS
    is_multi = False
    whole = AS_IT_IS

    def probabilities(self, rows: Any) -> Any:
        values = rows.toarray().ravel().astype(int)
        probabilities = np.full((len(values), len(LABELS)), 0.25)
        probabilities[np.arange(len(values)), values % 3] = 0.5
        return probabilities


def test_each_item_is_said_once_also_beyond_one_chunk() -> None:
    ids = np.arange(1, CHUNK + 3)
    table = Table(ids, sparse.csr_matrix(ids.reshape(-1, 1).astype(np.float64)))

    chunks = list(scored(Remainder(), table, ids.tolist()))

    assert [len(chunk) for chunk in chunks] == [CHUNK, 2]
    scores = [score for chunk in chunks for score in chunk]
    assert scores == [(pk, LABELS[pk % 3], 0.5) for pk in ids.tolist()]


def test_of_no_items_nothing_is_said() -> None:
    table = Table(np.array([], dtype=int), sparse.csr_matrix((0, 1)))
    assert list(scored(Remainder(), table, [])) == []
