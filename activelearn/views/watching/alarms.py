"""The page of a project's alarms and incidents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activelearn.models import WatchIncident, WatchRule
from activelearn.services.watching import alarms as service
from activelearn.services.watching import incidents
from labeling.models import Membership
from labeling.services.projects import members
from labeling.views.page.paging import listing
from labeling.views.page.scope import attempt, context, member_of, whole

SHOWN: Final = 20


@dataclass(frozen=True)
class AlarmCard:
    """An alarm with its name and what it would have done."""

    rule: service.AlarmRule
    name: str
    fired: str


@login_required
def alarms(request: HttpRequest, slug: str) -> HttpResponse:
    """Show alarms and incidents; change, try, snooze, take, close, verify."""
    member = member_of(request, slug, members.ENGINEER)
    act = _ACTIONS.get(request.POST.get("action", ""), _nothing)
    tried = attempt(request, lambda: act(request, member))
    if tried.is_done:
        return redirect("alarms", slug)
    rows = WatchIncident.objects.select_related("owner", "verified_by")
    page = context(
        member,
        "watch",
        errors=tried.errors,
        cards=[_card(rule) for rule in service.rules_of(member.project_id)],
        incidents=listing(request, rows.filter(project=member.project), size=SHOWN),
    )
    return render(request, "activelearn/alarms.html", page, status=tried.status)


def _card(rule: service.AlarmRule) -> AlarmCard:
    return AlarmCard(rule, str(WatchRule.Metric(rule.metric).label), _fired(rule))


def _fired(rule: service.AlarmRule) -> str:
    text = ngettext(
        "It would have fired %(count)s time in 90 days.",
        "It would have fired %(count)s times in 90 days.",
        rule.fired,
    )
    return text % {"count": rule.fired}


def _nothing(request: HttpRequest, member: Membership) -> None:
    """Do nothing: a form that nobody knows."""


def _change(request: HttpRequest, member: Membership) -> None:
    threshold = _number(request.POST.get("threshold", ""))
    service.change(
        member.project,
        request.POST.get("metric", ""),
        threshold,
        is_on="is_on" in request.POST,
    )


def _try(request: HttpRequest, member: Membership) -> None:
    threshold = _number(request.POST.get("threshold", ""))
    name = request.POST.get("metric", "")
    rule = service.preview(member.project, name, threshold)
    messages.info(
        request,
        _("With %(threshold)s: %(fired)s")
        % {"threshold": request.POST["threshold"], "fired": _fired(rule)},
    )


def _number(typed: str) -> float:
    """Return a number as people type it; what is none is out of range."""
    try:
        return float(typed.replace(",", "."))
    except ValueError:
        return -1.0


def _snooze(request: HttpRequest, member: Membership) -> None:
    service.snooze(
        member.project,
        member.user,
        request.POST.get("metric", ""),
        whole(request.POST.get("days")),
        request.POST.get("reason", ""),
    )


def _take(request: HttpRequest, member: Membership) -> None:
    incidents.take(member.project, member.user, whole(request.POST.get("incident")))


def _close(request: HttpRequest, member: Membership) -> None:
    incidents.close(
        member.project,
        member.user,
        whole(request.POST.get("incident")),
        request.POST.get("cause", ""),
        request.POST.get("fix", ""),
    )


def _verify(request: HttpRequest, member: Membership) -> None:
    incidents.verify(member.project, member.user, whole(request.POST.get("incident")))


_ACTIONS: Final[Mapping[str, Callable[[HttpRequest, Membership], None]]] = {
    "change": _change,
    "try": _try,
    "snooze": _snooze,
    "take": _take,
    "close": _close,
    "verify": _verify,
}
