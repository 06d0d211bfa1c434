"""The watch over what goes in and out of a model."""

from __future__ import annotations

from typing import ClassVar

from activelearn.api.wire import watching as wire
from activelearn.models import WatchWindow
from labeling.api.http.calls import call
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.services.projects import members


class WatchView(ProjectView):
    """How what serves fares now."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self) -> wire.Watch:
        """Return the newest window of each stream with its verdict."""
        return wire.watch_of(self.member.project_id)


class WatchWindowsView(ProjectView):
    """The windows of a project."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self) -> Page[wire.WatchWindow]:
        """List the windows with their verdicts, newest first."""
        rows = WatchWindow.objects.filter(project_id=self.member.project_id)
        return page_of(rows.order_by("-pk"), self.request, wire.window_of)
