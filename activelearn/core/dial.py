"""Which predictions may be accepted: by its degree of automation and a certificate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from activelearn.core.certificate import Certified, Level, Promise, certify
from activelearn.core.evaluation import Labels
from activelearn.core.intervals import Array, Bools

# From nothing to everything that is left to the model.
DEGREES: Final = ("human", "shadow", "assistance", "partial", "full")
ACCEPTING: Final = frozenset({"partial", "full"})


@dataclass(frozen=True)
class PartTerms:
    """Predictions with a label that has its own dial, or with ``label`` empty all others.

    risk: most that may be wrong of what is accepted of them, in (0, 1).
    """

    label: str
    degree: str
    risk: float

    @property
    def accepts(self) -> bool:
        """Whether anything of it is accepted without a person."""
        return self.degree in ACCEPTING


@dataclass(frozen=True)
class CertifiedPart:
    """What is certified of a part; pool: items of it that no person has labeled."""

    label: str
    degree: str
    risk: float
    pool: int
    certified: Certified

    @property
    def threshold(self) -> float | None:
        """How sure the model has to be for it to be accepted; None: not at all."""
        level = self.level
        return level.threshold if level and self.degree in ACCEPTING else None

    @property
    def level(self) -> Level | None:
        """The loosest level at which the promise holds, whatever the degree."""
        return self.certified.accepted

    @property
    def qualifying(self) -> int:
        """How many items of the pool reach that level."""
        return round(self.level.share * self.pool) if self.level else 0


@dataclass(frozen=True)
class SureLabels:
    """What a model says of n items: their labels, and (n,) how sure it is of all of them."""

    labels: Sequence[Labels]
    sure: Array


def ordered(terms: Collection[PartTerms]) -> list[PartTerms]:
    """Return parts in the order in which a prediction is looked up: the strictest first.

    A prediction of several labels belongs to the first part that has one of them.
    """
    return sorted(
        terms,
        key=lambda part: (
            not part.label,
            DEGREES.index(part.degree),
            part.risk,
            part.label,
        ),
    )


def part_of(labels: Collection[str], names: Sequence[str]) -> str:
    """Return to which part a prediction belongs; names: of the parts, as ``ordered``."""
    return next((name for name in names if name and name in labels), "")


def certified_parts(
    drawn: SureLabels,
    right: Bools,
    pool: SureLabels,
    terms: Collection[PartTerms],
    doubt: float,
) -> list[CertifiedPart]:
    """Return what is certified of each part, with one doubt for all of them together.

    drawn, right: as in ``certify``, of n items. pool: what would be accepted.
    """
    parts = ordered(terms)
    names = [part.label for part in parts]
    of_drawn = np.array([part_of(labels, names) for labels in drawn.labels], dtype=str)
    of_pool = np.array([part_of(labels, names) for labels in pool.labels], dtype=str)
    # Each part may break its promise by itself, so they share the doubt.
    tested = max(1, sum(part.accepts for part in parts))
    return [
        CertifiedPart(
            part.label,
            part.degree,
            part.risk,
            int(np.sum(of_pool == part.label)),
            certify(
                drawn.sure[of_drawn == part.label],
                right[of_drawn == part.label],
                pool.sure[of_pool == part.label],
                Promise(part.risk, doubt / tested),
            ),
        )
        for part in parts
    ]


def is_accepted(
    labels: Collection[str], sure: float, parts: Sequence[CertifiedPart]
) -> bool:
    """Whether a prediction is accepted without a person; parts: of a certificate."""
    name = part_of(labels, [part.label for part in parts])
    part = next((part for part in parts if part.label == name), None)
    threshold = part.threshold if part else None
    return threshold is not None and sure >= threshold
