"""A model from what a snapshot says: the same for a run and for who repeats it."""

from __future__ import annotations

from activelearn.core import lessons, training
from activelearn.core.features import Rows
from activelearn.services.labels.snapshots import Content


def fitted(
    content: Content, rows: Rows, *, is_multi: bool, seed: int
) -> training.LinearModel:
    """Fit a model; rows: (n, n_features) of the snapshot's items, in its order.

    Raises ValueError where there are fewer than two classes to tell apart.
    """
    taught = lessons.taught(content.examples, is_multi=is_multi)
    # The usual case takes the rows as they are: to index them copies all of them.
    is_one_each = len(taught.places) == len(content.labels)
    return training.fit(
        rows if is_one_each else rows[taught.places],
        taught.targets,
        is_multi=is_multi,
        seed=seed,
        weights=taught.weights,
    )
