"""Long work: what runs, how far it is, and its log."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext as _
from msgspec.structs import asdict

from labeling.api.http.calls import call
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.api.wire import work as wire
from labeling.errors import NotFoundError
from labeling.models import Job, Project
from labeling.services.projects import members
from labeling.services.work import jobs
from labeling.services.work.progress import log_of


class JobsView(ProjectView):
    """The jobs of a project."""

    allowed: ClassVar = members.ENGINEER

    @call(name="projects_jobs_list")
    def get(self) -> Page[wire.Job]:
        """List them, newest first."""
        rows = Job.objects.filter(project=self.member.project).defer("log")
        return page_of(rows, self.request, wire.job_of)


class JobView(ProjectView):
    """One job."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self, pk: int) -> wire.JobWithLog:
        """Return its state, progress and log."""
        job = _job_of(self.member.project, pk)
        return wire.JobWithLog(**asdict(wire.job_of(job)), log=log_of(job))


class JobCancelView(ProjectView):
    """A way to stop a job."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def post(self, pk: int) -> wire.Job:
        """Ask it to stop: one that waits ends at once, one that runs at its next step.

        One that has ended stays as it is.
        """
        job = _job_of(self.member.project, pk)
        jobs.cancel(job)
        job.refresh_from_db()
        return wire.job_of(job)


def _job_of(project: Project, pk: int) -> Job:
    """Return a job; raises NotFoundError where the project has none of this number."""
    job = Job.objects.filter(pk=pk, project=project).first()
    if job is None:
        raise NotFoundError(_("There is no such job in this project."))
    return job
