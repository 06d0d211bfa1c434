"""What the figures on held-out items leave out, and more items of a label."""

from __future__ import annotations

from typing import ClassVar

from activelearn.api.wire import labels as wire
from activelearn.services.labels import coverage, rare
from activelearn.services.ordering import searching
from labeling.api.http.calls import call
from labeling.api.http.scope import ProjectView
from labeling.api.wire import work
from labeling.models import User
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


class LabelSearchView(ProjectView):
    """A search for more items that may have a label."""

    allowed: ClassVar = members.ENGINEER

    @call(202)
    def post(self, body: wire.LabelSearchBody) -> work.Job:
        """Let items come next that are like those of a label, or like a description.

        Every second place that the rule decides goes to them until they have votes, with
        the reason `similar`: they are answered blind, and count as chosen by a rule. What
        chance, the held-out items and a duel decide stays as it is.
        """
        user = User.objects.get(pk=self.member.user_id)
        text = body.text or ""
        job = searching.request(self.member.project, body.label, text, user)
        return work.job_of(job)
