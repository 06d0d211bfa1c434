"""A file that is looked at before it is used: which one, how it is read, what is chosen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from labeling import queries
from labeling.errors import InvalidInputError, NotFoundError
from labeling.models import Membership, Upload
from labeling.services.transfer import importing
from labeling.services.transfer.importing.dialect import NO_DELIMITER

# Labels of a file that are shown, and labels of the project that each may mean.
SHOWN: Final = 50
# Columns whose role can be chosen: a form of many more is refused unread.
MOST_COLUMNS: Final = 2000
# Fields of the forms that have a file read in another way.
READING: Final = {"encoding", "sheet", "tool"}

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


def upload_of(member: Membership, raw: str) -> Upload:
    """Return a file of the member's project.

    Raises InvalidInputError where it is not named, NotFoundError where it is gone.
    """
    try:
        key = UUID(raw)
    except ValueError as error:
        raise InvalidInputError(_("This is not the name of a file.")) from error
    upload = Upload.objects.filter(pk=key, project=member.project).first()
    if upload is None:
        raise NotFoundError(_("This file is not here any more; send it again."))
    return upload


def choice(request: HttpRequest) -> importing.ReadingChoice:
    """Return how a person says that a file is read."""
    names = ("encoding", "delimiter", "header", "sheet", "tool")
    return importing.choice_of(*[request.POST.get(name, "") for name in names])


def reading(upload: Upload) -> dict[str, Any]:
    """Return what a page says of how a file is read."""
    way = importing.reading_of(upload)
    return {
        "upload": upload,
        "reading": way,
        "encodings": [(name, _(words)) for name, words in ENCODINGS.items()],
        "is_usual": way.encoding in ENCODINGS,
        "delimiters": DELIMITERS,
    }


def labels_shown(
    upload: Upload, labels: importing.LabelCounts, chosen: Mapping[str, str]
) -> dict[str, Any]:
    """Return what a page says of a file's labels; chosen: what a person says they mean."""
    named = queries.label_names(upload.project.label_set_id)
    rows = [
        (name, count, "" if name in chosen else labels.meant[name], chosen.get(name))
        for name, count in labels.rows.items()
    ]
    return {
        "labels": labels,
        "label_rows": rows[:SHOWN],
        # Each unknown one offers all of them: a page of a thousand squared helps nobody.
        "project_labels": sorted(named) if len(named) <= SHOWN else [],
    }


def roles(
    request: HttpRequest, columns_of: Callable[[], Iterable[str]]
) -> dict[str, str]:
    """Return the roles that a person gives to columns; ``columns_of`` gives their names."""
    mapping = {
        name.removeprefix("role:"): str(role)
        for name, role in request.POST.items()
        if name.startswith("role:")
    }
    if any("\n" in column for column in mapping):
        # Browsers send each line end of a name as CR LF.
        sent = {re.sub("\r\n?|\n", "\r\n", column): column for column in columns_of()}
        mapping = {sent.get(name, name): role for name, role in mapping.items()}
    return mapping


def labels(request: HttpRequest) -> dict[str, str]:
    """Return which label of the project a person says that each of the file's means."""
    return {
        name.removeprefix("label:"): str(label)
        for name, label in request.POST.items()
        if name.startswith("label:") and label
    }
