"""The webhooks of a project: register an endpoint, try it, and see what has arrived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from labeling.errors import InvalidInputError
from labeling.models import Membership, WebhookDelivery
from labeling.services.projects import members
from labeling.services.transfer.webhooks import delivering, endpoints
from labeling.services.work import outbox
from labeling.views.page.paging import listing
from labeling.views.page.scope import attempt, context, member_of, whole


@login_required
@never_cache
def webhooks(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the endpoints and the messages to them; change one, or send one again."""
    member = member_of(request, slug, members.ENGINEER)
    action = _ACTIONS.get(request.POST.get("action", ""), _unknown)
    tried = attempt(request, lambda: action(request, member))
    if tried.is_done and not tried.result:
        return redirect("webhooks", slug)
    asked = request.GET.get("state", "")
    state = asked if asked in WebhookDelivery.State.values else ""
    rows = delivering.listed(member.project, state).select_related("endpoint")
    page = context(
        member,
        "webhooks",
        made=tried.result,
        endpoints=listing(
            request,
            endpoints.listed(member.project),
            size=endpoints.MOST,
            names=("endpoints-before", "endpoints-after"),
        ),
        deliveries=listing(request, rows),
        state=state,
        states=WebhookDelivery.State.choices,
        events=outbox.EVENTS.items(),
        errors=tried.errors,
        typed=request.POST,
    )
    return render(request, "labeling/webhooks.html", page, status=tried.status)


def _register(request: HttpRequest, member: Membership) -> endpoints.Registered:
    url = request.POST.get("url", "").strip()
    events = request.POST.getlist("events")
    return endpoints.register(member.project, member.user, url, events)


def _renew(request: HttpRequest, member: Membership) -> endpoints.Registered:
    return endpoints.renew_secret(endpoints.of_project(member.project, _pk(request)))


def _test(request: HttpRequest, member: Membership) -> None:
    endpoints.send_test(endpoints.of_project(member.project, _pk(request)))
    messages.success(request, _("A test is on its way: see below what comes of it."))


def _switch(request: HttpRequest, member: Membership) -> None:
    endpoint = endpoints.of_project(member.project, _pk(request))
    endpoints.change(endpoint, is_active=not endpoint.is_active)


def _remove(request: HttpRequest, member: Membership) -> None:
    endpoints.remove(endpoints.of_project(member.project, _pk(request)))
    messages.success(request, _("The endpoint is gone."))


def _replay(request: HttpRequest, member: Membership) -> None:
    delivering.replay(member.project, _pk(request))
    messages.success(request, _("The message is sent again."))


def _unknown(request: HttpRequest, member: Membership) -> None:
    """Raise InvalidInputError: no button of the page says so."""
    del request, member
    raise InvalidInputError(_("Nothing was asked for."))


def _pk(request: HttpRequest) -> int:
    return whole(request.POST.get("id"))


_ACTIONS: Final[dict[str, Callable[[HttpRequest, Membership], object]]] = {
    "register": _register,
    "renew": _renew,
    "test": _test,
    "switch": _switch,
    "remove": _remove,
    "replay": _replay,
}
