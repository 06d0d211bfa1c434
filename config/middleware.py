"""The middleware: policy, language, messages, and an answer for an absent database."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from labeling.api.http import problems
from labeling.api.http.writing import written

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
    """Messages that the next page shows; requests of the API skip them."""

    def __call__(self, request: HttpRequest) -> Any:
        """Pass the request on, to a page with the messages that wait."""
        is_call = request.path_info.startswith("/api/")
        return self.get_response(request) if is_call else super().__call__(request)


class TryAgain:
    """Answer 503 with Retry-After where the database is away or refuses for now.

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
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        logger.warning("%s %s: %s", request.method, request.path, _line(error))
        if request.path.startswith("/api/"):
            document = problems.document(
                problems.TRY_AGAIN,
                _("The database does not answer"),
                503,
                _("Send the same again in a moment; nothing is taken twice."),
            )
            answer = HttpResponse(
                written(document), status=503, content_type=problems.CONTENT_TYPE
            )
        else:
            answer = render(request, "503.html", status=503)
        answer["Retry-After"] = "1"
        return answer


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
