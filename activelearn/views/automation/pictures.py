"""The picture of a certificate: which risk each share of the pool would have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from activelearn.core.dial import ACCEPTING, CertifiedPart
from labeling.views.page.charts import Curve, Point, curve


@dataclass(frozen=True)
class RiskPicture:
    """The curve of the bounds; the lines of what was wrong, and of the promise."""

    part: CertifiedPart
    words: str
    curve: Curve
    observed: str
    promise: str

    @property
    def is_drawn(self) -> bool:
        """Whether there is anything to see: what is left to people has no risk."""
        levels = self.part.certified.levels
        return self.part.degree in ACCEPTING and len(levels) > 1


def pictures(parts: Sequence[tuple[CertifiedPart, str]]) -> list[RiskPicture]:
    """Return the pictures of parts, each with its words."""
    return [_picture(part, words) for part, words in parts]


def _picture(part: CertifiedPart, words: str) -> RiskPicture:
    levels = part.certified.levels
    most = max([2 * part.risk, *(level.observed for level in levels)])
    high = min(1.0, 1.5 * most)
    names = [f"{100 * level.share:.0f} %" for level in levels]
    lines = [
        curve(
            [Point(name, value) for name, value in zip(names, values, strict=True)],
            low=0.0,
            high=high,
        )
        for values in (
            [level.bound for level in levels],
            [level.observed for level in levels],
            [part.risk for _ in levels],
        )
    ]
    bounds, observed, promise = lines
    return RiskPicture(part, words, bounds, observed.line, promise.line)
