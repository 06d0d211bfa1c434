"""The watch over what goes in and out of a model."""

from __future__ import annotations

from typing import ClassVar

from activelearn.api.wire.watching import windows as wire
from activelearn.models import WatchWindow
from activelearn.services.watching import strangers
from labeling.api.http.calls import call
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.models import User
from labeling.services.projects import members


class WatchView(ProjectView):
    """How what serves fares now."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self) -> wire.Watch:
        """Return the newest window of each stream with its verdict."""
        return wire.watch_of(self.member.project_id)


class SendGroupView(ProjectView):
    """A group of outliers that people are to label."""

    allowed: ClassVar = members.ENGINEER

    @call(202)
    def post(self, pk: int, group: int) -> wire.SentItems:
        """Let people label a group of a window's outliers next, the first one being 0.

        409 where they have labeled all of it.
        """
        user = User.objects.get(pk=self.member.user_id)
        batch = strangers.send(self.member.project, user, pk, group)
        return wire.SentItems(items=batch.items)


class WatchWindowsView(ProjectView):
    """The windows of a project."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self) -> Page[wire.WatchWindow]:
        """List the windows with their verdicts, newest first."""
        rows = WatchWindow.objects.filter(project_id=self.member.project_id)
        return page_of(rows.order_by("-pk"), self.request, wire.window_of)
