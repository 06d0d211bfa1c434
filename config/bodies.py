"""How long a body may be, by the address and by who sends it; decided before it is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from config.chunked import IMPORT_CALL, STRANGERS
from config.failures import is_call, refused
from labeling.errors import AssayError, TooLargeError
from labeling.messages import message
from labeling.services.projects import members

_PAGE: Final = re.compile(r"^/projects/([^/]+)/(?:import|predictions)/$")


class Bodies:
    """Refuse a body that is too long for its address or its sender, unread.

    Calls of the API ask for the account and the role before they read anything; pages look
    for their token in the form first.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, or refuse it."""
        raw = request.META.get("CONTENT_LENGTH") or "0"
        length = int(raw) if raw.isdecimal() else 0
        if length <= STRANGERS:
            return self.get_response(request)
        try:
            _check(request, length)
        except AssayError as error:
            return _refusal(request, error)
        return self.get_response(request)


def _check(request: HttpRequest, length: int) -> None:
    """Raise TooLargeError, or what a member without the right is told."""
    path = request.path_info
    if IMPORT_CALL.match(path):
        return  # a stream, counted as it comes
    is_known = is_call(request) or request.user.is_authenticated
    if is_known and (imports := _PAGE.match(path)):
        member = members.membership(request.user, imports[1])
        members.require(member, members.ENGINEER)
        most = settings.IMPORT_MAX_BYTES + STRANGERS
    elif is_known:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    else:
        most = STRANGERS
    if length > most:
        raise TooLargeError(
            message("What was sent has more than %(most)s KiB.", most=most // 2**10)
        )


def _refusal(request: HttpRequest, error: AssayError) -> HttpResponse:
    """Return the refusal; the connection ends, since nobody reads the body."""
    response = refused(request, error)
    response["Connection"] = "close"
    return response
