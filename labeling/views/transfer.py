"""Data in and out: preview a file, import it, choose an export."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from labeling import queries
from labeling.errors import AssayError, InvalidInputError, NotFoundError
from labeling.models import ImportRun, Item, Membership, Upload
from labeling.services.projects import members
from labeling.services.transfer import exporting, importing
from labeling.views.page.paging import listing
from labeling.views.page.scope import Tried, context, member_of, sentences_of

ROLES: Final = (
    *("text", "image", "external_id", "label", "votes"),
    *("metadata", "tags", "group", "ignore"),
)


@login_required
def imports(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a file, show its first rows and columns, and start its import."""
    member = member_of(request, slug, members.ENGINEER)
    tried, shown = Tried(), {}
    try:
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
            shown = _preview(member, _upload(member, key))
    except AssayError as error:
        tried = Tried(errors=sentences_of(error), status=error.status)
    runs = ImportRun.objects.select_related("job").filter(project=member.project)
    listed = listing(request, runs, size=10)
    page = context(
        member,
        "imports",
        runs=listed,
        errors=tried.errors,
        running=next((run for run in listed.rows if not run.job.finished_at), None),
        progress=queries.progress(member.project),
        roles=ROLES,
        **shown,
    )
    return render(request, "labeling/imports.html", page, status=tried.status)


def _upload(member: Membership, raw: str) -> Upload:
    try:
        key = UUID(raw)
    except ValueError as error:
        raise InvalidInputError(_("This is not the name of a file.")) from error
    upload = Upload.objects.filter(pk=key, project=member.project).first()
    if upload is None:
        raise NotFoundError(_("This file is not here any more; send it again."))
    return upload


def _preview(member: Membership, upload: Upload) -> dict[str, Any]:
    preview = importing.preview(upload)
    rows = [[row.get(name, "") for name in preview.columns] for row in preview.rows]
    return {
        "upload": upload,
        "preview": preview,
        "rows": rows[:8],
        "columns": list(preview.roles.items()),
    }


def _start(request: HttpRequest, member: Membership) -> None:
    upload = _upload(member, request.POST["upload"])
    mapping = {
        name.removeprefix("role:"): str(role)
        for name, role in request.POST.items()
        if name.startswith("role:")
    }
    options = {"gold": "gold" in request.POST}
    importing.start(upload, member.user, mapping, options)


@login_required
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """Offer the formats and filters; the file itself comes by the API."""
    member = member_of(request, slug, members.ENGINEER)
    page = context(
        member,
        "export",
        formats=list(exporting.FORMATS),
        splits=Item.Split.choices,
        states=Item.State.choices,
        columns=exporting.COLUMNS,
        progress=queries.progress(member.project),
    )
    return render(request, "labeling/export.html", page)
