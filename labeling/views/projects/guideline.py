"""The guideline of a project: read it, write a new version, look at old ones."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from labeling.models import Guideline, Membership
from labeling.services.experts import precedents
from labeling.services.projects import guidelines, members
from labeling.views.page.changes import changed_lines
from labeling.views.page.paging import listing
from labeling.views.page.prose import html_of
from labeling.views.page.scope import Tried, attempt, context, member_of, whole


@login_required
def guideline(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the guideline and its versions; experts and managers write new ones."""
    member = member_of(request, slug, members.LABEL)
    now = member.project.guideline
    text = request.POST.get("text", now.text if now else "")
    is_preview = "preview" in request.POST
    act = _remove_example if "remove" in request.POST else _revise
    tried = Tried() if is_preview else attempt(request, lambda: act(request, member))
    if tried.is_done:
        return redirect("guideline", slug)
    versions = Guideline.objects.select_related("created_by").filter(
        project=member.project
    )
    chosen = versions.filter(version=whole(request.GET.get("version"))).first()
    page = context(
        member,
        "guideline",
        errors=tried.errors,
        now=now,
        chosen=chosen,
        changes=_changes(chosen) if chosen else [],
        html=html_of(chosen.text if chosen else (now.text if now else "")),
        text=text,
        preview=html_of(text) if is_preview else None,
        versions=listing(
            request,
            versions.order_by("-version"),
            size=10,
            project=member.project,
            names=("older", "newer"),
        ),
        examples=listing(request, precedents.shown(member.project), size=20),
        may_revise=Membership.Role(member.role) in members.ADJUDICATE,
    )
    return render(request, "labeling/guideline.html", page, status=tried.status)


def _revise(request: HttpRequest, member: Membership) -> None:
    members.require(member, members.ADJUDICATE)
    made = guidelines.revise(member.project, member.user, request.POST.get("text", ""))
    messages.success(
        request, _("Version %(number)s is in force.") % {"number": made.version}
    )


def _remove_example(request: HttpRequest, member: Membership) -> None:
    members.require(member, members.ADJUDICATE)
    precedents.remove(member, whole(request.POST.get("remove")))
    messages.success(request, _("The example is taken out; its decision stays."))


def _changes(chosen: Guideline) -> list[tuple[str, str, str]]:
    """Return the lines that a version added and removed."""
    before = (
        Guideline.objects.filter(project=chosen.project_id, version__lt=chosen.version)
        .order_by("-version")
        .first()
    )
    changed = changed_lines(before.text if before else "", chosen.text)
    kinds = {"+": ("added", _("added")), "-": ("removed", _("removed"))}
    return [(*kinds[sign], line) for sign, line in changed]
