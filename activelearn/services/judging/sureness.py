"""What a version says of held-out items, and how sure it is of each as a whole."""

from __future__ import annotations

from activelearn.core import calibration, training
from activelearn.core.dial import SureLabels
from activelearn.services.judging import evidence


def on_held_out(witness: evidence.Opened, items: evidence.Held) -> SureLabels:
    """Return the predictions of held-out items, as sure as those that serve are.

    Where the version's calibration was fitted on an item, it is predicted by a calibration
    of the others. Raises NotFoundError where the project has been deleted.
    """
    model = witness.model
    scores = model.model.scores(witness.table.rows_of(list(items.truth)))
    if model.is_calibrated:
        table, sure = evidence.as_served_table(witness, scores, items)
    else:
        table = model.uncalibrated.of_scores(scores)
        sure = calibration.of_sets(table)
    labels = training.predicted_labels(model, table)
    return SureLabels(labels, sure if model.is_multi else table.max(axis=1))
