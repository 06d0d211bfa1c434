"""BADGE: items that would change the model much, each in another way."""

from __future__ import annotations

from typing import Final

import numpy as np
from threadpoolctl import threadpool_limits

from activelearn.core import diversity, query
from activelearn.core.strategies.scene import Places, Scene, ServedRows
from activelearn.core.strategies.typical import typical
from activelearn.core.strategies.unsure import doubts_of

# Of more labels, those of the largest gradients: each takes 50 numbers an item.
MOST_LABELS: Final = 50


def badge(scene: Scene) -> ServedRows:
    """Serve a batch that k-means++ finds among the gradients, then the least sure items.

    The gradient of an item is (p - y) ⊗ x, with y the label that the model expects (Ash et
    al. 2020, ICLR, arXiv 1906.03671); x is its 50 coordinates here, and the items are the
    least sure ones. Good for large batches.
    """
    model = scene.model()
    if model is None:
        return typical(scene)
    scores = doubts_of(model, scene, "margin")
    unsure = query.least_sure(scores, scene.policy.limits.window, scene.chance())
    rows = scene.rows[scene.places[unsure]]
    table = model.probabilities(rows)
    errors = table - _expected(table, is_multi=scene.policy.is_multi)
    points = diversity.compact(rows, scene.policy.seed)
    first = _far_apart(errors, points, scene)
    rest = np.setdiff1d(np.arange(len(unsure)), first)
    places = scene.places[unsure[np.concatenate([first, rest])]]
    return ServedRows("badge", places, len(places))


def _expected(table: query.Array, *, is_multi: bool) -> query.Array:
    """Return (n, n_labels) the labels that are expected, as 0 and 1."""
    if is_multi:
        return (table >= 0.5).astype(np.float64)
    return np.eye(table.shape[1])[table.argmax(axis=1)]


def _far_apart(errors: query.Array, points: query.Array, scene: Scene) -> Places:
    """Return the batch: k-means++ on errors (n, n_labels) times points (n, d)."""
    from sklearn.cluster import kmeans_plusplus

    count = min(scene.policy.limits.batch, len(points))
    largest = np.argsort(-np.abs(errors).sum(axis=0), kind="stable")[:MOST_LABELS]
    gradients = errors[:, largest, None] * points[:, None, :]
    with threadpool_limits(limits=1):
        _, picked = kmeans_plusplus(
            gradients.reshape(len(points), -1), count, random_state=scene.policy.seed
        )
    # Where gradients are equal it picks some of them twice.
    return np.array(list(dict.fromkeys(picked.tolist())), dtype=np.int64)
