"""What is predicted of labeled items by models that have not learned from them.

A model is right more often on what it has learned from than elsewhere, and surer. So the
items are dealt into folds, and each fold is predicted by a model of all others
(cross-validatory prediction: Stone 1974, Journal of the Royal Statistical Society B
36:111–147).
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from activelearn.core import vectors
from activelearn.core.evaluation import Labels, indicators
from activelearn.core.features import Ids, Rows
from activelearn.core.intervals import Array, Bools, Groups
from activelearn.core.training import LinearModel

FOLDS: Final = 5
# From the places of some examples, a model of them; None where they tell nothing apart.
Fit: TypeAlias = Callable[[list[int]], LinearModel | None]


@dataclass(frozen=True)
class CrossFit:
    """Scores (n, n_labels) of items, each by a model that learned from none of its group.

    ids: (n,) the items, sorted. An item is left out where that model does not know all
    of its labels.
    """

    labels: Labels
    ids: Ids
    scores: Array

    def of(self, items: Collection[int]) -> CrossFit:
        """Return it of some items alone."""
        places = np.flatnonzero(np.isin(self.ids, list(items)))
        return CrossFit(self.labels, self.ids[places], self.scores[places])


def dealt(groups: Groups, targets: Sequence[Labels], count: int = FOLDS) -> Ids:
    """Return (n,) the fold of each item, of ``count``: a group shares one, a label is in many.

    groups: (n,). targets: n sets of labels. By chance, but the same each time.
    """
    names, first, group_of = np.unique(groups, return_index=True, return_inverse=True)
    chance = np.random.default_rng(0).permutation(len(names))
    # One after the other by label: a rare one would else be in one fold alone, and
    # unknown to the only model that predicts it.
    order = sorted(range(len(names)), key=lambda n: (targets[int(first[n])], chance[n]))
    folds = np.zeros(len(names), dtype=np.int64)
    folds[order] = np.arange(len(names)) % count
    return folds[group_of]


@dataclass(frozen=True)
class Lot:
    """Labeled items, sorted: rows (n, n_features), n sets of labels, groups (n,)."""

    ids: Sequence[int]
    rows: Rows
    targets: Sequence[Labels]
    groups: Groups


def crossed(fit: Fit, lot: Lot, labels: Labels) -> CrossFit:
    """Return what is predicted of each item by a model of the other folds.

    labels: those of a model of all of the items.
    """
    has = indicators(lot.targets, labels)
    scores = np.zeros(has.shape)
    is_kept = np.zeros(len(lot.ids), dtype=np.bool_)
    folds = dealt(lot.groups, lot.targets)
    for fold in np.unique(folds):
        own = folds == fold
        model = fit(np.flatnonzero(~own).tolist())
        if model is not None:
            scores[own], is_known = _spread(model, lot.rows[own], labels)
            is_kept[own] = ~(has[own] & ~is_known).any(axis=1)
    ids = np.array(lot.ids, dtype=np.int64)
    return CrossFit(labels, ids[is_kept], scores[is_kept])


def _spread(model: LinearModel, rows: Rows, labels: Labels) -> tuple[Array, Bools]:
    """Return scores (n, n_labels) of ``labels``, and (n_labels,) which the model knows."""
    known = model.scores(rows)
    # Less likely than none that it knows, and never sure: it has not seen it at all.
    lowest = known.min(axis=1, keepdims=True)
    scores = np.repeat(np.minimum(lowest, 0), len(labels), axis=1)
    places = [labels.index(name) for name in model.labels]
    scores[:, places] = known
    if not model.is_multi:
        # As those of a whole model are.
        scores = vectors.centered(scores)
    is_known = np.zeros(len(labels), dtype=np.bool_)
    is_known[places] = True
    return scores, is_known


def dump(crossfit: CrossFit) -> bytes:
    """Return it as the content of a file; the same, the same bytes."""
    head = json.dumps(list(crossfit.labels)).encode()
    body = io.BytesIO()
    for array in (crossfit.ids, crossfit.scores):
        np.lib.format.write_array(body, np.ascontiguousarray(array), allow_pickle=False)
    return len(head).to_bytes(8, "big") + head + body.getvalue()


def load(data: bytes) -> CrossFit:
    """Return what ``dump`` has packed."""
    size = int.from_bytes(data[:8], "big")
    body = io.BytesIO(data[8 + size :])
    ids = np.lib.format.read_array(body, allow_pickle=False)
    scores = np.lib.format.read_array(body, allow_pickle=False)
    return CrossFit(tuple(json.loads(data[8 : 8 + size])), ids, scores)
