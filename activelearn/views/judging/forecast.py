"""Whether more labels will help, as the models page shows it: words and a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from activelearn.core import advice as core_advice
from activelearn.core import forecast as core
from activelearn.core.intervals import Estimate
from activelearn.models import LearningForecast, LearningPolicy
from activelearn.services.judging import forecasts
from labeling.models import Project
from labeling.templatetags.figures import percents
from labeling.views.page.charts import Curve, Point, curve

ADVICE: Final[dict[core_advice.Advice, Promise]] = {
    "go on": lazy("Go on: more labels are expected to help."),
    "stop": lazy("You can stop: more labels are hardly expected to help."),
    "features": lazy(
        "More labels of this kind hardly help, and the aim is not reached: other features "
        "may, such as further columns, longer texts or larger pictures."
    ),
    "labels": lazy(
        "More labels hardly help: the model is right as often as people are. Mend the labels "
        "first: the guideline, and what people disagree on."
    ),
}


@dataclass(frozen=True)
class ForecastShown:
    """A forecast in words, and its picture.

    measured, expected: the lines through what was measured, and on from there.
    """

    advice: str
    sentences: list[str]
    curve: Curve
    measured: str
    expected: str
    points: list[core.CurvePoint]
    ahead: list[core.CurvePoint]


def shown(project: Project, policy: LearningPolicy) -> ForecastShown | None:
    """Return the newest forecast; None before the first."""
    row = forecasts.newest(project.pk)
    if row is None:
        return None
    forecast = forecasts.core_of(row)
    advice = forecasts.advice_of(row, policy)
    # What is measured of the labels of now needs no law.
    ahead = forecast.ahead[1:] if forecast.is_measured else forecast.ahead
    both = [*forecast.points, *ahead]
    # From a fifth below all that is drawn: the curve fills the picture, at round lines.
    floor = int(min(point.accuracy.low for point in both) * 5) / 5
    drawn = curve([_point(point) for point in both], low=floor, high=1.0)
    places = [f"{dot.x},{dot.y}" for dot in drawn.dots]
    last = len(forecast.points)
    return ForecastShown(
        str(ADVICE[advice]),
        _sentences(row, forecast, policy),
        drawn,
        " ".join(places[:last]),
        " ".join(places[last - 1 :]),
        forecast.points,
        ahead,
    )


def _point(point: core.CurvePoint) -> Point:
    accuracy = point.accuracy
    return Point(str(point.labels), accuracy.value, accuracy.low, accuracy.high)


def _sentences(
    row: LearningForecast, forecast: core.Forecast, policy: LearningPolicy
) -> list[str]:
    sentences = [_twice(row, forecast, policy)]
    if aim := forecasts.aim_of(policy):
        sentences.append(_to_aim(row, forecast, policy, aim))
    elif policy.aim:
        sentences.append(
            _(
                "The aim of this project is another figure than the share that is right: how "
                "many labels it takes is not forecast."
            )
        )
    # Of a part of the labels, the last third is not that of all.
    if forecast.is_measured:
        sentences.append(
            _(
                "The last third of the labels changed what is predicted on %(share)s of the items."
            )
            % {"share": _percent(forecast.changing)}
        )
    return sentences


def _twice(
    row: LearningForecast, forecast: core.Forecast, policy: LearningPolicy
) -> str:
    text = _(
        "With %(labels)s labels %(now)s of the held-out items are right (%(interval)s); with "
        "as many again, %(then)s are expected (%(then_interval)s)."
    )
    if not forecast.is_measured:
        text = _(
            "By a curve of %(measured)s of the %(labels)s labels, %(now)s of the held-out "
            "items are expected to be right with all of them (%(interval)s); with as many "
            "again, %(then)s (%(then_interval)s)."
        )
    sentence = text % {
        "measured": number_format(forecast.points[-1].labels, 0),
        "labels": number_format(forecast.labels, 0),
        "now": _percent(forecast.now.value),
        "interval": _interval(forecast.now),
        "then": _percent(forecast.twice.value),
        "then_interval": _interval(forecast.twice),
    }
    return f"{sentence} {_costs(row, policy, forecast.labels)}".strip()


def _to_aim(
    row: LearningForecast, forecast: core.Forecast, policy: LearningPolicy, aim: float
) -> str:
    if forecast.now.value >= aim:
        if forecast.now.low >= aim:
            return _("The aim of %(aim)s is reached.") % {"aim": _percent(aim)}
        return _("The aim of %(aim)s seems to be reached, which is not sure yet.") % {
            "aim": _percent(aim)
        }
    needed = core_advice.needed(forecast.ahead, aim)
    if needed.value is None:
        return _(
            "The aim of %(aim)s is not in sight: eight times as many labels are not expected "
            "to reach it."
        ) % {"aim": _percent(aim)}
    more = max(1, needed.value - forecast.labels)
    sentence = ngettext(
        "The aim of %(aim)s is expected with about %(more)s label more (%(interval)s).",
        "The aim of %(aim)s is expected with about %(more)s labels more (%(interval)s).",
        more,
    ) % {
        "aim": _percent(aim),
        "more": number_format(more, 0),
        "interval": _more_labels(needed, forecast.labels),
    }
    return f"{sentence} {_costs(row, policy, more)}".strip()


def _more_labels(needed: core_advice.Needed, labels: int) -> str:
    low, high = (
        None if end is None else number_format(max(0, end - labels), 0)
        for end in (needed.low, needed.high)
    )
    if needed.high is None and (needed.low or 0) <= labels:
        return _("far from sure")
    if high is None:
        return _("at least %(share)s") % {"share": low}
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


def _costs(row: LearningForecast, policy: LearningPolicy, labels: int) -> str:
    """Return what a number of labels takes; empty where nobody's time is known."""
    hours = forecasts.hours_of(row, labels)
    if hours is None or row.seconds is None:
        return ""
    values = {
        "hours": number_format(hours, 1),
        "seconds": number_format(row.seconds, 1),
    }
    if not policy.hourly_rate:
        return (
            _("These take about %(hours)s hours, at %(seconds)s seconds each.") % values
        )
    return _(
        "These take about %(hours)s hours, at %(seconds)s seconds each, and cost about %(money)s."
    ) % {**values, "money": number_format(hours * policy.hourly_rate, 2)}


def _percent(share: float) -> str:
    return f"{number_format(round(100 * share) + 0, 0)} %"


def _interval(accuracy: Estimate) -> str:
    return percents((accuracy.low, accuracy.high))
