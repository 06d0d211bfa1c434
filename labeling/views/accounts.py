"""A person's own account: password, language, tokens, sessions; and a forgotten password."""

from __future__ import annotations

import logging
from collections.abc import Callable
from smtplib import SMTPException
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash, views
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from labeling.errors import InvalidInputError
from labeling.models import BrowserSession, User
from labeling.services.accounts import attempts, passwords, profile, sessions, tokens
from labeling.views.page.scope import attempt, whole

logger = logging.getLogger(__name__)

MOST_SESSIONS: Final = 50
# As browsers name themselves; the first that is in the text, since some name others too.
BROWSERS: Final = {"Firefox": "Firefox", "Edg": "Edge", "OPR": "Opera"}
BROWSERS_BEHIND: Final = {"Chrome": "Chrome", "Safari": "Safari"}
SYSTEMS: Final = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


@login_required
@never_cache
@sensitive_post_parameters("before", "password", "again")
def account(request: HttpRequest) -> HttpResponse:
    """Show a person's account, and change it."""
    user = User.objects.get(pk=request.user.pk or 0)
    action = _ACTIONS.get(request.POST.get("action", ""), _unknown)
    tried = attempt(request, lambda: action(request, user))
    if tried.is_done and not tried.result:
        return with_language(redirect("account"), user)
    page = {
        "account": User.objects.get(pk=user.pk),
        "issued": tried.result,
        "tokens": user.api_tokens.order_by("-pk"),
        "sessions": _sessions(request, user),
        "themes": User.Theme.choices,
        "languages": settings.LANGUAGES,
        "most_days": tokens.MOST_DAYS,
        "has_mail": settings.HAS_MAIL,
        "errors": tried.errors,
    }
    return render(request, "labeling/account.html", page, status=tried.status)


def with_language(response: HttpResponse, user: User) -> HttpResponse:
    """Have the browser ask in the language of the account from now on."""
    if user.language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            user.language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            path=settings.LANGUAGE_COOKIE_PATH,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )
    return response


def _sessions(request: HttpRequest, user: User) -> list[dict[str, Any]]:
    """Return where a person is logged in, the last used first."""
    own = request.session.session_key
    return [
        {
            "handle": sessions.handle_of(session),
            "device": device_of(session),
            "started_at": session.started_at,
            "seen_at": session.seen_at,
            "is_this": session.session_key == own,
        }
        for session in sessions.of(user).order_by("-seen_at")[:MOST_SESSIONS]
    ]


def device_of(session: BrowserSession) -> str:
    """Return what a session's browser and machine are called, as far as they say."""

    def called(names: dict[str, str]) -> str:
        return next(
            (name for sign, name in names.items() if sign in session.device), ""
        )

    browser = called(BROWSERS) or called(BROWSERS_BEHIND)
    return ", ".join(filter(None, (browser, called(SYSTEMS)))) or session.device[:60]


def _unknown(request: HttpRequest, user: User) -> None:
    del request, user
    raise InvalidInputError(_("The form does not say what to do: load the page again."))


def _change_password(request: HttpRequest, user: User) -> None:
    form = request.POST
    if form.get("password") != form.get("again"):
        raise InvalidInputError(errors={"password": [_("The two are not the same.")]})
    ended = passwords.change(
        user,
        form.get("before", ""),
        form.get("password", ""),
        session=request.session.session_key,
        ends_tokens="ends_tokens" in form,
    )
    # Else this session would end as well: it holds a digest of the password before.
    update_session_auth_hash(request, user)
    messages.success(request, _("Your password was changed."))
    _say_ended(request, ended)


def _say_ended(request: HttpRequest, ended: passwords.Ended) -> None:
    if ended.sessions:
        words = ngettext(
            "%(count)s other session was ended.",
            "%(count)s other sessions were ended.",
            ended.sessions,
        )
        messages.info(request, words % {"count": ended.sessions})
    if ended.tokens:
        words = ngettext(
            "%(count)s token was revoked.",
            "%(count)s tokens were revoked.",
            ended.tokens,
        )
        messages.info(request, words % {"count": ended.tokens})


def _choose_look(request: HttpRequest, user: User) -> None:
    profile.choose_look(
        user,
        language=request.POST.get("language", ""),
        theme=request.POST.get("theme", ""),
        languages=dict(settings.LANGUAGES),
    )
    messages.success(request, _("Kept."))


def _choose_email(request: HttpRequest, user: User) -> None:
    # Whoever finds an open browser could else have a new password sent to themselves.
    passwords.check_own(user, request.POST.get("before", ""))
    profile.choose_email(user, request.POST.get("email", ""))
    messages.success(request, _("Kept."))


def _issue(request: HttpRequest, user: User) -> tokens.IssuedToken:
    raw = request.POST.get("days", "").strip()
    days = whole(raw) if raw else None
    return tokens.issue(user, request.POST.get("name", ""), days=days)


def _revoke(request: HttpRequest, user: User) -> None:
    tokens.revoke(user, whole(request.POST.get("token")))
    messages.success(request, _("The token does not work any more."))


def _end(request: HttpRequest, user: User) -> None:
    sessions.end(user, request.POST.get("session", ""))
    messages.success(request, _("The session has ended."))


def _end_others(request: HttpRequest, user: User) -> None:
    count = sessions.end_all(user, but=request.session.session_key)
    _say_ended(request, passwords.Ended(count, 0))


_ACTIONS: Final[dict[str, Callable[[HttpRequest, User], object]]] = {
    "password": _change_password,
    "look": _choose_look,
    "email": _choose_email,
    "token": _issue,
    "revoke": _revoke,
    "end": _end,
    "end-others": _end_others,
}


class LogInView(views.LoginView):
    """Log in, in the language that the account has chosen."""

    template_name = "labeling/login.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Log in."""
        return with_language(super().form_valid(form), form.get_user())


class LetterForm(PasswordResetForm):
    """Whom to send a link to, and the letter."""

    def send_mail(self, *given: Any, **templates: Any) -> None:
        """Send the link; where that fails it stands in the log, and nobody is told."""
        # The words are here and not in the templates that the framework would read.
        _subject, _text, context, from_email, to_email = given
        del templates
        path = reverse("new-password", args=(context["uid"], context["token"]))
        lines = (
            _("With this link “%(name)s” gets a new password, once and within a day:")
            % {"name": context["user"].get_username()},
            f"{context['protocol']}://{context['domain']}{path}",
            _("If it was not you who asked, do nothing: the password stays as it is."),
        )
        subject = _("Assay: a new password")
        try:
            send_mail(subject, "\n\n".join(lines), from_email, [to_email])
        except (OSError, SMTPException):
            logger.exception("a letter with a password link could not be sent")


class ForgottenView(views.PasswordResetView):
    """Send a link for a new password, where mail is set up; else say whom to ask."""

    template_name = "labeling/account/forgotten.html"
    form_class = LetterForm
    success_url = reverse_lazy("letter-sent")
    token_generator = passwords.LINK_KEYS

    def get_context_data(self, **named: Any) -> dict[str, Any]:
        """Say whether there is mail."""
        return {**super().get_context_data(**named), "has_mail": settings.HAS_MAIL}

    def form_valid(self, form: Any) -> HttpResponse:
        """Send it; the reply does not tell whether there is such an account."""
        if not settings.HAS_MAIL:
            return redirect("forgotten")
        attempts.begin(attempts.letters_of(self.request.META.get("REMOTE_ADDR", "")))
        return super().form_valid(form)


@method_decorator(never_cache, name="dispatch")
class NewPasswordView(views.PasswordResetConfirmView):
    """Where such a link leads: set a new password."""

    template_name = "labeling/account/new_password.html"
    success_url = reverse_lazy("home")
    # This browser is known from then on: who guesses elsewhere does not keep it out.
    post_reset_login = True
    token_generator = passwords.LINK_KEYS

    def dispatch(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Show the form; a link that is over is 410."""
        response = super().dispatch(*args, **kwargs)
        if response.status_code == 200 and not self.validlink:
            response.status_code = 410
        return response

    def form_valid(self, form: SetPasswordForm[User]) -> HttpResponse:
        """Keep the password, and end what was open by the one before."""
        response = super().form_valid(form)
        if isinstance(self.user, User):
            ends = "ends_tokens" in self.request.POST
            ended = passwords.after_change(
                self.user,
                session=self.request.session.session_key,
                ends_tokens=ends,
            )
            messages.success(self.request, _("Your password was changed."))
            _say_ended(self.request, ended)
        return response
