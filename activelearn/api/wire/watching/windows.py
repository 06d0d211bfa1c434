"""What goes in and out of a model, window by window, and what it means."""

from __future__ import annotations

from typing import Annotated

import msgspec

from activelearn import models
from activelearn.api.wire.judging.figures import Estimate
from activelearn.core.watching.outcomes import State
from activelearn.services.watching import watch
from labeling.api.http.fields import (
    Moment,
    ReplyData,
    Share,
    about,
    literals,
    one_of,
)


class WatchMix(ReplyData):
    """Whether labels are predicted as often as before."""

    p: Annotated[float, about("Of the chi-squared test; small where they are not.")]
    moved: Annotated[str, about("The label whose share changed most.")]
    before: Annotated[Share, about("Its share among what the version learned with.")]
    now: Annotated[Share, about("Its share in the window.")]


class WatchApart(ReplyData):
    """Whether a classifier tells the items of the window from earlier ones."""

    p: Annotated[float, about("Small where it does.")]
    auc: Annotated[Share, about("The area under its curve; 0.5 is guessing.")]


class WatchOutcome(ReplyData):
    """What labels of items that chance drew say of the version."""

    state: Annotated[
        str, one_of(literals(State), "Whether it is wrong more often than it was.")
    ]
    highest: Annotated[
        float, about("The cumulative sum at its highest; 8 is an alarm.")
    ]
    before: Annotated[
        Share, about("How often it was wrong at most, by held-out items.")
    ]
    error: Annotated[
        Estimate, about("How often it was wrong since the change, or at all.")
    ]
    size: Annotated[int, about("Labels.")]


class WatchEvidence(ReplyData):
    """What a verdict rests on; null where it was not looked at."""

    bugs: Annotated[list[str], about("Measures that say that the data are broken.")]
    mix: Annotated[WatchMix | None, about("Of the predicted labels.")]
    apart: Annotated[WatchApart | None, about("Of the items.")]
    expected_fall: Annotated[
        float | None, about("Of the accuracy, by the model's own confidence.")
    ]
    outcome: Annotated[WatchOutcome | None, about("Of labels.")]


class WatchMoments(ReplyData):
    """A measure over the window."""

    size: Annotated[int, about("Items that have it.")]
    mean: Annotated[float, about("In the measure's own unit.")]
    low: Annotated[float, about("The lowest.")]
    high: Annotated[float, about("The highest.")]


class WatchMeasures(ReplyData):
    """What was counted in a window."""

    inputs: Annotated[dict[str, WatchMoments], about("By measure of the items.")]
    classes: Annotated[dict[str, int], about("How often each label was predicted.")]
    confidence: Annotated[WatchMoments, about("How sure the version was.")]
    reviews: Annotated[int, about("Items of which people were asked.")]


class WatchWindow(ReplyData):
    """A window with its verdict."""

    id: Annotated[int, about("Of the window.")]
    stream: Annotated[
        str,
        one_of(
            models.WatchWindow.Stream.values,
            "What it is of: predictions for other programs, items that came in, or labels "
            "of items that chance drew.",
        ),
    ]
    model: Annotated[int, about("The number of the version that served.")]
    size: Annotated[int, about("Items.")]
    started_at: Annotated[Moment, about("Of its first item.")]
    ended_at: Annotated[Moment, about("Of its last item.")]
    kind: Annotated[
        str,
        one_of(
            models.WatchWindow.Kind.values,
            "What has changed: broken data, the mix of labels, the items, or what they "
            "are labeled.",
        ),
    ]
    light: Annotated[str, one_of(models.WatchWindow.Light.values, "How bad that is.")]
    act: Annotated[str, one_of(models.WatchWindow.Act.values, "What to do about it.")]
    shape: Annotated[
        str, one_of(models.WatchWindow.Shape.values, "How the change came.")
    ]
    since_at: Annotated[Moment | None, about("When it began, where there is one.")]
    evidence: Annotated[WatchEvidence, about("What the verdict rests on.")]
    outliers: Annotated[
        list[list[int]],
        about(
            "Groups of at least ten items, by their ids, unlike all that was learned from: "
            "candidates for a new label."
        ),
    ]
    measures: Annotated[WatchMeasures, about("What was counted.")]


class SentItems(ReplyData):
    """Items that people are asked about next."""

    items: Annotated[list[int], about("Their ids; at most 50.")]


class Watch(ReplyData):
    """How what serves fares now."""

    light: Annotated[
        str,
        one_of(models.WatchWindow.Light.values, "Of the worst of its newest windows."),
    ]
    newest: Annotated[
        list[WatchWindow], about("The newest window of each stream, the worst first.")
    ]


def watch_of(project_id: int) -> Watch:
    """Return the newest windows of what serves in a project."""
    newest = [window_of(row) for row in watch.newest(project_id)]
    return Watch(light=newest[0].light if newest else "gray", newest=newest)


def window_of(row: models.WatchWindow) -> WatchWindow:
    """Return a window."""
    return WatchWindow(
        id=row.pk,
        stream=row.stream,
        model=row.model_number,
        size=row.size,
        started_at=row.started_at,
        ended_at=row.ended_at,
        kind=row.kind,
        light=row.light,
        act=row.act,
        shape=row.shape,
        since_at=row.since_at,
        evidence=msgspec.convert(row.evidence, WatchEvidence),
        outliers=row.outliers,
        measures=msgspec.convert(row.gathered, WatchMeasures),
    )
