"""A fitted model made right as often as it says, where a few labels show that it helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from activelearn.core import calibration, evaluation
from activelearn.core.calibration import Reliability, Trial
from activelearn.core.evaluation import Labels, Probabilities
from activelearn.core.intervals import Array, Groups
from activelearn.core.training import LinearModel, Rows

Kind = Literal["none", "temperature", "platt"]


@dataclass(frozen=True)
class CalibrationReport:
    """How sure a version is beside how often it is right, on held-out labels.

    after: of calibrations that were fitted on other groups each; None where the version
    has none, because it did not help or there were too few labels to say. sets: of whole
    sets as they are served, where items may have several labels.
    """

    kind: Kind
    trial: Trial | None
    before: Reliability
    after: Reliability | None
    sets: Reliability | None = None


def calibrated(
    model: LinearModel, rows: Rows, labels: Sequence[Labels], groups: Groups
) -> tuple[LinearModel, Trial]:
    """Return the model with its calibration, if that helps, and what was tried.

    rows: (n, n_features) of items that were drawn at random and never learned from.
    labels: n sets of labels. groups: (n,).
    """
    if len(labels) < calibration.FEWEST:
        return model, calibration.trial(np.zeros(len(labels)), np.zeros(len(labels)))
    scores = model.scores(rows)
    has = evaluation.indicators(labels, model.labels)
    is_multi = model.is_multi
    tables = (
        calibration.probabilities(scores, is_multi=is_multi),
        calibration.cross_fitted(scores, has, groups, is_multi=is_multi),
    )
    before, after = (
        evaluation.log_losses(labels, Probabilities(model.labels, table, is_multi))
        for table in tables
    )
    outcome = calibration.trial(before, after)
    if not outcome.helps:
        return model, outcome
    learned = calibration.fitted(scores, has, is_multi=is_multi)
    return replace(model, calibration=learned), outcome


def cross_fitted(
    scores: Probabilities, labels: Sequence[Labels], groups: Groups
) -> Probabilities:
    """Return what a model would say with calibrations of other groups' labels.

    scores: its probabilities without calibration, in the labels of today.
    """
    table = calibration.cross_fitted(
        calibration.scores_of(scores.table, is_multi=scores.is_multi),
        evaluation.indicators(labels, scores.labels),
        groups,
        is_multi=scores.is_multi,
    )
    return replace(scores, table=table)


def reliability(
    given: Probabilities, labels: Sequence[Labels], groups: Groups
) -> Reliability:
    """Return the reliability of the likeliest label, or of each label where several."""
    has = evaluation.indicators(labels, given.labels)
    if given.is_multi:
        repeated = np.repeat(groups, len(given.labels))
        return calibration.reliability(given.table.ravel(), has.ravel(), repeated)
    best: Array = given.table.argmax(axis=1)
    places = np.arange(len(best))
    return calibration.reliability(given.table[places, best], has[places, best], groups)


def reliability_of_sets(
    scores: Probabilities,
    labels: Sequence[Labels],
    groups: Groups,
    *,
    is_calibrated: bool,
) -> Reliability:
    """Return the reliability of whole sets; calibrated ones by labels of other groups.

    scores: its probabilities without calibration, in the labels of today.
    """
    has = evaluation.indicators(labels, scores.labels)
    table, sure = scores.table, calibration.of_sets(scores.table)
    if is_calibrated:
        raw = calibration.scores_of(scores.table, is_multi=True)
        table = calibration.cross_fitted(raw, has, groups, is_multi=True)
        sure = calibration.cross_fitted_sets(raw, has, groups)
    is_known = np.array([set(row) <= set(scores.labels) for row in labels])
    hits = (calibration.in_set(table) == has).all(axis=1) & is_known
    return calibration.reliability(sure, hits, groups)
