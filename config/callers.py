"""Each request gets a name, and the address of who really sent it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from labeling.tracing import REQUEST_ID

HEADER: Final = "X-Request-ID"
_SOUND: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")


class Callers:
    """Name a request: in the answer, in its problem document and in each line of the log.

    A proxy that names requests is taken at its word; others are, too, as far as that
    makes a harmless line of the log.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        given = request.headers.get(HEADER, "")
        name = given if _SOUND.fullmatch(given) else secrets.token_hex(12)
        token = REQUEST_ID.set(name)
        try:
            _see_through_proxies(request)
            response = self.get_response(request)
        finally:
            REQUEST_ID.reset(token)
        response.headers[HEADER] = name
        return response


def _see_through_proxies(request: HttpRequest) -> None:
    """Put the caller's address where a direct one stands.

    Each proxy adds at the end whom it heard: what stands before that anybody can write.
    """
    if not settings.PROXIES:
        return
    heard = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if len(heard) >= settings.PROXIES and (address := heard[-settings.PROXIES].strip()):
        request.META["REMOTE_ADDR"] = address
