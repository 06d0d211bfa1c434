"""Long work: what runs, how far it is, and its log."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.http.pagination import CursorPagination
from labeling.api.http.scope import ProjectView
from labeling.errors import NotFoundError
from labeling.models import Job
from labeling.services.projects import members
from labeling.templatetags.localized import localized, log, stage_of


def job_shape(job: Job) -> dict[str, Any]:
    """Return a job without its log."""
    return {
        "id": job.pk,
        "kind": job.kind,
        "state": job.state,
        "stage": stage_of(job),
        "done": job.done,
        "total": job.total,
        "percent": job.percent,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "error": localized(job.error),
    }


@extend_schema(responses=dict[str, Any])
class JobsView(ProjectView):
    """The jobs of a project."""

    allowed: ClassVar = members.ENGINEER

    @extend_schema(operation_id="projects_jobs_list")
    def get(self, request: Request, slug: str) -> Response:
        """List them, newest first."""
        del slug
        rows = Job.objects.filter(project=self.member.project).defer("log")
        pages = CursorPagination()
        page = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response([job_shape(one) for one in page])


@extend_schema(responses=dict[str, Any])
class JobView(ProjectView):
    """One job."""

    allowed: ClassVar = members.ENGINEER

    def get(self, request: Request, slug: str, pk: int) -> Response:
        """Return its state, progress and log."""
        del request, slug
        found = Job.objects.filter(pk=pk, project=self.member.project).first()
        if found is None:
            raise NotFoundError("There is no such job in this project.")
        return Response({**job_shape(found), "log": log(found)})
