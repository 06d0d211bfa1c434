"""Where an invitation's link leads: log in or create an account, and be a member.

The code stands behind the # of the link, which browsers send to nobody: it reaches us
in the body of a form alone, so neither logs nor other sites ever see it.
"""

from __future__ import annotations

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from labeling.errors import AssayError, GoneError, InvalidInputError, NotFoundError
from labeling.models import Membership, User, digest_of
from labeling.services.projects import invitations
from labeling.views.page.scope import sentences_of

SESSION_KEY = "invitation"


@never_cache
@sensitive_post_parameters("code", "password", "again")
def join(request: HttpRequest) -> HttpResponse:
    """Show what one is invited to, and let the person join."""
    if "code" in request.POST:
        # What is kept in the session is as useless to others as what the database keeps.
        request.session[SESSION_KEY] = digest_of(request.POST["code"].strip())
        return redirect("join")
    if digest := request.session.get(SESSION_KEY, ""):
        return _invited(request, digest)
    return render(request, "labeling/join.html")


def _invited(request: HttpRequest, digest: str) -> HttpResponse:
    try:
        if request.method != "POST":
            return _shown(request, digest)
        member = _join(request, digest)
    except (GoneError, NotFoundError) as error:
        del request.session[SESSION_KEY]
        page = {"over": error.detail}
        return render(request, "labeling/join.html", page, status=error.status)
    except AssayError as error:
        return _shown(request, digest, error)
    del request.session[SESSION_KEY]
    return redirect("project", member.project.slug)


def _join(request: HttpRequest, digest: str) -> Membership:
    if request.user.is_authenticated:
        return invitations.join(User.objects.get(pk=request.user.pk), digest)
    form = request.POST
    if form.get("password") != form.get("again"):
        raise InvalidInputError(errors={"password": [_("The two are not the same.")]})
    name = form.get("username", "").strip()
    member = invitations.join_anew(digest, name, form.get("password", ""))
    login(request, member.user)
    return member


def _shown(
    request: HttpRequest, digest: str, error: AssayError | None = None
) -> HttpResponse:
    page = {
        "invitation": invitations.find(digest),
        "errors": sentences_of(error) if error else [],
        "typed": request.POST,
    }
    status = error.status if error else 200
    return render(request, "labeling/join.html", page, status=status)
