"""What goes in and out of a model, window by window, and what it means."""

from __future__ import annotations

from typing import Annotated, Any

from activelearn import models
from activelearn.services.watching import watch
from labeling.api.http.fields import Moment, ReplyData, about, one_of


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
    evidence: Annotated[
        dict[str, Any],
        about(
            "What the verdict rests on: `bugs`, `mix` (p, and the label that moved most), "
            "`apart` (p and area under the curve), `expected_fall` of the accuracy, and "
            "`outcome` (the cumulative sum over labels)."
        ),
    ]
    outliers: Annotated[
        list[list[int]],
        about(
            "Groups of at least ten items, by their ids, unlike all that was learned from: "
            "candidates for a new label."
        ),
    ]
    measures: Annotated[
        dict[str, Any],
        about("What was counted: measures of items, labels, confidences, reviews."),
    ]


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
        evidence=row.evidence,
        outliers=row.outliers,
        measures=row.gathered,
    )
