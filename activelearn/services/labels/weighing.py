"""How much each label counts in a fit: by where it comes from, and by its age."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from activelearn.models import LearningPolicy
from labeling.models import Resolution
from labeling.services.votes.resolutions import CurrentLabel

Source = Resolution.Source
LEAST: Final = 1e-3


def learned_from(
    project_id: int, labels: Sequence[CurrentLabel]
) -> Sequence[CurrentLabel]:
    """Return the labels that models learn from: none that one gave, unless the policy says.

    Nothing learns from its own guesses unnoticed.
    """
    if all(label.source != Source.AUTO for label in labels):
        return labels
    if LearningPolicy.of(project_id).weight_auto > 0:
        return labels
    return [label for label in labels if label.source != Source.AUTO]


def weights_of(project_id: int, labels: Sequence[CurrentLabel]) -> list[float]:
    """Return the weight of each label, above 0; all are 1 unless the project says else.

    A label has half the weight for each half-life that it is older than the newest one:
    not than this moment, for the same labels must weigh the same whenever one looks.
    """
    policy = LearningPolicy.of(project_id)
    by_source = {
        str(Source.EXPERT): policy.weight_expert,
        str(Source.GOLD): policy.weight_gold,
        str(Source.CONSENSUS): policy.weight_consensus,
        str(Source.AUTO): policy.weight_auto,
    }
    half_life = timedelta(days=policy.half_life_days)
    newest = max((label.since for label in labels), default=None)
    weights = []
    for label in labels:
        weight = by_source.get(label.source, 1.0)
        if half_life and newest is not None:
            weight *= 0.5 ** ((newest - label.since) / half_life)
        # A weight of nothing would take the label out of the fit without a word.
        weights.append(max(weight, LEAST))
    return weights
