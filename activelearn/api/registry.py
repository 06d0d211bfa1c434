"""Training runs and the registry of models."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from activelearn.models import ModelVersion, TrainingRun
from activelearn.services import registry, triggers
from labeling.api.http import shapes
from labeling.api.http.pagination import CursorPagination
from labeling.api.http.scope import ProjectView
from labeling.models import User
from labeling.services.projects import members
from labeling.templatetags.localized import localized, stage_of


def run_shape(run: TrainingRun) -> dict[str, Any]:
    """Return a run with its progress and what came of it."""
    job = run.job
    return {
        "id": run.pk,
        "state": job.state,
        "trigger": run.trigger,
        "reason": localized(run.reason),
        "stage": stage_of(job),
        "percent": job.percent,
        "labels": run.label_count,
        "verdict": run.verdict,
        "explanation": localized(run.explanation),
        "error": localized(job.error),
        "created_at": run.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }


def model_shape(model: ModelVersion) -> dict[str, Any]:
    """Return a model version with its evidence."""
    evidence = getattr(model, "evaluation", None)
    return {
        "number": model.number,
        "stage": model.stage,
        "created_at": model.created_at,
        "promoted_at": model.promoted_at,
        "rolled_back_at": model.rolled_back_at,
        "labels": model.snapshot.items,
        "snapshot": model.snapshot.sha256,
        "sha256": model.sha256,
        "accuracy": evidence.accuracy if evidence else None,
        "macro_f1": evidence.macro_f1 if evidence else None,
        "evaluation_items": evidence.items if evidence else 0,
        "better": evidence.better if evidence else None,
        "worse": evidence.worse if evidence else None,
        "verdict": evidence.verdict if evidence else None,
        "per_label": evidence.labels if evidence else [],
    }


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class TrainingRunsView(ProjectView):
    """Training runs, and a new one."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER
    allowed_to_write: ClassVar = members.ENGINEER

    def get(self, request: Request, slug: str) -> Response:
        """List the runs, newest first."""
        rows = TrainingRun.objects.select_related("job").filter(
            project_id=self.member.project_id
        )
        pages = CursorPagination()
        page = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response([run_shape(run) for run in page])

    def post(self, request: Request, slug: str) -> Response:
        """Ask for a run; one that already waits is answered with 200."""
        reason = shapes.text_in(shapes.body_of(request.data), "reason", most=300)
        user = User.objects.get(pk=self.member.user_id)
        run, is_new = triggers.request(self.member.project, user, reason)
        return Response(run_shape(run), status=202 if is_new else 200)


@extend_schema(responses=dict[str, Any])
class ModelsView(ProjectView):
    """The registry."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER

    def get(self, request: Request, slug: str) -> Response:
        """List the versions, newest first."""
        rows = ModelVersion.objects.select_related("snapshot", "evaluation").filter(
            project_id=self.member.project_id
        )
        pages = CursorPagination()
        page = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response([model_shape(model) for model in page])


@extend_schema(request=None, responses=dict[str, Any])
class ModelActionView(ProjectView):
    """Promote, roll back or archive."""

    allowed_to_write: ClassVar = members.ENGINEER

    def post(self, request: Request, slug: str, number: int, action: str) -> Response:
        """Do it; doing it twice changes nothing.

        A rollback names what is to serve no longer, and returns what serves then.
        """
        user = User.objects.get(pk=self.member.user_id)
        model = registry.version(self.member.project, number)
        if action == "promote":
            model = registry.promote(model, user)
        elif action == "rollback":
            model = registry.rollback(model, user)
        else:
            model = registry.archive(model)
        return Response(model_shape(model))
