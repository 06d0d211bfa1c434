"""What the model's choice saves, and who orders the queue."""

from __future__ import annotations

from typing import Annotated

import msgspec

from activelearn import models
from activelearn.api.wire.judging.figures import Estimate
from activelearn.core import meter as core
from activelearn.services.judging import meter
from labeling.api.http.fields import Moment, ReplyData, about, one_of

_ORDERERS = ["model", "chance"]


class MeterPoint(ReplyData):
    """Accuracies on the held-out items, of models of a number of labels."""

    labels: Annotated[int, about("Of each arm.")]
    model: Annotated[Estimate, about("Of labels that the model's order chose.")]
    chance: Annotated[Estimate, about("Of labels that chance drew.")]


class MeterLook(ReplyData):
    """What was measured at a number of labels of each arm."""

    labels: Annotated[int, about("Of each arm.")]
    held_out: Annotated[int, about("Held-out items that both answered.")]
    value: Annotated[
        float,
        about(
            "The share of the labels that the model's choice saves; below 0 it costs."
        ),
    ]
    low: Annotated[
        float | None,
        about(
            "The low end of the interval, which holds at all looks together in 95 % of "
            "projects; null where it could not be measured."
        ),
    ]
    high: Annotated[float | None, about("Its high end.")]
    verdict: Annotated[
        str,
        one_of(["saves", "costs", "cannot tell"], "What the interval says."),
    ]
    more: Annotated[
        int,
        about("Held-out labels that are expected to tell; 0 where that is unknown."),
    ]
    before: Annotated[str, one_of(_ORDERERS, "Who was to order until then.")]
    orderer: Annotated[str, one_of(_ORDERERS, "Who is to order since then.")]
    strategy: Annotated[
        str,
        about("How the project chose then; empty where an earlier release looked."),
    ]
    points: Annotated[list[MeterPoint], about("The curves, ascending.")]
    created_at: Annotated[Moment, about("When.")]


class Meter(ReplyData):
    """What the model's choice saves, and who orders the queue."""

    orderer: Annotated[
        str,
        one_of(
            _ORDERERS,
            "Who orders: `chance` where the choice costs and `fall_back` is on.",
        ),
    ]
    next_labels: Annotated[
        int, about("Labels of each arm at the next look; 0 after the last one.")
    ]
    looks: Annotated[list[MeterLook], about("The newest first; ten at most.")]


def meter_of(policy: models.LearningPolicy) -> Meter:
    """Return the looks of a project, and who orders it."""
    looks = list(meter.looks_of(policy.project_id))
    return Meter(
        orderer="chance" if meter.has_fallen_back(policy) else "model",
        next_labels=core.rung_after(looks[0].labels if looks else 0),
        looks=[
            msgspec.convert(look, MeterLook, from_attributes=True) for look in looks
        ],
    )
