"""What every request passes through."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from labeling.api.http import problems

logger = logging.getLogger(__name__)


NOTHING: Final = "default-src 'none'; frame-ancestors 'none'"


class ContentPolicy(CSPMiddleware):
    """Let an answer that is no page load nothing; for pages the settings say what."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Write the policy; building that of pages costs a call of the API too much."""
        if response.headers.get("Content-Type", "").startswith("text/html"):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, NOTHING)
        return response


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


class Messages(MessageMiddleware):
    """Words that the next page shows; calls of the API pass by."""

    def __call__(self, request: HttpRequest) -> Any:
        """Pass the request on, to a page with the messages that wait."""
        is_call = request.path_info.startswith("/api/")
        return self.get_response(request) if is_call else super().__call__(request)


class TryAgain:
    """Say 503 and when to try again where the database is away or refuses for now.

    What was sent may have been kept or not: an answer's ``client_id`` tells.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        """Answer for a database that did not."""
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        logger.warning("%s %s: %s", request.method, request.path, _line(error))
        if request.path.startswith("/api/"):
            told = problems.document(
                "try_again",
                _("The database does not answer"),
                503,
                _("Send the same again in a moment; nothing is taken twice."),
            )
            answer: HttpResponse = JsonResponse(
                told, status=503, content_type=problems.CONTENT_TYPE
            )
        else:
            answer = render(request, "503.html", status=503)
        answer["Retry-After"] = "1"
        return answer


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
