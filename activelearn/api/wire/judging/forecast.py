"""Whether more labels will help."""

from __future__ import annotations

from typing import Annotated

import msgspec

from activelearn import models
from activelearn.api.wire.judging.figures import Estimate
from activelearn.core import advice
from activelearn.services.judging import forecasts
from activelearn.services.training import ended
from labeling.api.http.fields import Moment, ReplyData, about, one_of
from labeling.templatetags.localized import localized


class CurvePoint(ReplyData):
    """The accuracy on the held-out items with a number of labels."""

    labels: Annotated[int, about("All together.")]
    accuracy: Annotated[Estimate, about("With the interval that holds it in 95 %.")]


class Needed(ReplyData):
    """How many labels the aim is expected to take, all together."""

    value: Annotated[int | None, about("Null beyond eight times the labels of now.")]
    low: Annotated[int | None, about("It takes hardly fewer.")]
    high: Annotated[int | None, about("It takes hardly more.")]


class Forecast(ReplyData):
    """Where the learning curve leads."""

    advice: Annotated[
        str,
        one_of(
            ["go on", "stop", "features", "labels"],
            "`features`: change what the model reads; `labels`: mend the labels; empty "
            "before there are enough of them.",
            or_empty=True,
        ),
    ]
    labels: Annotated[
        int, about("Of now; of more than 2,000, as many were drawn for the curve.")
    ]
    held_out: Annotated[int, about("Items that it was measured on.")]
    points: Annotated[list[CurvePoint], about("As measured, ascending; seven.")]
    ahead: Annotated[
        list[CurvePoint], about("As expected, up to eight times the labels; seven.")
    ]
    plateau: Annotated[float | None, about("The accuracy that it comes near to.")]
    changing: Annotated[
        float | None,
        about(
            "The share of items whose prediction the last third of the labels changed."
        ),
    ]
    aim: Annotated[
        Needed | None, about("What the aim takes; null without an aim in accuracy.")
    ]
    seconds: Annotated[
        float | None, about("What a label takes, its votes together, if known.")
    ]
    created_at: Annotated[Moment | None, about("When it was measured.")]
    failed: Annotated[
        int,
        about(
            "Where going on as it is leads no further: versions in a row that were no "
            "better than what serves; else 0."
        ),
    ] = 0
    left: Annotated[
        list[str],
        about("What is left to try then, in the caller's language; else nothing."),
    ] = msgspec.field(default_factory=list)


def forecast_of(policy: models.LearningPolicy) -> Forecast:
    """Return the newest forecast of a project; before the first, none."""
    row = forecasts.newest(policy.project_id)
    if row is None:
        return Forecast("", 0, 0, [], [], None, None, None, None, None)
    forecast = forecasts.core_of(row)
    aim = forecasts.aim_of(policy)
    needed = advice.needed(forecast.ahead, aim) if aim else None
    over = ended.ended(policy.project, policy)
    return Forecast(
        failed=over.failed if over else 0,
        left=[localized(step) for step in over.left] if over else [],
        advice=forecasts.advice_of(row, policy),
        labels=row.labels,
        held_out=row.held_out,
        points=msgspec.convert(row.points, list[CurvePoint]),
        ahead=msgspec.convert(row.ahead, list[CurvePoint]),
        plateau=row.plateau,
        changing=row.changing,
        aim=msgspec.convert(needed, Needed | None, from_attributes=True),
        seconds=row.seconds,
        created_at=row.created_at,
    )
