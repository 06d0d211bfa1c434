"""The evidence of a window beside what a version was made with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from activelearn.core import dense
from activelearn.core.watching import shifts, verdicts
from activelearn.core.watching.gathering import Gathered
from activelearn.core.watching.outcomes import OutcomeTest
from activelearn.core.watching.verdicts import WindowEvidence


@dataclass(frozen=True)
class SampledWindow:
    """What is known of a window: its counts, and a random sample of its rows (n, d).

    names: what was predicted of each of these rows. confidence: how right the version
    expects to be, in [0, 1]; None where it is not calibrated.
    """

    gathered: Gathered
    rows: shifts.Array
    names: Sequence[str]
    confidence: float | None = None


def few_columns(rows: Any) -> shifts.Array:
    """Return rows (n, n_features) in at most 64 columns."""
    columns = dense.narrowed(dense.columns_of(rows))
    return shifts.narrowed(columns.astype(np.float64))


def evidence_of(
    before: SampledWindow, now: SampledWindow, outcome: OutcomeTest | None, seed: int
) -> WindowEvidence:
    """Return the evidence of a window, whose rows are compared at the same mix of labels."""
    return WindowEvidence(
        now.gathered.size,
        bugs=verdicts.bugs(before.gathered, now.gathered),
        mix=shifts.class_mix(before.gathered.classes, now.gathered.classes),
        apart=_apart(before, now, seed),
        expected_fall=_fall(before, now),
        outcome=outcome,
    )


def _apart(
    before: SampledWindow, now: SampledWindow, seed: int
) -> shifts.ApartTest | None:
    random = np.random.default_rng(seed)
    places = shifts.same_mix(before.names, now.names, random)
    return shifts.apart(before.rows[places], now.rows[: shifts.REFERENCE], seed)


def _fall(before: SampledWindow, now: SampledWindow) -> float | None:
    if before.confidence is None or now.confidence is None:
        return None
    return before.confidence - now.confidence
