"""Class-balanced margin: what a model is unsure of, labels with few examples first."""

from __future__ import annotations

from collections import Counter

import numpy as np

from activelearn.core import query
from activelearn.core.strategies.batches import ranked
from activelearn.core.strategies.scene import Rows, Scene, ServedRows
from activelearn.core.strategies.typical import typical


def balanced(scene: Scene) -> ServedRows:
    """Serve what is unsure, weighted by 1/√n of the n labels that the likeliest one has.

    Margin alone asks most about large classes that are hard to tell apart. Good where some
    labels are rare; the root of the counts is what large sets of pictures are balanced by
    (Mahajan et al. 2018, arXiv 1805.00932).
    """
    model = scene.model()
    if model is None:
        return typical(scene)
    counts = Counter(label for labels in scene.targets for label in labels)
    weights = np.array([1 / np.sqrt(counts[label]) for label in model.labels])
    weights /= weights.max()

    def score(rows: Rows) -> query.Array:
        table = model.probabilities(rows)
        doubts = query.uncertainty(table, is_multi=scene.policy.is_multi)
        return doubts * weights[table.argmax(axis=1)]

    places = ranked(scene, scene.scored(score))
    return ServedRows("balanced", places, len(places))
