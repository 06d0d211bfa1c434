"""Where the disk is nearly full nothing is written any more, and all can be read."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

from config.failures import refused
from labeling.errors import NoSpaceError
from labeling.services.work import space

logger = logging.getLogger(__name__)
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# Small, and without them nobody can look or make room.
_ALWAYS: Final = ("/login/", "/logout/", "/language/", "/admin/")
# Seconds between two lines of the log: a full disk must not be filled by them.
_QUIET: Final = 60.0


class Space:
    """Refuse in words what would write, before the database stops for want of room."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._last_line = -_QUIET

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, or refuse it."""
        if request.method in _READING or request.path_info.startswith(_ALWAYS):
            return self.get_response(request)
        try:
            space.check()
        except NoSpaceError as error:
            self._say()
            return _refusal(request, error)
        return self.get_response(request)

    def _say(self) -> None:
        now = time.monotonic()
        if now >= self._last_line + _QUIET:
            self._last_line = now
            logger.error(
                "only %s MiB are free: nothing is taken", space.free() // 2**20
            )


def _refusal(request: HttpRequest, error: NoSpaceError) -> HttpResponse:
    response = refused(request, error)
    response["Retry-After"] = "60"
    # Nobody reads the body.
    response["Connection"] = "close"
    return response
