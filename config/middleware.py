"""The middleware: policy, language, messages, and an answer for an absent database."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.messages.middleware import MessageMiddleware
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from config import health
from config.failures import is_call, refused
from labeling.api.http import problems
from labeling.errors import TooManyAttemptsError

logger = logging.getLogger(__name__)


NOTHING: Final = "default-src 'none'; frame-ancestors 'none'"


class ContentPolicy(CSPMiddleware):
    """Content-Security-Policy: pages get the policy of the settings, others load nothing."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Write the header.

        The policy of pages is built for each response, which would slow down the API.
        """
        if response.headers.get("Content-Type", "").startswith("text/html"):
            # Of a project whose pictures stay in buckets: exactly these origins.
            if origins := getattr(request, "image_origins", []):
                vars(response)["_csp_update"] = {"img-src": origins}
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, NOTHING)
        return response


class Probes:
    """Answer who looks whether this process lives, by whatever name it is called.

    Probes come by address and without TLS: neither the check of the host nor the redirect
    to HTTPS is meant for them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a probe, or pass the request on."""
        if request.path_info == "/healthz":
            return health.alive(request)
        # People who have logged in get more, further on.
        is_stranger = settings.SESSION_COOKIE_NAME not in request.COOKIES
        if request.path_info == "/readyz" and is_stranger:
            return health.ready_for_work()
        return self.get_response(request)


class Languages(LocaleMiddleware):
    """Speak the language of the cookie or the browser; no address carries one."""

    def process_request(self, request: HttpRequest) -> None:
        """Choose the language."""
        translation.activate(translation.get_language_from_request(request))
        request.LANGUAGE_CODE = translation.get_language()

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Name the language."""
        del request
        patch_vary_headers(response, ("Accept-Language",))
        response.headers.setdefault("Content-Language", translation.get_language())
        return response


class Zones:
    """Pages say times in the zone that the browser named, or in that of the settings."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Choose the zone; calls of the API always get theirs with an offset."""
        if is_call(request):
            return self.get_response(request)
        with timezone.override(_zone(request.COOKIES.get(ZONE_COOKIE, ""))):
            return self.get_response(request)


# Written by a script (lib/zone.js); whatever else it holds is taken for nothing.
ZONE_COOKIE: Final = "zone"


# Their names are collected from the disk: not for each cookie that somebody makes up.
_zone_names = cache(available_timezones)


def _zone(name: str) -> ZoneInfo | None:
    # The class keeps the zones that it has read.
    return ZoneInfo(name) if name in _zone_names() else None


class Messages(MessageMiddleware):
    """Messages that the next page shows; requests of the API skip them."""

    def __call__(self, request: HttpRequest) -> Any:
        """Pass the request on, to a page with the messages that wait."""
        if is_call(request):
            return self.get_response(request)
        return super().__call__(request)


# Pages need none of these, so no script that got into one can use them.
NO_DEVICES: Final = (
    "camera=(), display-capture=(), geolocation=(), microphone=(), midi=(), "
    "payment=(), usb=()"
)


class Private:
    """Nobody on the way keeps an answer, unless it says so itself, and pages get no devices.

    Pictures say so, under their digest, and static files.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", NO_DEVICES)
        response.headers.setdefault("Cache-Control", "no-store, private")
        return response


class TryAgain:
    """Answer 503 with Retry-After where the database is away or refuses for now.

    And with a page where somebody has to wait who guesses passwords.

    The request may have been committed or not. Sending a vote again is idempotent: its
    ``client_id`` tells.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        """Turn an error of the connection into the answer."""
        if isinstance(error, TooManyAttemptsError):
            response = refused(request, error)
            response["Retry-After"] = str(error.seconds)
            return response
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        logger.warning("%s %s: %s", request.method, request.path, error)
        if is_call(request):
            document = problems.document(
                problems.TRY_AGAIN,
                _("The database does not answer"),
                503,
                _("Send the same again in a moment; nothing is taken twice."),
            )
            response = problems.plain(document)
        else:
            response = render(request, "503.html", status=503)
        response["Retry-After"] = "1"
        return response
