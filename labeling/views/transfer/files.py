"""Data in and out: preview a file, import it, choose an export."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from labeling import queries
from labeling.errors import AssayError, InvalidInputError
from labeling.models import ImportRun, Item, Membership, Project, Upload
from labeling.services.projects import label_sets, members
from labeling.services.transfer import exporting, importing
from labeling.services.transfer.arrow import MISSING
from labeling.services.transfer.rows import EMBEDDING
from labeling.templatetags.cells import value_in_words
from labeling.views.page.paging import listing
from labeling.views.page.scope import Tried, context, member_of, refusal_of
from labeling.views.transfer import staged

ROLES: Final = (
    *("text", "image", "external_id", "label", "votes", "predictions"),
    *("metadata", "tags", "group", "embedding", "ignore"),
)


@login_required
def imports(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a file, show its first rows and columns, and start its import."""
    member = member_of(request, slug, members.ENGINEER)
    tried, shown = Tried(), {}
    try:
        if request.method == "POST" and staged.READING & request.POST.keys():
            upload = staged.upload_of(member, request.POST.get("upload", ""))
            # Also where the file cannot be read so: another reading is chosen there.
            shown = staged.reading(upload)
            importing.choose(upload, staged.choice(request))
            return redirect(f"{request.path}?upload={upload.pk}")
        if request.method == "POST" and "upload" in request.POST:
            _start(request, member)
            return redirect("imports", slug)
        if request.method == "POST":
            file = request.FILES.get("file")
            if file is None:
                raise InvalidInputError(_("Choose a file first."))
            upload = importing.stage(
                member.project, member.user, file.name or "", file.chunks()
            )
            return redirect(f"{request.path}?upload={upload.pk}")
        if key := request.GET.get("upload"):
            upload = staged.upload_of(member, key)
            shown = staged.reading(upload)
            shown.update(_preview(upload))
    except AssayError as error:
        tried = refusal_of(error)
    runs = ImportRun.objects.select_related("job").filter(
        project=member.project, job__kind="import"
    )
    listed = listing(request, runs, size=10)
    page = context(
        member,
        "imports",
        runs=listed,
        errors=tried.errors,
        running=next((run for run in listed.rows if not run.job.finished_at), None),
        progress=queries.progress(member.project),
        roles=_roles_of(member.project),
        may_add=member.role in members.MANAGE,
        **shown,
    )
    return render(request, "labeling/imports.html", page, status=tried.status)


def _roles_of(project: Project) -> list[str]:
    """Return what a column can be: a table is read as it is, and has no vectors."""
    is_table = project.data_type == Project.DataType.TABLE
    return [role for role in ROLES if not (is_table and role == EMBEDDING)]


def _preview(upload: Upload) -> dict[str, Any]:
    preview = importing.preview(upload)
    shown = preview.columns[: staged.MOST_COLUMNS]
    rows = [
        [value_in_words(row[name]) if name in row else "" for name in shown]
        for row in preview.rows[:8]
    ]
    return {
        "preview": preview,
        "rows": rows,
        "columns": [(name, preview.roles[name]) for name in shown],
        "more_columns": len(preview.columns) - len(shown),
        **staged.labels_shown(upload, importing.labels_in(upload, {}), {}),
    }


def _start(request: HttpRequest, member: Membership) -> None:
    upload = staged.upload_of(member, request.POST["upload"])
    mapping = staged.roles(request, lambda: importing.preview(upload).columns)
    chosen = _choices(request)
    if chosen.unknown_labels == "add":
        members.require(member, members.MANAGE)
    importing.start(
        upload, member.user, mapping, asdict(chosen), add_labels=label_sets.extend
    )


def _choices(request: HttpRequest) -> importing.ImportChoices:
    post = request.POST
    return importing.ImportChoices(
        labels_are=post.get("labels_are", "gold" if "gold" in post else ""),
        labels_by=post.get("labels_by", ""),
        label_map=staged.labels(request),
        unknown_labels=post.get("unknown_labels", "refuse"),
        known_answers=post.get("known_answers", "keep"),
        same_id=post.get("same_id", "refuse"),
    )


@login_required
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """Offer the formats and filters; the file itself comes by the API."""
    member = member_of(request, slug, members.ENGINEER)
    offered = exporting.offered(member.project)
    page = context(
        member,
        "export",
        formats=[each for each in offered if not each.lost],
        tools=[each for each in offered if each.lost],
        # Said once for all formats that are not to be had.
        missing=None if all(each.is_here for each in offered) else MISSING,
        splits=Item.Split.choices,
        states=Item.State.choices,
        columns=exporting.COLUMNS,
        progress=queries.progress(member.project),
    )
    return render(request, "labeling/export.html", page)
