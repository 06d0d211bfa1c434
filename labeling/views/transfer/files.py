"""Data in and out: preview a file, import it, choose an export."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from labeling import queries
from labeling.errors import AssayError, InvalidInputError, NotFoundError
from labeling.models import ImportRun, Item, Membership, Upload
from labeling.services.projects import label_sets, members
from labeling.services.transfer import exporting, importing
from labeling.services.transfer.arrow import MISSING
from labeling.services.transfer.importing.dialect import NO_DELIMITER
from labeling.templatetags.cells import value_in_words
from labeling.views.page.paging import listing
from labeling.views.page.scope import Tried, context, member_of, sentences_of

# Labels of a file that are shown, and labels of the project that each may mean.
SHOWN: Final = 50
# Columns whose role can be chosen there: a form of many more is refused unread.
MOST_COLUMNS: Final = 2000
ROLES: Final = (
    *("text", "image", "external_id", "label", "votes", "predictions"),
    *("metadata", "tags", "group", "ignore"),
)

# The encodings that files have, as people know them.
ENCODINGS: Final = {
    "utf-8": noop("Unicode (UTF-8)"),
    "utf-8-sig": noop("Unicode with a mark (UTF-8)"),
    "utf-16": noop("Unicode of Excel (UTF-16)"),
    "cp1252": noop("Western Europe (Windows-1252)"),
    "cp1250": noop("Central Europe (Windows-1250)"),
    "cp1251": noop("Cyrillic (Windows-1251)"),
    "koi8-r": noop("Cyrillic (KOI8-R)"),
    "cp1253": noop("Greek (Windows-1253)"),
    "cp1254": noop("Turkish (Windows-1254)"),
    "cp1255": noop("Hebrew (Windows-1255)"),
    "cp1256": noop("Arabic (Windows-1256)"),
    "cp1257": noop("Baltic (Windows-1257)"),
    "gb18030": noop("Chinese, simplified (GB 18030)"),
    "big5": noop("Chinese, traditional (Big5)"),
    "shift_jis": noop("Japanese (Shift JIS)"),
    "euc_jp": noop("Japanese (EUC-JP)"),
    "euc_kr": noop("Korean (EUC-KR)"),
    "mac-roman": noop("Old Macs (Mac Roman)"),
    "cp437": noop("DOS (CP437)"),
}
# What a form sends for each; a line that is one cell has none.
DELIMITERS: Final = (
    *((",", ","), (";", ";"), ("tab", "\t"), ("|", "|")),
    ("none", NO_DELIMITER),
)


@login_required
def imports(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a file, show its first rows and columns, and start its import."""
    member = member_of(request, slug, members.ENGINEER)
    tried, shown = Tried(), {}
    try:
        if (
            request.method == "POST"
            and {"encoding", "sheet", "tool"} & request.POST.keys()
        ):
            upload = _upload(member, request.POST.get("upload", ""))
            # Also where the file cannot be read so: another reading is chosen there.
            shown = _reading(upload)
            importing.choose(upload, _choice(request))
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
            upload = _upload(member, key)
            shown = _reading(upload)
            shown.update(_preview(upload))
    except AssayError as error:
        tried = Tried(errors=sentences_of(error), status=error.status)
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
        roles=ROLES,
        may_add=member.role in members.MANAGE,
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


def _choice(request: HttpRequest) -> importing.ReadingChoice:
    names = ("encoding", "delimiter", "header", "sheet", "tool")
    return importing.choice_of(*[request.POST.get(name, "") for name in names])


def _reading(upload: Upload) -> dict[str, Any]:
    reading = importing.reading_of(upload)
    return {
        "upload": upload,
        "reading": reading,
        "encodings": [(name, _(words)) for name, words in ENCODINGS.items()],
        "is_usual": reading.encoding in ENCODINGS,
        "delimiters": DELIMITERS,
    }


def _preview(upload: Upload) -> dict[str, Any]:
    preview = importing.preview(upload)
    shown = preview.columns[:MOST_COLUMNS]
    rows = [
        [value_in_words(row[name]) if name in row else "" for name in shown]
        for row in preview.rows[:8]
    ]
    return {
        "preview": preview,
        "rows": rows,
        "columns": [(name, preview.roles[name]) for name in shown],
        "more_columns": len(preview.columns) - len(shown),
        **_labels(upload),
    }


def _labels(upload: Upload) -> dict[str, Any]:
    labels = importing.labels_in(upload, {})
    named = queries.label_names(upload.project.label_set_id)
    rows = [(name, rows, labels.meant[name]) for name, rows in labels.rows.items()]
    return {
        "labels": labels,
        "label_rows": rows[:SHOWN],
        # Each unknown one offers all of them: a page of a thousand squared helps nobody.
        "project_labels": sorted(named) if len(named) <= SHOWN else [],
    }


def _start(request: HttpRequest, member: Membership) -> None:
    upload = _upload(member, request.POST["upload"])
    mapping = {
        name.removeprefix("role:"): str(role)
        for name, role in request.POST.items()
        if name.startswith("role:")
    }
    if any("\n" in column for column in mapping):
        # Browsers send each line end of a name as CR LF.
        columns = importing.preview(upload).columns
        sent = {re.sub("\r\n?|\n", "\r\n", column): column for column in columns}
        mapping = {sent.get(name, name): role for name, role in mapping.items()}
    chosen = _choices(request)
    if chosen.unknown_labels == "add":
        members.require(member, members.MANAGE)
    importing.start(
        upload, member.user, mapping, asdict(chosen), add_labels=label_sets.extend
    )


def _choices(request: HttpRequest) -> importing.ImportChoices:
    post = request.POST
    meant = {
        name.removeprefix("label:"): str(label)
        for name, label in post.items()
        if name.startswith("label:") and label
    }
    return importing.ImportChoices(
        labels_are=post.get("labels_are", "gold" if "gold" in post else ""),
        labels_by=post.get("labels_by", ""),
        label_map=meant,
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
