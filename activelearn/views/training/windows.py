"""Which labels models learn from, as the models page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activelearn.core import windows as core
from activelearn.models import LearningPolicy, WindowTrial
from activelearn.services.training import back_tests
from labeling.models import Project
from labeling.templatetags.figures import number


@dataclass(frozen=True)
class WindowRow:
    """A window in words; is_best: it is better than all labels for sure, and the best."""

    words: str
    figure: core.WindowFigure
    is_best: bool
    in_force: bool


@dataclass(frozen=True)
class WindowsShown:
    """The newest back-test; without rows too few labels told, or there is none."""

    trial: WindowTrial | None
    rows: list[WindowRow]
    sentences: list[str]


def shown(project: Project, policy: LearningPolicy) -> WindowsShown:
    """Return what the newest back-test says."""
    trial = back_tests.newest(project.pk)
    test = back_tests.core_of(trial) if trial else None
    if trial is None or test is None:
        return WindowsShown(trial, [], [])
    rows = []
    for place, figure in enumerate(test.figures):
        setting = back_tests.setting_of(trial, figure.window)
        rows.append(
            WindowRow(
                _words(setting, figure.window),
                figure,
                is_best=place == test.best > 0,
                in_force=back_tests.is_in_force(setting, policy),
            )
        )
    return WindowsShown(trial, rows, _sentences(test, rows))


def _words(setting: back_tests.WindowSetting, window: core.TrainingWindow) -> str:
    if window.kind == "newest":
        return ngettext(
            "The newest %(labels)s label", "The newest %(labels)s labels", setting.size
        ) % {"labels": setting.size}
    if window.kind == "half_life":
        return ngettext(
            "All, half as much after %(days)s day",
            "All, half as much after %(days)s days",
            setting.half_life_days,
        ) % {"days": setting.half_life_days}
    return _("All labels")


def _sentences(test: core.BackTest, rows: list[WindowRow]) -> list[str]:
    newer = test.figures[1].accuracy
    old = _(
        "Models of the older half of the labels would have been right in %(older)s of 100 cases, those of as many newer ones in %(newer)s."
    ) % {
        "older": number(100 * test.older.accuracy.value, 0),
        "newer": number(100 * newer.value, 0),
    }
    if not test.best:
        return [_("No window is better than all labels for sure: learn from all."), old]
    best = _("This would have been better for sure: %(window)s.") % {
        "window": rows[test.best].words
    }
    return [best, old]
