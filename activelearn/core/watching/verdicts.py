"""What all tests of a window mean together, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from activelearn.core.watching.gathering import Gathered, Moments
from activelearn.core.watching.outcomes import OutcomeTest
from activelearn.core.watching.shifts import MIX_P, ApartTest, MixTest

ShiftKind = Literal["none", "data bug", "prior", "covariate", "concept"]
Light = Literal["green", "yellow", "red", "gray"]
Remedy = Literal["nothing", "mend the data", "wait", "ask people", "retrain"]
# A fall of the expected accuracy that raises the audits, in [0, 1].
FALL: Final = 0.03
# How much more often something is missing, empty, unseen or repeated, for a data bug.
_BUG: Final = 0.1
_BUG_SIZE: Final = 100
_BROKEN: Final = ("empty", "missing", "unseen", "repeated")


@dataclass(frozen=True)
class WindowEvidence:
    """What was seen of a window.

    bugs: the measures that say that the data are broken. expected_fall: of the accuracy by
    the model's own confidence, in [0, 1]; None where it is not calibrated.
    """

    size: int
    bugs: list[str] = field(default_factory=list)
    mix: MixTest | None = None
    apart: ApartTest | None = None
    expected_fall: float | None = None
    outcome: OutcomeTest | None = None

    @property
    def is_mixed(self) -> bool:
        """Whether labels are predicted in another mix."""
        return self.mix is not None and self.mix.p < MIX_P

    @property
    def is_apart(self) -> bool:
        """Whether the items themselves are others."""
        return self.apart is not None and self.apart.is_apart

    @property
    def is_harmed(self) -> bool:
        """Whether labels show that the model errs more often."""
        return self.outcome is not None and self.outcome.state == "alarm"


@dataclass(frozen=True)
class Verdict:
    """What a window is, how bad that is, and what to do about it."""

    kind: ShiftKind
    light: Light
    act: Remedy


def verdict(evidence: WindowEvidence) -> Verdict:
    """Return what the evidence means.

    A model is to be retrained only where labels show harm: other items alone do none, and
    broken data would only teach it what is wrong. Harm with the same items as before is
    another concept.
    """
    if evidence.bugs:
        return Verdict("data bug", "red", "mend the data")
    if evidence.is_harmed:
        kind: ShiftKind = "covariate" if evidence.is_apart else "concept"
        return Verdict(kind, "red", "retrain")
    return _without_harm(evidence)


def _without_harm(evidence: WindowEvidence) -> Verdict:
    if evidence.is_apart:
        is_expected = (evidence.expected_fall or 0.0) > FALL
        return Verdict("covariate", "yellow", "ask people" if is_expected else "wait")
    if evidence.is_mixed:
        return Verdict("prior", "yellow", "wait")
    is_warned = evidence.outcome is not None and evidence.outcome.state == "warn"
    if is_warned:
        return Verdict("none", "yellow", "ask people")
    return Verdict("none", "green" if evidence.size else "gray", "nothing")


def bugs(before: Gathered, now: Gathered) -> list[str]:
    """Return the measures that say that data are broken: ten points more than before.

    What is empty, missing, unseen or repeated; each column of a table is looked at, too.
    """
    if now.size < _BUG_SIZE or before.size < _BUG_SIZE:
        return []
    return [
        name
        for name, moments in now.inputs.items()
        if name.split(":")[0] in _BROKEN
        and moments.mean - before.inputs.get(name, Moments()).mean > _BUG
    ]


def moved(
    before: Gathered, now: Gathered, most: int = 5
) -> Sequence[tuple[str, float]]:
    """Return the measures that moved most, in deviations of before, the largest first."""
    moves = [
        (name, (now.inputs[name].mean - moments.mean) / moments.deviation)
        for name, moments in before.inputs.items()
        if name in now.inputs and moments.deviation
    ]
    return sorted(moves, key=lambda move: -abs(move[1]))[:most]
