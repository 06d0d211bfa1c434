"""The automation page: the dial, what it rests on, its audits and its history."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from activelearn.models import LabelDial, LearningPolicy
from activelearn.services.automation import accepting, dial, standing
from activelearn.services.automation.dial import DialPreview
from activelearn.views.automation import words
from activelearn.views.automation.pictures import pictures
from labeling import queries
from labeling.errors import AssayError, InvalidInputError
from labeling.models import Membership
from labeling.models.automation import Automation
from labeling.services.projects import members
from labeling.views.page.paging import listing
from labeling.views.page.scope import attempt, context, member_of, sentences_of

SHOWN: Final = 20


@login_required
def automation(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the dial and what it rests on; preview and change it."""
    member = member_of(request, slug, members.ENGINEER)
    tried = attempt(request, lambda: _act(request, member))
    if tried.is_done:
        return redirect("automation", slug)
    looked, refusal, status = _looked(request, member)
    page = context(
        member,
        "automation",
        errors=[*tried.errors, *refusal],
        looked=looked,
        looked_words=list(words.of_preview(looked)) if looked else [],
        looked_pictures=pictures(words.named(looked.parts)) if looked else [],
        **_known(request, member),
    )
    status = tried.status if tried.errors else status
    return render(request, "activelearn/automation.html", page, status=status)


def _looked(
    request: HttpRequest, member: Membership
) -> tuple[DialPreview | None, list[str], int]:
    """Return what the degree that an address names would do, or why it says nothing."""
    degree = request.GET.get("degree", "")
    if not degree or request.method == "POST":
        return None, [], 200
    try:
        return dial.preview(member.project, degree), [], 200
    except AssayError as error:
        return None, sentences_of(error), error.status


def _known(request: HttpRequest, member: Membership) -> dict[str, Any]:
    """Return what the page shows of how the dial stands."""
    project = member.project
    now = standing.of_project(project)
    changes = listing(
        request,
        standing.changes(project),
        size=SHOWN,
        names=("later-changes", "earlier-changes"),
    )
    names = dict(Automation.choices)
    last = standing.changes(project).first()
    certificate = now.certificate
    return {
        "standing": now,
        "degrees": words.degrees(now.degree),
        "failed": last if last and last.evidence else None,
        "certificate_words": words.of_certificate(certificate) if certificate else "",
        "pictures": pictures(words.named(certificate.of_parts)) if certificate else [],
        "policy": LearningPolicy.of(project.pk),
        "changes": changes,
        "history": [
            (row, names.get(row.before), names.get(row.after)) for row in changes.rows
        ],
        "audited": listing(
            request,
            standing.audited(project).select_related("item"),
            size=SHOWN,
            names=("later-audits", "earlier-audits"),
        ),
        "label_names": sorted(queries.label_names(project.label_set_pk)),
        "label_degrees": LabelDial.Degree.choices,
    }


def _act(request: HttpRequest, member: Membership) -> None:
    """Do what a form of the page asks. Raises what the services raise."""
    form = request.POST
    project, user = member.project, member.user
    if form.get("action") == "accept":
        accepting.request(project, user)
        messages.success(request, _("It is requested: the jobs tell how far it is."))
        return
    # Engineers look at it; whoever manages the project decides.
    members.require(member, members.MANAGE)
    if form.get("action") == "label":
        risk = _risk(form.get("risk", ""))
        degree = form.get("degree", "")
        dial.set_label(project, form.get("label", ""), degree, user, risk)
        return
    dial.change(
        project,
        form.get("degree", ""),
        user,
        form.get("reason", ""),
        reopen=form.get("reopen") == "yes",
    )


def _risk(typed: str) -> float | None:
    """Return a risk that was typed in percent. Raises InvalidInputError for no number."""
    if not typed.strip():
        return None
    try:
        return float(typed.replace(",", ".")) / 100
    except ValueError as error:
        raise InvalidInputError(errors={"risk": [_("Not a number.")]}) from error
