"""Browsers that somebody has logged in with: they keep a count of their own.

Whoever guesses passwords elsewhere then keeps nobody out who comes back with theirs.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from labeling.models import User
from labeling.services.accounts import attempts

# By account, since people share machines; the last ones that logged in.
MOST: Final = 8
DAYS: Final = 180
_NEW: Final = "_known_devices"


def known(request: HttpRequest) -> dict[str, str]:
    """Return by account, as ``attempts`` names it, the secret that a browser got there."""
    try:
        cookie = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
        known_by: dict[str, str] = signing.loads(
            cookie, salt="devices", max_age=DAYS * 24 * 3600
        )
    # Anybody can send such a cookie; one that we have not signed is none.
    except signing.BadSignature:
        return {}
    return known_by


def learn(request: HttpRequest, user: User) -> None:
    """Have the answer tell the browser that it is known to an account."""
    key, others = attempts.account_of(user.username), known(request)
    secret = others.pop(key, "") or secrets.token_urlsafe(12)
    last = list(others.items())[-(MOST - 1) :]
    setattr(request, _NEW, {**dict(last), key: secret})


class Devices:
    """Hands out what ``learn`` has kept with the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, and the cookie back."""
        response = self.get_response(request)
        if known_by := getattr(request, _NEW, None):
            response.set_cookie(
                settings.DEVICE_COOKIE_NAME,
                signing.dumps(known_by, salt="devices"),
                max_age=DAYS * 24 * 3600,
                path=settings.SESSION_COOKIE_PATH,
                secure=settings.IS_HTTPS,
                httponly=True,
                samesite="Lax",
            )
        return response
