"""What a window comes to by each metric that an alarm may watch, and when alarms open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from activelearn.core.watching.gathering import Gathered, Moments
from activelearn.core.watching.verdicts import WindowEvidence

Metric = Literal["errors", "difference", "fall", "bugs", "reviews", "empty"]
# From where on each alarm fires, unless a project says else; None where it is off.
DEFAULTS: Final[dict[Metric, float | None]] = {
    "errors": 8.0,
    "difference": 0.3,
    "fall": 0.05,
    "bugs": 1.0,
    "reviews": None,
    "empty": None,
}


def value_of(
    metric: Metric, gathered: Gathered, evidence: WindowEvidence
) -> float | None:
    """Return what a window comes to; None where it says nothing of the metric.

    errors: the cumulative sum of labeled outcomes at its highest. difference: how far items
    or labels differ, in [0, 1]. fall: of the expected accuracy, in [0, 1]. bugs: measures
    that look broken. reviews, empty: shares of the items, in [0, 1].
    """
    if metric == "errors":
        return evidence.outcome.highest if evidence.outcome else None
    if metric == "difference":
        return difference(evidence)
    if metric == "fall":
        return evidence.expected_fall
    return _counted(metric, gathered, evidence)


def _counted(
    metric: Metric, gathered: Gathered, evidence: WindowEvidence
) -> float | None:
    # A window of labels alone has no items that were predicted.
    if not sum(gathered.confidences):
        return None
    if metric == "bugs":
        return float(len(evidence.bugs))
    if metric == "reviews":
        return gathered.review_rate
    return gathered.inputs.get("empty", Moments()).mean


def difference(evidence: WindowEvidence) -> float | None:
    """Return how far items or labels differ, in [0, 1]; None where neither was compared."""
    apart, mix = evidence.apart, evidence.mix
    if apart is None and mix is None:
        return None
    of_items = max(0.0, 2 * apart.auc - 1) if apart and apart.is_apart else 0.0
    return max(of_items, abs(mix.now - mix.before) if mix else 0.0)


def openings(values: Sequence[float | None], threshold: float) -> list[int]:
    """Return the places at which an alarm opens: what goes on is no second one.

    values: of windows, the oldest first. One of which a metric says nothing changes nothing.
    """
    opened, is_open = [], False
    for place, value in enumerate(values):
        if value is None:
            continue
        if value >= threshold and not is_open:
            opened.append(place)
        is_open = value >= threshold
    return opened
