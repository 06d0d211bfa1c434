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

from labeling.errors import AssayError, InvalidInputError
from labeling.models import ImportRun, Membership, PredictionSource, Upload
from labeling.services.projects import members, policy
from labeling.services.transfer import importing
from labeling.services.transfer.outside import rows, sources
from labeling.services.transfer.predicting import look as looking
from labeling.services.transfer.predicting import run
from labeling.views.page.paging import listing
from labeling.views.page.scope import (
    Tried,
    attempt,
    context,
    member_of,
    refusal_of,
    whole,
)
from labeling.views.transfer import staged


@login_required
def predictions(request: HttpRequest, slug: str) -> HttpResponse:
    """List the sources and what came last; bring, use and delete predictions."""
    member = member_of(request, slug, members.ENGINEER)
    is_look = "look" in request.POST
    tried = Tried() if is_look else attempt(request, lambda: _act(request, member))
    if tried.is_done:
        return redirect(tried.result or request.path)
    shown: dict[str, Any] = {}
    try:
        # Into what is there already: how it is read is shown where it cannot be read so.
        _look(request, member, shown)
    except AssayError as error:
        # What was refused first is said.
        tried = tried if tried.errors else refusal_of(error)
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
        **shown,
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


def _look(request: HttpRequest, member: Membership, shown: dict[str, Any]) -> None:
    """Add to ``shown`` how a file would be read and what its first rows would become."""
    key = request.POST.get("upload") or request.GET.get("upload")
    if not key:
        return
    upload = staged.upload_of(member, key)
    shown.update(staged.reading(upload))
    options = _options(request, upload)
    look = looking.look(upload, options)
    shown.update(
        look=look,
        roles=rows.ROLES,
        columns=[*look.roles.items()][: staged.MOST_COLUMNS],
        source=options["source"],
        **staged.labels_shown(upload, look.labels, options["label_map"]),
    )


def _options(request: HttpRequest, upload: Upload) -> dict[str, Any]:
    """Return what a person chooses for a file; of a column that is its own role, nothing.

    So an export of ours is known by its columns until a person says otherwise.
    """
    named = staged.roles(request, lambda: importing.preview(upload).columns)
    return {
        "source": request.POST.get("source", ""),
        "mapping": {
            column: role
            for column, role in named.items()
            if role != (rows.role_of(column, {}) or "ignore")
        },
        "label_map": staged.labels(request),
    }


def _act(request: HttpRequest, member: Membership) -> str | None:
    """Do what a form asks; return the address of a file that is to be looked at."""
    act = _ACTIONS.get(request.POST.get("action", ""), _bring)
    return act(request, member)


def _bring(request: HttpRequest, member: Membership) -> str | None:
    """Keep what a file predicts, or have it looked at first."""
    if "upload" not in request.POST:
        return _stage(request, member)
    upload = staged.upload_of(member, request.POST["upload"])
    if staged.READING & request.POST.keys():
        importing.choose(upload, staged.choice(request))
        return f"{request.path}?upload={upload.pk}"
    run.start(upload, member.user, _options(request, upload))
    return None


def _stage(request: HttpRequest, member: Membership) -> str:
    file = request.FILES.get("file")
    if file is None:
        raise InvalidInputError(_("Choose a file first."))
    name, chunks = file.name or "", file.chunks()
    upload = importing.stage(member.project, member.user, name, chunks)
    return f"{request.path}?upload={upload.pk}"


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


_ACTIONS: Final[dict[str, Callable[[HttpRequest, Membership], str | None]]] = {
    "suggest": _suggest,
    "suggest-own": _suggest_own,
    "order": _order,
    "order-own": _order_own,
    "delete": _delete,
}
