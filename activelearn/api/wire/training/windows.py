"""Which labels to learn from: windows, tried on what came after them."""

from __future__ import annotations

from typing import Annotated, Final

from activelearn.api.wire.judging.figures import Estimate
from activelearn.core import windows as core
from activelearn.core.intervals import Estimate as Interval
from activelearn.models import LearningPolicy, WindowTrial
from activelearn.services.training import back_tests
from labeling.api.http.fields import Moment, ReplyData, about, one_of

KINDS: Final = ("all", "newest", "half_life")


class TriedWindow(ReplyData):
    """Models of a window, judged on labels that came later."""

    kind: Annotated[
        str,
        one_of(
            KINDS,
            "`newest`: only the newest labels; `half_life`: all, the older ones with less "
            "weight.",
        ),
    ]
    window: Annotated[
        str, one_of(LearningPolicy.Window.values, "What the setting would be.")
    ]
    window_size: Annotated[int, about("And its size; 0 where it has none.")]
    half_life_days: Annotated[int, about("And this setting.")]
    accuracy: Annotated[Estimate, about("On the tested labels.")]
    better: Annotated[int, about("Tested labels that only this window has right.")]
    worse: Annotated[int, about("Those that only all labels have right.")]
    lower: Annotated[
        float,
        about("The bound on its gain over all labels; above 0 it is better for sure."),
    ]


class Windows(ReplyData):
    """The newest trial of windows."""

    tried_at: Annotated[
        Moment | None, about("When it was made; null before the first trial.")
    ]
    labels: Annotated[int, about("Labels of the pool there were.")]
    tested: Annotated[
        int, about("Held-out labels that came later; 0 where too few tell.")
    ]
    windows: Annotated[list[TriedWindow], about("All labels first.")]
    older_half: Annotated[
        Estimate | None,
        about(
            "The accuracy of models of the older half of the labels: what old ones tell."
        ),
    ]
    best: Annotated[
        int | None, about("The place of the best window; null where none is for sure.")
    ]


def windows_of(trial: WindowTrial | None) -> Windows:
    """Return a trial; without one nothing is known."""
    test = back_tests.core_of(trial) if trial else None
    return Windows(
        tried_at=trial.created_at if trial else None,
        labels=trial.labels if trial else 0,
        tested=test.tested if test else 0,
        windows=[_tried(trial, figure) for figure in test.figures]
        if trial and test
        else [],
        older_half=_estimate(test.older.accuracy) if test else None,
        best=test.best or None if test else None,
    )


def _tried(trial: WindowTrial, figure: core.WindowFigure) -> TriedWindow:
    setting = back_tests.setting_of(trial, figure.window)
    return TriedWindow(
        kind=figure.window.kind,
        window=setting.window,
        window_size=setting.size,
        half_life_days=setting.half_life_days,
        accuracy=_estimate(figure.accuracy),
        better=figure.better,
        worse=figure.worse,
        lower=figure.lower,
    )


def _estimate(interval: Interval) -> Estimate:
    return Estimate(value=interval.value, low=interval.low, high=interval.high)
