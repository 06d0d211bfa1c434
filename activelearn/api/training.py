"""Training runs: those there were, a new one, and what it would do."""

from __future__ import annotations

from typing import ClassVar

from activelearn.api.wire.training import causes, previews, runs, windows
from activelearn.models import LearningPolicy, TrainingRun
from activelearn.services.training import back_tests, dry_run, triggers
from labeling.api.http.calls import Reply, call
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.api.wire import work
from labeling.models import User
from labeling.services.projects import members


class TrainingRunsView(ProjectView):
    """Training runs, and a new one."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER
    allowed_to_write: ClassVar = members.ENGINEER

    @call()
    def get(self) -> Page[runs.TrainingRun]:
        """List the runs, newest first."""
        rows = TrainingRun.objects.select_related("job", "judges").filter(
            project_id=self.member.project_id
        )
        return page_of(rows, self.request, runs.run_of)

    @call(202, 200)
    def post(self, body: runs.TrainingBody) -> Reply[runs.TrainingRun]:
        """Ask for a run.

        One that already waits is returned with 200; so is one that is done and has
        learned from the same labels in the same way.
        """
        user = User.objects.get(pk=self.member.user_id)
        run, is_new = triggers.request(self.member.project, user, body.reason or "")
        return Reply(runs.run_of(run), 202 if is_new else 200)


class RetrainPreviewView(ProjectView):
    """What a training run would do."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self) -> previews.RetrainPreview:
        """Return what it would learn from now and what speaks against it.

        Nothing is trained or written.
        """
        return previews.retrain_of(dry_run.dry_run(self.member.project))


class RunCausesView(ProjectView):
    """What starts the next run."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self) -> causes.RunCauses:
        """Return how far each cause of a run is, and by which rule they count."""
        return causes.causes_of(LearningPolicy.of(self.member.project_id))


class WindowsView(ProjectView):
    """Which labels to learn from."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self) -> windows.Windows:
        """Return how good models of several windows would have been, by the newest trial."""
        return windows.windows_of(back_tests.newest(self.member.project_id))

    @call(202)
    def post(self) -> work.JobAsked:
        """Have windows tried; where that waits already, this is that job."""
        user = User.objects.get(pk=self.member.user_id)
        return work.asked_of(back_tests.request(self.member.project, user))
