"""What a model is least sure of, unlike each other: k-means margin and its kin."""

from __future__ import annotations

from collections.abc import Callable

from activelearn.core import query
from activelearn.core.strategies.batches import ranked
from activelearn.core.strategies.scene import AT_ONCE, Rows, Scene, ServedRows
from activelearn.core.strategies.typical import typical
from activelearn.core.training import LinearModel


def unsure_by(name: str) -> Callable[[Scene], ServedRows]:
    """Return a strategy by a measure of ``query``: margin, least_confidence, entropy.

    Margin is the safest of them (on 69 data sets: Bahri et al. 2022, arXiv 2210.03822);
    entropy is often worse than chance where there are many labels.
    """

    def unsure(scene: Scene) -> ServedRows:
        model = scene.model()
        if model is None:
            return typical(scene)
        places = ranked(scene, doubts_of(model, scene, name))
        return ServedRows(name, places, len(places))

    return unsure


def doubts_of(
    model: LinearModel, scene: Scene, name: str, *, at_once: int = AT_ONCE
) -> query.Array:
    """Return (n,) in [0, 1] how unsure a model is of the rows without a label."""

    def score(rows: Rows) -> query.Array:
        return query.uncertainty(
            model.probabilities(rows), is_multi=scene.policy.is_multi, strategy=name
        )

    return scene.scored(score, at_once=at_once)
