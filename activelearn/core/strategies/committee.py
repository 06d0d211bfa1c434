"""A committee: models of different samples of the labels disagree."""

from __future__ import annotations

from typing import Final

import numpy as np

from activelearn.core import query
from activelearn.core.strategies.batches import ranked
from activelearn.core.strategies.scene import AT_ONCE, Rows, Scene, ServedRows
from activelearn.core.strategies.typical import typical
from activelearn.core.training import LinearModel

MEMBERS: Final = 5


def committee(scene: Scene) -> ServedRows:
    """Serve what models of bootstrap samples disagree on most.

    Query by bagging (Abe and Mamitsuka 1998, ICML, 1–9), by how far a member is from what
    all say together. Good where labels are noisy and there is time for five fits.
    """
    members = [] if scene.is_cold else _members(scene)
    if len(members) < 2:
        return typical(scene)
    names = sorted({label for labels in scene.targets for label in labels})

    def score(rows: Rows) -> query.Array:
        votes = np.array([_vote(member, rows, names) for member in members])
        return _disagreement(votes, is_multi=scene.policy.is_multi)

    by_votes = scene.policy.limits.votes // (len(members) * len(names))
    at_once = max(1, min(AT_ONCE, by_votes))
    places = ranked(scene, scene.scored(score, at_once=at_once))
    return ServedRows("committee", places, len(places))


def _members(scene: Scene) -> list[LinearModel]:
    """Return models of bootstrap samples; none of one that tells nothing apart."""
    rng, size = scene.chance(), len(scene.labeled)
    drawn = [np.sort(rng.integers(size, size=size)) for _ in range(MEMBERS)]
    return [model for places in drawn if (model := scene.model(places))]


def _vote(member: LinearModel, rows: Rows, names: list[str]) -> query.Array:
    """Return (n, n_labels) what a member says; what it has not seen has no chance."""
    table = np.zeros((rows.shape[0], len(names)))
    columns = [names.index(label) for label in member.labels]
    table[:, columns] = member.probabilities(rows)
    return table


def _disagreement(tables: query.Array, *, is_multi: bool) -> query.Array:
    """Return (n,) in [0, 1]; of several labels, the mean over these."""
    if not is_multi:
        return query.disagreement(tables)
    by_label = [
        query.disagreement(np.stack([votes, 1 - votes], axis=2))
        for votes in np.moveaxis(tables, 2, 0)
    ]
    return np.asarray(np.mean(by_label, axis=0))
