"""Liveness and readiness, without secrets; and what the API says of itself."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any, Final

from celery import current_app
from celery.exceptions import OperationalError
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator

from activelearn.services.versions import healing
from config.database import schema
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
