"""The dial: how much a project leaves to its model."""

from __future__ import annotations

from typing import ClassVar

from activelearn.api.wire import automation as wire
from activelearn.services.automation import accepting, dial, standing
from labeling.api.http.calls import call
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.api.wire import work
from labeling.models import User
from labeling.services.projects import members


class AutomationView(ProjectView):
    """How the dial stands, and setting it."""

    allowed: ClassVar = members.ENGINEER
    allowed_to_write: ClassVar = members.MANAGE

    @call()
    def get(self) -> wire.AutomationReply:
        """Return the dial, its certificate, and what the audits say so far."""
        return wire.automation_of(standing.of_project(self.member.project))

    @call()
    def post(self, body: wire.DialBody) -> wire.AutomationReply:
        """Set the dial; look at `automation/preview/` first.

        Refused with 409 where nothing could be accepted yet: the detail says what it takes.
        """
        user = User.objects.get(pk=self.member.user_id)
        project = self.member.project
        dial.change(project, body.degree, user, body.reason or "", reopen=body.reopen)
        return wire.automation_of(standing.of_project(project))


class LabelDialView(ProjectView):
    """A dial of one label."""

    allowed: ClassVar = members.MANAGE

    @call()
    def post(self, body: wire.LabelDialBody) -> wire.AutomationReply:
        """Give a label a dial of its own, or none; its predictions are certified apart."""
        user = User.objects.get(pk=self.member.user_id)
        project = self.member.project
        risk = body.risk if isinstance(body.risk, float) else None
        dial.set_label(project, body.label, body.degree, user, risk)
        return wire.automation_of(standing.of_project(project))


class DialPreviewView(ProjectView):
    """What a degree would do."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self, query: wire.DialQuery) -> wire.DialPreview:
        """Return how many items would be accepted, at which risk; nothing is written."""
        return wire.preview_of(dial.preview(self.member.project, query.degree))


class AcceptanceView(ProjectView):
    """Accepting what qualifies."""

    allowed: ClassVar = members.ENGINEER

    @call(202)
    def post(self) -> work.JobAsked:
        """Accept now what is in the pool and qualifies, by a job."""
        user = User.objects.get(pk=self.member.user_id)
        return work.asked_of(accepting.request(self.member.project, user))


class DialChangesView(ProjectView):
    """Who changed the dial."""

    allowed: ClassVar = members.ENGINEER

    @call(name="projects_automation_changes_list")
    def get(self) -> Page[wire.DialChange]:
        """List the changes, newest first."""
        rows = standing.changes(self.member.project)
        return page_of(rows, self.request, wire.change_of)


class AuditedItemsView(ProjectView):
    """Accepted items that people have checked."""

    allowed: ClassVar = members.ENGINEER

    @call(name="projects_automation_audits_list")
    def get(self) -> Page[wire.AuditedItem]:
        """List those with an outcome, newest first; the others are asked about blind."""
        rows = standing.audited(self.member.project)
        return page_of(rows, self.request, wire.audited_of)
