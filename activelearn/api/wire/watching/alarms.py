"""Alarms of the watch, and the incidents that they opened."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from activelearn import models
from activelearn.core.watching import alarms as core
from activelearn.services.watching import alarms
from labeling.api.http.fields import Body, Moment, ReplyData, about, one_of, text

_METRICS = list(core.DEFAULTS)


class AlarmRule(ReplyData):
    """From where on an alarm fires, and how often it would have."""

    metric: Annotated[str, one_of(_METRICS, "What it looks at.")]
    threshold: Annotated[float, about("From where on it fires.")]
    is_on: Annotated[bool, about("Whether it fires at all.")]
    fired: Annotated[int, about("How often it would have opened in the last 90 days.")]
    snoozed_until_at: Annotated[
        Moment | None, about("Until when it opens nothing, if it sleeps.")
    ]
    snooze_reason: Annotated[str, about("Why it sleeps; empty where it does not.")]


class AlarmRules(ReplyData):
    """All alarms of a project."""

    rules: Annotated[list[AlarmRule], about("As they are in force.")]


class AlarmRuleBody(Body):
    """Another threshold for an alarm."""

    threshold: Annotated[
        float, Meta(ge=0, le=alarms.HIGHEST, description="From where on it fires.")
    ]
    is_on: Annotated[bool, about("Whether it fires at all.")] = True
    dry_run: Annotated[
        bool, about("Only say how often it would have fired; change nothing.")
    ] = False


class SnoozeBody(Body):
    """How long an alarm opens nothing, and why."""

    days: Annotated[
        int, Meta(ge=0, le=alarms.LONGEST_SNOOZE, description="0 wakes it.")
    ]
    reason: Annotated[str, text(300, "Why; asked for where it sleeps.")] = ""


class WatchIncident(ReplyData):
    """An alarm that opened, and what people did about it."""

    id: Annotated[int, about("Of the incident.")]
    metric: Annotated[str, one_of(_METRICS, "What the alarm looks at.")]
    value: Annotated[float, about("What the window came to.")]
    threshold: Annotated[float, about("As it was then.")]
    window: Annotated[
        int | None, about("Which opened it; null where it has been forgotten.")
    ]
    opened_at: Annotated[Moment, about("When.")]
    owner: Annotated[str | None, about("Who cares for it, by their user name.")]
    cause: Annotated[str, about("Why it came; empty while it is open.")]
    fix: Annotated[str, about("What helped; empty while it is open.")]
    closed_at: Annotated[Moment | None, about("When; null while it is open.")]
    verified_by: Annotated[str | None, about("Who checked that it helped.")]
    verified_at: Annotated[Moment | None, about("When.")]


class CloseBody(Body):
    """Why an incident came, and what helped."""

    cause: Annotated[str, text(300, "Why it came.")]
    fix: Annotated[str, text(300, "What helped.")]


def rule_of(rule: alarms.AlarmRule) -> AlarmRule:
    """Return a rule."""
    return msgspec.convert(rule, AlarmRule, from_attributes=True)


def incident_of(row: models.WatchIncident) -> WatchIncident:
    """Return an incident."""
    return WatchIncident(
        id=row.pk,
        metric=row.metric,
        value=row.value,
        threshold=row.threshold,
        window=row.window.pk if row.window else None,
        opened_at=row.opened_at,
        owner=row.owner.username if row.owner else None,
        cause=row.cause,
        fix=row.fix,
        closed_at=row.closed_at,
        verified_by=row.verified_by.username if row.verified_by else None,
        verified_at=row.verified_at,
    )
