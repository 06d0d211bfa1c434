"""There and back: log in, connect an account, log out by another party.

People go there by a link and not by a form: the policy of pages lets forms lead to this site
alone, and it stays as strict as it is.
"""

from __future__ import annotations

import time
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from config.failures import refused
from config.oidc import identities, provider
from labeling.errors import AssayError
from labeling.models import User
from labeling.services.accounts import passwords
from labeling.views.accounts import with_language

# What a session keeps from there to back, and until the log-out.
_NEXT: Final = "oidc_next"
_CONNECTS: Final = "oidc_connects"
_TOKEN: Final = "oidc_token"  # noqa: S105 (a name)
# Seconds that somebody has for the log-in there.
_PATIENCE: Final = 900


@never_cache
@require_GET
def begin(request: HttpRequest) -> HttpResponse:
    """Send somebody to the provider to log in there."""
    target = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        target, {request.get_host()}, require_https=request.is_secure()
    )
    if not request.user.is_authenticated:
        # Whoever only looks leaves nothing here for long.
        request.session.set_expiry(_PATIENCE)
    request.session[_NEXT] = target if is_ours else ""
    try:
        return provider.redirect(
            request, request.build_absolute_uri(reverse("oidc-back"))
        )
    except AssayError as error:
        return refused(request, error)


@never_cache
@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """Log in who comes back, or connect them with the account that asked for it."""
    try:
        person, token = provider.person(request)
        if _is_connecting(request):
            identities.connect(User.objects.get(pk=request.user.pk or 0), person)
            messages.success(request, _("Connected: you can log in that way, too."))
            return redirect("account")
        user = identities.enter(person)
    except AssayError as error:
        return refused(request, error)
    target = request.session.pop(_NEXT, "")
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.set_expiry(None)
    request.session[_TOKEN] = token
    return with_language(redirect(target or settings.LOGIN_REDIRECT_URL), user)


def _is_connecting(request: HttpRequest) -> bool:
    """Whether the person who is logged in has just asked for it with their password."""
    asked: Any = request.session.pop(_CONNECTS, None)
    if not asked or not request.user.is_authenticated:
        return False
    return bool(
        asked["user"] == request.user.pk and asked["at"] > time.time() - _PATIENCE
    )


@never_cache
@login_required
@require_POST
@sensitive_post_parameters("before")
def connect(request: HttpRequest) -> HttpResponse:
    """Let somebody who proves their password go and prove who they are there."""
    user = User.objects.get(pk=request.user.pk or 0)
    try:
        passwords.check_own(user, request.POST.get("before", ""))
    except AssayError as error:
        return refused(request, error)
    request.session[_CONNECTS] = {"user": user.pk, "at": time.time()}
    return render(request, "labeling/account/connect.html")


class LogOutView(LogoutView):
    """Log out here, and show the way to log out there."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the session."""
        token = request.session.get(_TOKEN, "")
        response = super().post(request, *args, **kwargs)
        if not token:
            return response
        entry = request.build_absolute_uri(resolve_url(settings.LOGIN_URL))
        if not (address := provider.farewell(token, entry)):
            return response
        page = {"address": address}
        return render(request, "labeling/account/logged_out.html", page)
