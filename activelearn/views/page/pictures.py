"""Pictures of the models page as numbers a template can draw: SVG from the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from activelearn.core import intervals
from activelearn.core.calibration import Reliability
from activelearn.core.intervals import Estimate
from activelearn.core.report import Report
from activelearn.models import Evaluation, LearningPolicy, ModelVersion
from labeling.views.page import charts
from labeling.views.page.charts import Curve, Point, curve

# A square picture, and what is left of it beside its axes.
SIDE: Final = 320
LEFT: Final = 44
TOP: Final = 12
BOTTOM: Final = 288
RIGHT: Final = 308
# With more labels than this, a matrix shows only those that are confused most.
MOST_LABELS: Final = 12
CELL: Final = 40
MARGIN: Final = 120
BAR_LEFT: Final = 150
BAR_RIGHT: Final = 610


@dataclass(frozen=True)
class History:
    """The held-out figures of versions, oldest first; names and promotions beside."""

    macro_f1: Curve
    accuracy: Curve
    versions: list[tuple[float, ModelVersion]]


def history_of(versions: Sequence[ModelVersion]) -> History | None:
    """Return the figures of versions that were judged; a single one is no history.

    versions: newest first.
    """
    judged = [version for version in reversed(versions) if version.evidence]
    if len(judged) < 2:
        return None
    curves = [
        curve([_point(version, name) for version in judged], low=0.0, high=1.0)
        for name in ("macro_f1", "accuracy")
    ]
    places = [dot.x for dot in curves[0].dots]
    return History(curves[0], curves[1], list(zip(places, judged, strict=True)))


def _point(version: ModelVersion, name: str) -> Point:
    figure: Estimate = getattr(version.evaluation.summary, name)
    return Point(str(version.number), figure.value, figure.low, figure.high)


@dataclass(frozen=True)
class Mark:
    """A bin where it stands: its dot, and the ends of its interval."""

    x: float
    y: float
    low: float
    high: float
    kind: str


@dataclass(frozen=True)
class Diagram:
    """How often predictions are right, over how sure the model was of them."""

    marks: list[Mark]
    ticks: list[tuple[float, float, float]]


def diagram_of(before: Reliability, after: Reliability | None) -> Diagram:
    """Return the reliability diagram; what a calibration has made stands on top."""
    pairs = [("before", before), *([("after", after)] if after else [])]
    marks = [
        Mark(
            _x(part.confidence),
            _y(part.right.value),
            _y(part.right.low),
            _y(part.right.high),
            kind,
        )
        for kind, reliability in pairs
        for part in reliability.bins
    ]
    quarters = [quarter / 4 for quarter in range(5)]
    return Diagram(marks, [(_x(at), _y(at), at) for at in quarters])


def _x(share: float) -> float:
    return round(LEFT + (RIGHT - LEFT) * share, 1)


def _y(share: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * share, 1)


@dataclass(frozen=True)
class ConfusionCell:
    """How many items of a true label were predicted to be another one, or the same.

    strength: in [0, 1], the share of the true label's items.
    """

    x: int
    y: int
    truth: str
    predicted: str
    items: int
    strength: float

    @property
    def is_right(self) -> bool:
        """Whether it is on the diagonal."""
        return self.truth == self.predicted

    @property
    def is_dark(self) -> bool:
        """Whether its number is hard to read in the usual color."""
        return self.strength > 0.55


@dataclass(frozen=True)
class Matrix:
    """The confusion matrix of the labels that are mixed up most."""

    cells: list[ConfusionCell]
    names: list[tuple[int, str]]
    size: int
    left_out: int

    @property
    def breadth(self) -> str:
        """How many labels it has, as the style sheet calls that."""
        return {0: "few", 1: "some"}.get((len(self.names) - 1) // 4, "many")


def matrix_of(report: Report) -> Matrix | None:
    """Return the confusion matrix; where items have several labels there is none."""
    confusions = report.figures.confusions
    if not confusions:
        return None
    sizes: Counter[str] = Counter()
    mixed: Counter[str] = Counter()
    for entry in confusions:
        sizes[entry.truth] += entry.items
        for label in (entry.truth, entry.predicted):
            # Each label stands in the order, also one that is never mixed up.
            mixed[label] += entry.items * (entry.truth != entry.predicted)
    most = sorted(mixed, key=lambda label: (-mixed[label], label))[:MOST_LABELS]
    place = {label: MARGIN + CELL * n for n, label in enumerate(sorted(most))}
    cells = [
        ConfusionCell(
            place[entry.predicted],
            place[entry.truth],
            entry.truth,
            entry.predicted,
            entry.items,
            round(entry.items / sizes[entry.truth], 3),
        )
        for entry in confusions
        if entry.truth in place and entry.predicted in place
    ]
    names = [(at, label) for label, at in place.items()]
    # One more: the last name leans beyond its column.
    size = MARGIN + CELL * (len(place) + 1)
    return Matrix(cells, names, size, len(mixed) - len(place))


@dataclass(frozen=True)
class Bar:
    """A share of the held-out items with its interval, in place."""

    name: Promise
    kind: str
    items: int
    share: Estimate
    y: int
    width: float
    low: float
    high: float


@dataclass(frozen=True)
class GainBar:
    """By how much the accuracy grows, and the least of it that is as good as certain.

    value, bound and margin are shares; what ends in x, start and width are places.
    margin: what the rule lets a version lose, or None where it names none.
    """

    value: float
    bound: float
    y: int
    start: float
    width: float
    value_x: float
    bound_x: float
    margin: float | None
    margin_x: float

    @property
    def kind(self) -> str:
        """Its color: whether it is a gain."""
        return "good" if self.value >= 0 else "bad"


@dataclass(frozen=True)
class Gate:
    """What a version fixes and breaks of what served before, and what it gains.

    ticks: places with their percents; zero: where no share is.
    """

    bars: list[Bar]
    gain: GainBar
    zero: float
    ticks: list[tuple[float, float]]


@dataclass(frozen=True)
class _Scale:
    """Where a share stands between the first tick and the last."""

    ticks: list[float]

    def x(self, share: float) -> float:
        """Return the place of a share; one beyond the ticks stands at their end."""
        first, last = self.ticks[0], self.ticks[-1]
        at = (min(last, max(first, share)) - first) / (last - first)
        return round(BAR_LEFT + (BAR_RIGHT - BAR_LEFT) * at, 1)


def gate_of(evaluation: Evaluation) -> Gate:
    """Return the gate's picture: shares of the items that only one of the two has right."""
    n = max(1, evaluation.items)
    fixed, broken = (
        intervals.wilson(items / n, evaluation.items)
        for items in (evaluation.better, evaluation.worse)
    )
    gain = fixed.value - broken.value
    margin = _margin(evaluation)
    least = min(0.0, gain, evaluation.lower_bound, -(margin or 0.0))
    scale = _Scale(charts.round_ticks(least, max(fixed.high, broken.high)))
    return Gate(
        [
            _bar(scale, (_("fixes"), "good"), (evaluation.better, fixed), 16),
            _bar(scale, (_("breaks"), "bad"), (evaluation.worse, broken), 56),
        ],
        _gain_bar(scale, gain, evaluation.lower_bound, margin),
        scale.x(0),
        [(scale.x(tick), 100 * tick) for tick in scale.ticks],
    )


def _bar(
    scale: _Scale, named: tuple[Promise, str], counted: tuple[int, Estimate], y: int
) -> Bar:
    (name, kind), (items, share) = named, counted
    width = round(scale.x(share.value) - scale.x(0), 1)
    low, high = scale.x(share.low), scale.x(share.high)
    return Bar(name, kind, items, share, y, width, low, high)


def _gain_bar(
    scale: _Scale, gain: float, bound: float, margin: float | None
) -> GainBar:
    start, end = sorted((scale.x(0), scale.x(gain)))
    return GainBar(
        value=gain,
        bound=bound,
        y=96,
        start=start,
        width=round(end - start, 1),
        value_x=scale.x(gain),
        bound_x=scale.x(bound),
        margin=margin,
        margin_x=scale.x(-(margin or 0.0)),
    )


def _margin(evaluation: Evaluation) -> float | None:
    """Return by how much the bound may lie below zero, if the rule goes by the bound."""
    asked = evaluation.asked
    return asked.margin if asked.policy == LearningPolicy.Gate.BALANCED else None
