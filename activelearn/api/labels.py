"""What the figures on held-out items leave out."""

from __future__ import annotations

from typing import ClassVar

from activelearn.api.wire import labels as wire
from activelearn.services.labels import coverage, rare
from labeling.api.http.calls import call
from labeling.api.http.scope import ProjectView
from labeling.services.projects import members


class CoverageView(ProjectView):
    """What the figures on held-out items leave out."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER

    @call()
    def get(self) -> wire.Coverage:
        """Return the held-out items by what is known of them by now."""
        project = self.member.project
        return wire.coverage_of(
            coverage.coverage_of(project), rare.rare_labels_of(project)
        )
