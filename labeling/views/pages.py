"""The pages of a project: each authorises, calls a service or a query, and answers."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from labeling import queries
from labeling.errors import AssayError, InvalidInputError, NotFoundError
from labeling.models import (
    AgreementReport,
    Disagreement,
    ImportRun,
    Job,
    Membership,
    Project,
    Upload,
    User,
)
from labeling.services import adjudicate, exporting, importing, members, projects
from labeling.views.prose import html_of
from labeling.views.scope import context, member_of, said

ROLES = ("text", "image", "external_id", "label", "metadata", "tags", "group", "ignore")


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
            "role": member.role,
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
            errors = ["Votes, labels and percent must be whole numbers."]
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
            labels=labels,
            actions=STATION_ACTIONS,
            modules=STATION_MODULES,
            guideline=html_of(guideline.text if guideline else ""),
            version=guideline.version if guideline else None,
        ),
    )


@login_required
def imports(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a file, show its first rows and columns, and start its import."""
    member = member_of(request, slug, members.ENGINEER)
    errors: list[str] = []
    shown: dict[str, Any] = {}
    if request.method == "POST":
        try:
            if "upload" in request.POST:
                _start_import(request, member)
                return redirect("imports", slug)
            shown = _preview(request, member)
        except AssayError as error:
            errors = said(error)
    runs = list(
        ImportRun.objects.select_related("job").filter(project=member.project)[:10]
    )
    waiting = (Job.State.QUEUED, Job.State.RUNNING)
    is_running = not shown and any(run.job.state in waiting for run in runs)
    page = context(
        member,
        "imports",
        runs=runs,
        errors=errors,
        is_running=is_running,
        roles=ROLES,
        **shown,
    )
    return render(request, "labeling/imports.html", page, status=400 if errors else 200)


def _preview(request: HttpRequest, member: Membership) -> dict[str, Any]:
    file = request.FILES.get("file")
    if file is None:
        return {}
    upload = importing.stage(
        member.project, member.user, file.name or "", file.chunks()
    )
    found = importing.preview(upload)
    rows = [[row.get(name, "") for name in found.columns] for row in found.rows]
    columns = list(found.roles.items())
    return {"upload": upload, "preview": found, "rows": rows, "columns": columns}


def _start_import(request: HttpRequest, member: Membership) -> None:
    try:
        key = UUID(request.POST["upload"])
    except ValueError as error:
        raise InvalidInputError("This is not the name of a file.") from error
    upload = Upload.objects.filter(pk=key, project=member.project).first()
    if upload is None:
        raise NotFoundError("This file is not here any more; send it again.")
    mapping = {
        name.removeprefix("role:"): str(role)
        for name, role in request.POST.items()
        if name.startswith("role:")
    }
    options = {"gold": "gold" in request.POST}
    importing.start(upload, member.user, mapping, options)


@login_required
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the members and add some."""
    member = member_of(request, slug, members.MANAGE)
    errors: list[str] = []
    if request.method == "POST":
        try:
            _add_person(request, member)
            return redirect("members", slug)
        except AssayError as error:
            errors = said(error)
    rows = Membership.objects.select_related("user").filter(project=member.project)
    page = context(
        member,
        "members",
        people=rows.order_by("user__username")[:500],
        roles=Membership.Role.values,
        errors=errors,
    )
    return render(request, "labeling/members.html", page, status=400 if errors else 200)


def _add_person(request: HttpRequest, member: Membership) -> None:
    name = request.POST.get("user", "").strip()
    if "create" in request.POST:
        user, password = members.create_user(name)
        messages.info(request, f"{name} logs in with {password} (shown only now)")
    else:
        found = User.objects.filter(username=name).first()
        if found is None:
            raise NotFoundError(f"There is no account “{name}”.")
        user = found
    members.add(member.project, user, request.POST.get("role", ""))


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
