"""Alarms: when one fires, what it would have done in the past, and its incidents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec
from django.utils import timezone

from activelearn.core.watching import alarms as core
from activelearn.core.watching.gathering import Gathered
from activelearn.core.watching.verdicts import WindowEvidence
from activelearn.models import WatchIncident, WatchRule, WatchWindow
from activelearn.services.versions import reasons
from labeling.errors import InvalidInputError, NotFoundError
from labeling.messages import sentence as _
from labeling.models import Project, User
from labeling.services.work import outbox

PAST: Final = timedelta(days=90)
LONGEST_SNOOZE: Final = 90
HIGHEST: Final = 1000.0
# Windows that a look at the past reads: a year of an hour each.
_MOST: Final = 9000


@dataclass(frozen=True)
class AlarmRule:
    """A rule as it is in force; fired: how often it would have opened in 90 days.

    threshold: from where on it fires; is_on: whether it does at all.
    """

    metric: core.Metric
    threshold: float
    is_on: bool
    fired: int
    snoozed_until_at: datetime | None = None
    snooze_reason: str = ""


def rules_of(project_id: int) -> list[AlarmRule]:
    """Return all rules of a project, as they are in force."""
    changed = {row.metric: row for row in WatchRule.objects.filter(project=project_id)}
    # Once for all rules.
    past = _past(project_id)
    return [_rule(metric, changed.get(metric), past) for metric in core.DEFAULTS]


def _rule(
    metric: core.Metric, row: WatchRule | None, past: Sequence[WatchWindow]
) -> AlarmRule:
    default = core.DEFAULTS[metric]
    if row is None:
        # One that is off fires from everything on, should somebody turn it on.
        threshold = 1.0 if default is None else default
        fired = _fired(metric, threshold, past)
        return AlarmRule(metric, threshold, default is not None, fired)
    is_asleep = row.snoozed_until_at and row.snoozed_until_at > timezone.now()
    return AlarmRule(
        metric,
        row.threshold,
        row.is_on,
        _fired(metric, row.threshold, past),
        row.snoozed_until_at if is_asleep else None,
        row.snooze_reason if is_asleep else "",
    )


def _past(project_id: int) -> list[WatchWindow]:
    """Return the windows of the last 90 days, the oldest first."""
    # Only what is counted: a window's row has more than an alarm looks at.
    rows = WatchWindow.objects.filter(
        project=project_id, ended_at__gte=timezone.now() - PAST
    ).order_by("-ended_at", "-pk")
    return list(rows.only("gathered", "evidence", "stream")[:_MOST])[::-1]


def _value(metric: core.Metric, window: WatchWindow) -> float | None:
    gathered = msgspec.convert(window.gathered, Gathered)
    evidence = msgspec.convert(window.evidence, WindowEvidence)
    return core.value_of(metric, gathered, evidence)


def _fired(metric: core.Metric, threshold: float, past: Sequence[WatchWindow]) -> int:
    values = [_value(metric, window) for window in past]
    return len(core.openings(values, threshold))


def checked_metric(name: str) -> core.Metric:
    """Return a metric by its name. Raises NotFoundError where there is none."""
    if name not in core.DEFAULTS:
        raise NotFoundError(_("There is no such alarm."))
    return name


def preview(project: Project, name: str, threshold: float) -> AlarmRule:
    """Return what a rule would have done in the past; nothing is changed.

    Raises NotFoundError for an unknown metric, InvalidInputError for a threshold out of
    range.
    """
    metric = checked_metric(name)
    fired = _fired(metric, _checked(threshold), _past(project.pk))
    return AlarmRule(metric, threshold, is_on=True, fired=fired)


def change(project: Project, name: str, threshold: float, *, is_on: bool) -> AlarmRule:
    """Change from where on an alarm fires, and whether it does.

    Raises what ``preview`` raises.
    """
    metric = checked_metric(name)
    row, _created = WatchRule.objects.update_or_create(
        project=project,
        metric=metric,
        defaults={"threshold": _checked(threshold), "is_on": is_on},
    )
    return _rule(metric, row, _past(project.pk))


def _checked(threshold: float) -> float:
    """Return a threshold. Raises InvalidInputError out of range."""
    if not (math.isfinite(threshold) and 0 <= threshold <= HIGHEST):
        why = _("A number from 0 to %(most)s.") % {"most": int(HIGHEST)}
        raise InvalidInputError(errors={"threshold": [why]})
    return threshold


def snooze(
    project: Project, user: User, name: str, days: int, reason: str
) -> AlarmRule:
    """Let an alarm open nothing for some days; 0 wakes it.

    Raises NotFoundError for an unknown metric and InvalidInputError without a reason, or
    for more than 90 days.
    """
    metric = checked_metric(name)
    if not 0 <= days <= LONGEST_SNOOZE:
        why = _("From 0 to %(most)s days.") % {"most": LONGEST_SNOOZE}
        raise InvalidInputError(errors={"days": [why]})
    if days and not reason.strip():
        raise InvalidInputError(errors={"reason": [_("Say why.")]})
    # Who snoozes a default keeps it as it is: a later release may have another one.
    now = _rule(metric, None, [])
    row, _created = WatchRule.objects.get_or_create(
        project=project,
        metric=metric,
        defaults={"threshold": now.threshold, "is_on": now.is_on},
    )
    row.snoozed_until_at = timezone.now() + timedelta(days=days) if days else None
    row.snoozed_by, row.snooze_reason = user, reasons.checked(reason)
    row.save(update_fields=["snoozed_until_at", "snoozed_by", "snooze_reason"])
    return _rule(metric, row, _past(project.pk))


def open_for(window: WatchWindow) -> list[WatchIncident]:
    """Open an incident of each rule that fires at a window and has none open.

    In the window's transaction, with what programs are told of it.
    """
    changed = {
        row.metric: row for row in WatchRule.objects.filter(project=window.project)
    }
    opened = []
    for metric in core.DEFAULTS:
        # Without the past, which only a page wants to know.
        rule = _rule(metric, changed.get(metric), [])
        value = _value(metric, window)
        if value is None or value < rule.threshold:
            continue
        if not rule.is_on or rule.snoozed_until_at:
            continue
        # Race: ``one_open_incident`` lets one in, and what is open stays.
        incident, is_new = WatchIncident.objects.get_or_create(
            project=window.project,
            metric=metric,
            closed_at=None,
            defaults={"window": window, "value": value, "threshold": rule.threshold},
        )
        if is_new:
            opened.append(incident)
    outbox.put(window.project_id, [_notice(incident) for incident in opened])
    return opened


def _notice(incident: WatchIncident) -> outbox.Notice:
    data = {
        "incident": incident.pk,
        "alarm": incident.metric,
        "value": incident.value,
        "threshold": incident.threshold,
        "opened_at": incident.opened_at.isoformat(timespec="milliseconds"),
    }
    return outbox.Notice("alarm.opened", data)
