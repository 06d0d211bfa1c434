"""A fitted model made right as often as it says, where a few labels show that it helps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np

from activelearn.core import calibration, evaluation, vectors
from activelearn.core.calibration import Method, Reliability, Trial
from activelearn.core.evaluation import Labels, Probabilities
from activelearn.core.intervals import Array, Bools, Groups
from activelearn.core.training import LinearModel, Rows

CalibrationKind = Literal["none"] | Method


@dataclass(frozen=True)
class CalibrationReport:
    """How sure a version is beside how often it is right, on held-out labels.

    after: of calibrations that were fitted on other groups each; None where the version
    has none, because it did not help or there were too few labels to say. sets: of whole
    sets as they are served, where items may have several labels.
    """

    kind: CalibrationKind
    trial: Trial | None
    before: Reliability
    after: Reliability | None
    sets: Reliability | None = None


@dataclass(frozen=True)
class Scored:
    """Scores (n, n_labels) of items that were drawn at random, by what did not learn them.

    labels: n sets of labels. groups: (n,). arm: how many of them, the last ones, the model
    itself has learned from; their scores come from models that have not.
    """

    scores: Array
    labels: Sequence[Labels]
    groups: Groups
    arm: int = 0

    @classmethod
    def of(
        cls, model: LinearModel, rows: Rows, labels: Sequence[Labels], groups: Groups
    ) -> Self:
        """Return what a model says of items that it has not learned from.

        rows: (n, n_features).
        """
        # Without an item there are no columns to choose from either.
        scores = model.scores(rows) if labels else np.zeros((0, len(model.labels)))
        return cls(scores, labels, groups)

    @classmethod
    def none_of(cls, model: LinearModel) -> Self:
        """Return no items at all."""
        nobody = np.zeros(0, dtype=np.int64)
        return cls(np.zeros((0, len(model.labels))), [], nobody)

    def joined(self, arm: Array, labels: Sequence[Labels], groups: Groups) -> Scored:
        """Return these, and the scores of an arm, which other models have made.

        arm: (m, n_labels), with m sets of labels. groups: of all of them, these first.
        """
        scores = np.vstack([self.scores, arm])
        return Scored(scores, [*self.labels, *labels], groups, len(labels))


def calibrated(model: LinearModel, known: Scored) -> tuple[LinearModel, Trial]:
    """Return the model with the calibration that helps most, and what was tried.

    Of several methods the one with fewer numbers is taken, unless another one gains more
    than its standard error beyond that.
    """
    if len(known.labels) < calibration.FEWEST:
        none = np.zeros(len(known.labels))
        return model, replace(calibration.trial(none, none), arm=known.arm)
    has = evaluation.indicators(known.labels, model.labels)
    scores = known.scores

    def losses(table: Array) -> Array:
        given = Probabilities(model.labels, table, model.is_multi)
        return evaluation.log_losses(known.labels, given)

    def after(method: Method) -> Array:
        return losses(calibration.cross_fitted(scores, has, known.groups, method))

    before = losses(calibration.probabilities(scores, is_multi=model.is_multi))
    method: Method = "platt" if model.is_multi else "temperature"
    best = after(method)
    fewest = 0 if model.is_multi else vectors.fewest(len(model.labels))
    if 0 < fewest <= len(known.labels):
        other = after("vector")
        # It has to beat both, or it would be taken where a temperature does harm.
        if all(vectors.is_better(x, other) for x in (before, best)):
            method, best = "vector", other
    outcome = replace(
        calibration.trial(before, best),
        method=method,
        vector_from=fewest if fewest > len(known.labels) else 0,
        arm=known.arm,
    )
    if not outcome.helps:
        return model, outcome
    learned = calibration.fitted(scores, has, method)
    return replace(model, calibration=learned), outcome


def as_served(
    model: LinearModel, known: Scored, method: Method, groups: Groups
) -> Iterator[tuple[Bools, LinearModel]]:
    """Yield which of some items (n,), and the model that may be judged on these.

    That is the model itself where its calibration was fitted on none of their groups;
    elsewhere it is one with a calibration of the others, fitted as its own was.
    known: what its calibration was fitted on. groups: (n,), numbered as those are.
    """
    yield ~np.isin(groups, known.groups), model
    has = evaluation.indicators(known.labels, model.labels)
    for own, others in calibration.folds(known.groups):
        learned = calibration.fitted(known.scores[others], has[others], method)
        asked = np.isin(groups, known.groups[own])
        yield asked, replace(model, calibration=learned)


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
    given: Probabilities, sure: Array, labels: Sequence[Labels], groups: Groups
) -> Reliability:
    """Return how often whole sets are right; sure: (n,) how sure it is of each of them."""
    has = evaluation.indicators(labels, given.labels)
    is_known = np.array([set(row) <= set(given.labels) for row in labels])
    hits = (calibration.in_set(given.table) == has).all(axis=1) & is_known
    return calibration.reliability(sure, hits, groups)
