"""Alarms of the watch: thresholds, what they would have done, incidents."""

from __future__ import annotations

from typing import ClassVar

from activelearn.api.wire.watching import alarms as wire
from activelearn.models import WatchIncident
from activelearn.services.watching import alarms, incidents
from labeling.api.http.calls import call
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.models import User
from labeling.services.projects import members


class AlarmsView(ProjectView):
    """The alarms of a project."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self) -> wire.AlarmRules:
        """Return all alarms, with how often each would have fired in 90 days."""
        rules = alarms.rules_of(self.member.project_id)
        return wire.AlarmRules(rules=[wire.rule_of(rule) for rule in rules])


class AlarmView(ProjectView):
    """One alarm."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def put(self, metric: str, body: wire.AlarmRuleBody) -> wire.AlarmRule:
        """Change its threshold, or with `dry_run` say how often it would have fired."""
        project = self.member.project
        if body.dry_run:
            return wire.rule_of(alarms.preview(project, metric, body.threshold))
        rule = alarms.change(project, metric, body.threshold, is_on=body.is_on)
        return wire.rule_of(rule)


class SnoozeView(ProjectView):
    """An alarm that opens nothing for some days."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def post(self, metric: str, body: wire.SnoozeBody) -> wire.AlarmRule:
        """Let it open nothing for some days, with a reason; 0 days wake it."""
        user = User.objects.get(pk=self.member.user_id)
        rule = alarms.snooze(self.member.project, user, metric, body.days, body.reason)
        return wire.rule_of(rule)


class IncidentsView(ProjectView):
    """The incidents of a project."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self) -> Page[wire.WatchIncident]:
        """List the incidents, newest first."""
        rows = WatchIncident.objects.select_related("owner", "verified_by", "window")
        mine = rows.filter(project_id=self.member.project_id)
        return page_of(mine, self.request, wire.incident_of)


class IncidentTakeView(ProjectView):
    """Somebody cares for an incident."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def post(self, pk: int) -> wire.WatchIncident:
        """Make the caller its owner. 409 where it is closed."""
        user = User.objects.get(pk=self.member.user_id)
        return wire.incident_of(incidents.take(self.member.project, user, pk))


class IncidentCloseView(ProjectView):
    """The end of an incident."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def post(self, pk: int, body: wire.CloseBody) -> wire.WatchIncident:
        """Close it, with its cause and what helped. 409 where it is closed."""
        user = User.objects.get(pk=self.member.user_id)
        return wire.incident_of(
            incidents.close(self.member.project, user, pk, body.cause, body.fix)
        )


class IncidentVerifyView(ProjectView):
    """Somebody checked what helped."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def post(self, pk: int) -> wire.WatchIncident:
        """Say that what helped has helped. 409 where it is open, or was verified."""
        user = User.objects.get(pk=self.member.user_id)
        return wire.incident_of(incidents.verify(self.member.project, user, pk))
