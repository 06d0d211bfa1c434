"""Predictions from outside: bring a file, see the sources, choose what they are used for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labeling.errors import InvalidInputError
from labeling.models import ImportRun, Membership, PredictionSource
from labeling.services.projects import members, policy
from labeling.services.transfer import importing
from labeling.services.transfer.outside import sources
from labeling.services.transfer.predicting import run
from labeling.views.page.paging import listing
from labeling.views.page.scope import attempt, context, member_of, whole


@login_required
def predictions(request: HttpRequest, slug: str) -> HttpResponse:
    """List the sources and what came last; bring, use and delete predictions."""
    member = member_of(request, slug, members.ENGINEER)
    tried = attempt(request, lambda: _act(request, member))
    if tried.is_done:
        return redirect("predictions", slug)
    brought = ImportRun.objects.select_related("job").filter(
        project=member.project, job__kind=run.KIND
    )
    runs = listing(request, brought, size=5)
    page = context(
        member,
        "predictions",
        errors=tried.errors,
        sources=sources.sources_of(member.project),
        runs=runs,
        running=next((each for each in runs.rows if not each.job.finished_at), None),
        used=_used(member),
    )
    return render(request, "labeling/predictions.html", page, status=tried.status)


def _used(member: Membership) -> dict[str, Any]:
    """Return which source suggests, which one orders, and what keeps it from that."""
    settings = policy.values_of(member.project)
    return {
        "suggestions": settings["suggestions_by"],
        "order": settings["ranked_by"] if settings["strategy"] == "external" else "",
        "is_blind": settings["suggestion_mode"] == "blind",
    }


def _act(request: HttpRequest, member: Membership) -> None:
    act = _ACTIONS.get(request.POST.get("action", ""), _bring)
    act(request, member)


def _bring(request: HttpRequest, member: Membership) -> None:
    file = request.FILES.get("file")
    if file is None:
        raise InvalidInputError(_("Choose a file first."))
    upload = importing.stage(
        member.project, member.user, file.name or "", file.chunks()
    )
    with importing.forgotten_if_refused(upload):
        run.start(upload, member.user, {"source": request.POST.get("source", "")})


def _named(request: HttpRequest, member: Membership) -> PredictionSource:
    return sources.source_named(member.project, whole(request.POST.get("source")))


def _suggest(request: HttpRequest, member: Membership) -> None:
    members.require(member, members.MANAGE)
    name = _named(request, member).name
    policy.change(member.project, {"suggestions_by": name})


def _suggest_own(_request: HttpRequest, member: Membership) -> None:
    members.require(member, members.MANAGE)
    policy.change(member.project, {"suggestions_by": ""})


def _order(request: HttpRequest, member: Membership) -> None:
    members.require(member, members.MANAGE)
    name = _named(request, member).name
    policy.change(member.project, {"strategy": "external", "ranked_by": name})


def _order_own(_request: HttpRequest, member: Membership) -> None:
    members.require(member, members.MANAGE)
    policy.change(member.project, {"strategy": "auto", "ranked_by": ""})


def _delete(request: HttpRequest, member: Membership) -> None:
    source = _named(request, member)
    count = sources.delete_source(member.project, source.pk)
    words = ngettext(
        "“%(name)s” is deleted, with its prediction of %(count)s item.",
        "“%(name)s” is deleted, with its predictions of %(count)s items.",
        count,
    )
    messages.success(request, words % {"name": source.name, "count": count})


_ACTIONS: Final[dict[str, Callable[[HttpRequest, Membership], None]]] = {
    "suggest": _suggest,
    "suggest-own": _suggest_own,
    "order": _order,
    "order-own": _order_own,
    "delete": _delete,
}
