"""A site that stands below a path of its host."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.http import HttpRequest

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def log_ins(request: HttpRequest) -> dict[str, str]:
    """Give templates what the provider of log-ins is called; empty where there is none."""
    del request
    return {"oidc_name": settings.OIDC.name if settings.OIDC else ""}


def without_prefix(application: Application) -> Application:
    """Take the prefix off the paths of requests, where a proxy has left it on."""
    before = settings.URL_PREFIX

    def served(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == before or path.startswith(f"{before}/"):
            environ["PATH_INFO"] = path.removeprefix(before) or "/"
        return application(environ, start)

    return served if before else application
