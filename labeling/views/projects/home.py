"""A person's projects, a new one, and the page of one."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from labeling import queries
from labeling.errors import AssayError
from labeling.models import AgreementReport, Project, User
from labeling.services.projects import creation, label_sets, members, policy
from labeling.services.transfer import exporting
from labeling.views.page.prose import html_of
from labeling.views.page.scope import context, member_of, sentences_of


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
            project = creation.create(user, _draft(request.POST))
            return redirect("imports", project.slug)
        except AssayError as error:
            errors = sentences_of(error)
        except ValueError:
            errors = [gettext("Votes, labels and percent must be whole numbers.")]
    return render(
        request,
        "labeling/new_project.html",
        {
            "errors": errors,
            "values": request.POST,
            "defaults": _defaults(),
            "data_types": Project.DataType.choices,
            "task_types": Project.TaskType.choices,
        },
        status=400 if errors else 200,
    )


def _draft(form: Any) -> creation.ProjectDraft:
    labels = []
    for line in form.get("labels", "").splitlines():
        name, _, rest = line.partition("|")
        key, _, description = rest.partition("|")
        if name.strip():
            labels.append(
                label_sets.LabelDraft(
                    name.strip(), key.strip(), "", description.strip()
                )
            )
    return creation.ProjectDraft(
        name=form.get("name", "").strip(),
        data_type=form.get("data_type", ""),
        task_type=form.get("task_type", Project.TaskType.SINGLE),
        labels=labels,
        guidelines=form.get("guidelines", ""),
        policy=_typed_settings(form),
    )


def _typed_settings(form: Any) -> dict[str, float]:
    """Return the settings that were typed; all others are as they are declared."""
    typed: dict[str, float] = {
        name: int(form[name]) for name in ("overlap", "retrain_first") if form.get(name)
    }
    if percent := form.get("evaluation_percent"):
        typed["evaluation_share"] = int(percent) / 100
    return typed


def _defaults() -> dict[str, Any]:
    """Return the declared values of the settings, as the form has them."""
    declared = {
        name: setting.field.get_default() for name, setting in policy.settings().items()
    }
    percent = round(declared["evaluation_share"] * 100)
    return {**declared, "evaluation_percent": percent}


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
            formats=[
                each.key
                for each in exporting.offered(member.project)
                if each.is_here and not each.lost
            ],
        ),
    )
