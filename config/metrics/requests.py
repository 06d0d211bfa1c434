"""How long requests take, by route: kept by each process, added up where they are read."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

# The library reads it when it is imported: the processes of a web server share the folder.
FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
# Up to 20 ms for a lease or a vote, 25 for a prediction, 300 for a page (docs/operations.md).
SECONDS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 1.0, 3.0, 10.0)
# Of requests that no route takes: what strangers ask for must not become names of series.
NO_ROUTE: Final = "none"
# A method is whatever a caller writes.
_METHODS: Final = frozenset(
    {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
)

_registry: Final = CollectorRegistry()
_duration: Final = Histogram(
    "assay_http_request_seconds",
    "Seconds until a response begins, by route, method and class of status.",
    ("route", "method", "status"),
    buckets=SECONDS,
    registry=_registry,
)


class Timed:
    """Measure each request that the site answers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        began = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        method = request.method if request.method in _METHODS else "other"
        _duration.labels(
            f"/{match.route}" if match else NO_ROUTE,
            method,
            f"{response.status_code // 100}xx",
        ).observe(time.perf_counter() - began)
        return response


def prepare() -> None:
    """Make the folder that the processes share, where there is one; before the first request."""
    if folder := os.environ.get(FOLDER):
        Path(folder).mkdir(parents=True, exist_ok=True)


def collectors() -> list[Collector]:
    """Return what holds the requests of all processes that share a folder, or of this one."""
    if FOLDER in os.environ:
        return [MultiProcessCollector(CollectorRegistry())]
    return [_registry]
