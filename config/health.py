"""Liveness, readiness and metrics, without item text or secrets."""

from __future__ import annotations

from celery import current_app
from celery.exceptions import OperationalError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator

from labeling.models import Disagreement, Job, ProjectCounter, QueueEntry


def alive(request: HttpRequest) -> HttpResponse:
    """Answer 200 while the process can answer at all."""
    del request
    return HttpResponse("ok\n", content_type="text/plain")


def _database() -> str:
    try:
        executor = MigrationExecutor(connection)
        targets = executor.loader.graph.leaf_nodes()
        return "migrations missing" if executor.migration_plan(targets) else "ok"
    except DatabaseError:
        return "no answer"


def _broker() -> str:
    try:
        with current_app.connection_for_write() as link:
            link.ensure_connection(max_retries=1, timeout=1)
    except (OSError, OperationalError):
        return "no answer"
    return "ok"


def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database, its migrations and the broker are there."""
    checks = {"database": _database(), "broker": _broker()}
    is_ready = all(state == "ok" for state in checks.values())
    body = checks if request.user.is_authenticated else {}
    state = "ready" if is_ready else "not ready"
    return JsonResponse({"state": state, **body}, status=200 if is_ready else 503)


def _counts() -> dict[str, int]:
    votes = ProjectCounter.objects.aggregate(all=Sum("votes"))["all"]
    open_jobs = Job.objects.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING))
    return {
        "assay_votes_total": votes or 0,
        "assay_queue_entries": QueueEntry.objects.count(),
        "assay_jobs_open": open_jobs.count(),
        "assay_disagreements_open": Disagreement.objects.filter(
            resolved_at=None
        ).count(),
    }


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the counts that an operator watches, in Prometheus text format."""
    if not request.user.is_staff:
        return HttpResponse("log in as staff\n", status=401, content_type="text/plain")
    lines = [f"{name} {count}" for name, count in _counts().items()]
    return HttpResponse(
        "\n".join(lines) + "\n", content_type="text/plain; version=0.0.4"
    )


def api_docs(request: HttpRequest) -> HttpResponse:
    """List the calls of the API; no script is needed to read it."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    calls = [
        {
            "method": method.upper(),
            "path": path,
            "about": str(call.get("description", "")),
        }
        for path, methods in schema["paths"].items()
        for method, call in methods.items()
    ]
    return render(request, "api_docs.html", {"calls": calls})
