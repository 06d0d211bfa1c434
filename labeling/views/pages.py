"""The pages of a project: each authorises, calls a service or a query, and answers."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from labeling import queries
from labeling.errors import AssayError
from labeling.models import (
    AgreementReport,
    Disagreement,
    Membership,
    Project,
    User,
)
from labeling.services import adjudicate, exporting, members, projects
from labeling.views.prose import html_of
from labeling.views.scope import context, member_of, said
from labeling.views.words import station_words

STATION_ACTIONS: Final = (
    ("skip", _("skip")),
    ("unsure", _("unsure")),
    ("flag", _("flag")),
    ("comment", _("comment")),
    ("undo", _("undo")),
    ("guide", _("guide")),
    ("find", _("find a label")),
    ("help", _("this list")),
)
# Fetched side by side instead of one import after the other.
STATION_MODULES: Final = tuple(
    f"js/annotate/{name}.js"
    for name in (
        *("api", "board", "clock", "dialogs", "keys", "outbox"),
        *("picture", "sender", "state", "view", "words"),
    )
)


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """List the person's projects with their state."""
    mine = queries.memberships_of(request.user.pk or 0)
    ids = [member.project_id for member in mine]
    progress, alpha = queries.progress_of(ids), queries.alpha_of(ids)
    cards = [
        {
            "project": member.project,
            "role": member.get_role_display(),
            "progress": progress[member.project_id],
            "alpha": alpha.get(member.project_id),
        }
        for member in mine
    ]
    user = User.objects.get(pk=request.user.pk or 0)
    may_create = user.may_create_projects or user.is_superuser
    return render(
        request, "labeling/home.html", {"cards": cards, "may_create": may_create}
    )


@login_required
def new_project(request: HttpRequest) -> HttpResponse:
    """Create a project from a form."""
    errors: list[str] = []
    if request.method == "POST":
        try:
            user = User.objects.get(pk=request.user.pk or 0)
            project = projects.create(user, _draft(request.POST))
            return redirect("imports", project.slug)
        except AssayError as error:
            errors = said(error)
        except ValueError:
            errors = [gettext("Votes, labels and percent must be whole numbers.")]
    return render(
        request,
        "labeling/new_project.html",
        {
            "errors": errors,
            "values": request.POST,
            "data_types": Project.DataType.choices,
        },
        status=400 if errors else 200,
    )


def _draft(form: Any) -> projects.ProjectDraft:
    labels = []
    for line in form.get("labels", "").splitlines():
        name, _, rest = line.partition("|")
        key, _, description = rest.partition("|")
        if name.strip():
            labels.append(
                projects.LabelDraft(name.strip(), key.strip(), "", description.strip())
            )
    return projects.ProjectDraft(
        name=form.get("name", "").strip(),
        data_type=form.get("data_type", ""),
        task_type=form.get("task_type", "single"),
        labels=labels,
        guidelines=form.get("guidelines", ""),
        policy={
            "overlap": int(form.get("overlap") or 1),
            "retrain_first": int(form.get("retrain_first") or 20),
            "evaluation_share": int(form.get("evaluation_percent") or 10) / 100,
        },
    )


@login_required
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """Show progress, agreement and guideline."""
    member = member_of(request, slug, members.LABEL)
    history = list(AgreementReport.objects.filter(project=member.project)[:12])
    guideline = member.project.guideline
    return render(
        request,
        "labeling/project.html",
        context(
            member,
            "project",
            progress=queries.progress(member.project),
            report=history[0] if history else None,
            history=history,
            guideline=html_of(guideline.text if guideline else ""),
            formats=list(exporting.FORMATS),
        ),
    )


@login_required
def station(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the label station; the items come by the API."""
    member = member_of(request, slug, members.LABEL)
    found = member.project
    labels = found.label_set.labels.all() if found.label_set else []
    setup = {
        "slug": found.slug,
        "user": member.user_id,
        "username": member.user.username,
        "dataType": found.data_type,
        "isMulti": found.is_multi,
        "labelSet": found.label_set_id,
        "labels": [{"name": one.name, "key": one.hotkey} for one in labels],
    }
    guideline = found.guideline
    return render(
        request,
        "labeling/station.html",
        context(
            member,
            "station",
            setup=setup,
            words=station_words(),
            labels=labels,
            actions=STATION_ACTIONS,
            modules=STATION_MODULES,
            guideline=html_of(guideline.text if guideline else ""),
            version=guideline.version if guideline else None,
        ),
    )


@login_required
def disagreements(request: HttpRequest, slug: str) -> HttpResponse:
    """Let an expert settle the most unclear item: blind first, then with the votes."""
    member = member_of(request, slug, members.ADJUDICATE)
    errors: list[str] = []
    if request.method == "POST":
        try:
            _decide(request, member)
            return redirect("disagreements", slug)
        except AssayError as error:
            errors = said(error)
    waiting = (
        Disagreement.objects.select_related("item", "item__media")
        .filter(project=member.project, resolved_at=None)
        .order_by("-entropy", "pk")
    )
    mine = adjudicate.begun(member)
    one = mine.disagreement if mine else waiting.first()
    labels = member.project.label_set.labels.all() if member.project.label_set else []
    page = context(
        member,
        "disagreements",
        one=one,
        left=waiting.count(),
        labels=labels,
        errors=errors,
        chosen=mine.labels if mine else [],
        votes=adjudicate.votes_of(mine.disagreement.item_id) if mine else [],
    )
    return render(
        request, "labeling/disagreements.html", page, status=409 if errors else 200
    )


def _decide(request: HttpRequest, member: Membership) -> None:
    raw = request.POST.get("id", "")
    pk = int(raw) if raw.isdecimal() and len(raw) < 19 else 0
    label = request.POST.get("label")
    labels = (label,) if label else ()
    if not adjudicate.has_answered(member, pk):
        adjudicate.answer_blind(member, pk, labels)
        return
    outcome = request.POST.get("outcome") or "resolved"
    note = request.POST.get("note", "")[:5000]
    adjudicate.resolve(member, pk, adjudicate.Decision(labels, outcome, note))
