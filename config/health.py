"""Liveness, readiness and metrics, without item text or secrets."""

from __future__ import annotations

import ipaddress
from functools import cache
from threading import Lock
from typing import Any, Final

from celery import current_app
from celery.exceptions import OperationalError
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator

from activelearn.services.versions import healing
from config.database import schema
from labeling.api.http.authentication import key_of, owner_of
from labeling.models import Disagreement, Job, ProjectCounter, QueueEntry
from labeling.services.work import space


def alive(request: HttpRequest) -> HttpResponse:
    """Answer 200 while the process can answer at all."""
    del request
    return HttpResponse("ok\n", content_type="text/plain")


def _database() -> str:
    try:
        if schema.unknown():
            return "of a newer Assay"
        return "migrations missing" if schema.is_behind() else "ok"
    except (DatabaseError, InterfaceError):
        return "no answer"


def _broker() -> str:
    try:
        with current_app.connection_for_write() as link:
            link.ensure_connection(max_retries=1, timeout=1)
    except (OSError, OperationalError):
        return "no answer"
    return "ok"


def ready_for_work(*, is_told_why: bool = False) -> HttpResponse:
    """Answer 200 when the database, its migrations and the broker are there."""
    checks = {"database": _database(), "broker": _broker()}
    is_ready = all(state == "ok" for state in checks.values())
    state = "ready" if is_ready else "not ready"
    # All can be read then, so nobody is to be sent elsewhere.
    checks["disk"] = "nearly full" if space.is_short() else "ok"
    if is_ready and checks["disk"] != "ok":
        state = "ready to read"
    if is_ready and is_told_why:
        damaged = healing.alarms().count()
        checks["models"] = f"{damaged} damaged" if damaged else "ok"
    body = checks if is_told_why else {}
    return JsonResponse({"state": state, **body}, status=200 if is_ready else 503)


def ready(request: HttpRequest) -> HttpResponse:
    """Answer the same; people who have logged in see what is missing."""
    return ready_for_work(is_told_why=request.user.is_authenticated)


def _counts() -> dict[str, int]:
    votes = ProjectCounter.objects.aggregate(all=Sum("votes"))["all"]
    open_jobs = Job.objects.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING))
    return {
        "assay_votes_total": votes or 0,
        "assay_queue_entries": QueueEntry.objects.count(),
        "assay_jobs_open": open_jobs.count(),
        "assay_models_damaged": healing.alarms().count(),
        "assay_disk_free_bytes": space.free(),
        "assay_disagreements_open": Disagreement.objects.filter(
            resolved_at=None
        ).count(),
    }


# What a proxy writes into a request. One that writes none of these has to be told of by
# PROXIES: its callers would be taken for those of this machine.
_OF_PROXIES: Final = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
    "HTTP_VIA",
)


def _is_of_this_machine(request: HttpRequest) -> bool:
    if settings.PROXIES or any(name in request.META for name in _OF_PROXIES):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _may_watch(request: HttpRequest) -> bool:
    if request.user.is_staff or _is_of_this_machine(request):
        return True
    owner = owner_of(key, "") if (key := key_of(request)) else None
    return owner is not None and owner[0].is_staff


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the counts that an operator watches, in Prometheus text format."""
    if not _may_watch(request):
        words = "log in as staff, or send a token of the staff\n"
        return HttpResponse(
            words,
            status=401,
            content_type="text/plain",
            headers={"WWW-Authenticate": "Token"},
        )
    lines = [f"{name} {count}" for name, count in _counts().items()]
    return HttpResponse(
        "\n".join(lines) + "\n", content_type="text/plain; version=0.0.4"
    )


@cache
def _api(language: str) -> dict[str, Any]:
    """Return the API's schema, with its texts in a language."""
    with translation.override(language):
        made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


_API_IS_MADE: Final = Lock()


def api() -> dict[str, Any]:
    """Return the API's schema: made once in each language, by one thread.

    The generator changes the views that it reads and cannot be run twice at a time.
    """
    with _API_IS_MADE:
        return _api(translation.get_language() or settings.LANGUAGE_CODE)


class MadeOnce(SchemaGenerator):
    """The schema's own address answers the one that was made."""

    def get_schema(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Return what was made once; it is the same for everybody."""
        return api()


def api_docs(request: HttpRequest) -> HttpResponse:
    """List the calls of the API; no script is needed to read it."""
    calls = [
        {
            "method": method.upper(),
            "path": path,
            "about": str(call.get("description", "")),
        }
        for path, methods in api()["paths"].items()
        for method, call in methods.items()
    ]
    return render(request, "api_docs.html", {"calls": calls})
