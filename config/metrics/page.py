"""The metrics in Prometheus' text format, for those who watch an installation."""

from __future__ import annotations

import ipaddress
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from config.metrics import requests
from config.metrics.facts import DatabaseFacts
from labeling.api.http.authentication import key_of, owner_of

# What a proxy writes into a request. One that writes none of these has to be told of by
# PROXIES: its callers would be taken for those of this machine.
_OF_PROXIES: Final = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
    "HTTP_VIA",
)


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer all series, without item text or secrets."""
    if not _may_watch(request):
        words = "log in as staff, or send a token of the staff\n"
        return HttpResponse(
            words,
            status=401,
            content_type="text/plain",
            headers={"WWW-Authenticate": "Token"},
        )
    registry = CollectorRegistry()
    for collector in (DatabaseFacts(), *requests.collectors()):
        registry.register(collector)
    return HttpResponse(
        generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4
    )


def _may_watch(request: HttpRequest) -> bool:
    if request.user.is_staff or _is_of_this_machine(request):
        return True
    owner = owner_of(key, "") if (key := key_of(request)) else None
    return owner is not None and owner[0].is_staff


def _is_of_this_machine(request: HttpRequest) -> bool:
    if settings.PROXIES or any(name in request.META for name in _OF_PROXIES):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
