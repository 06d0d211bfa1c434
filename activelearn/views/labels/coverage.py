"""What the figures leave out, as a bar and its table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from activelearn.services.labels import coverage
from activelearn.services.labels import rare as rare_labels

# The parts in the bar's order.
PARTS: Final[dict[str, Promise]] = {
    "firm": _("an expert's label, or a known one"),
    "agreed": _("a label of several votes"),
    "single": _("a label of one vote"),
    "beyond": _("held out for a rare label: they count in its figures alone"),
    "undecided": _("truly ambiguous: no single answer is right"),
    "disputed": _("disputed votes: an expert is asked"),
    "skipped": _("no answer, and somebody skipped it"),
    "waiting": _("no label yet"),
}


@dataclass(frozen=True)
class BarPart:
    """Some of the held-out items. start and share: in percent of the bar."""

    kind: str
    words: Promise
    items: int
    start: float
    share: float


@dataclass(frozen=True)
class CoverageShown:
    """The parts of the held-out items, and what the worst case makes of an accuracy."""

    counts: coverage.Coverage
    parts: list[BarPart]
    at_least: float | None
    rare: rare_labels.RareLabels | None


def shown(
    counts: coverage.Coverage,
    accuracy: float | None,
    rare: rare_labels.RareLabels | None = None,
) -> CoverageShown | None:
    """Return the bar; None where nothing is held out and no label is rare.

    accuracy: of the version that is shown, as far as it was judged.
    """
    if not (counts.items or (rare and rare.labels)):
        return None
    parts: list[BarPart] = []
    start = 0.0
    for name, words in PARTS.items():
        items: int = getattr(counts, name)
        share = 100 * items / max(1, counts.items)
        parts.append(BarPart(name, words, items, start, share))
        start += share
    worst = None
    if accuracy is not None and counts.hard:
        worst = counts.at_least(accuracy)
    return CoverageShown(counts, parts, worst, rare)
