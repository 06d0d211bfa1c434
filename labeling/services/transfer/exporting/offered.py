"""The formats that a project can be exported in, and which of them this server writes."""

from __future__ import annotations

from typing import NamedTuple

from labeling.messages import Message
from labeling.models import Project
from labeling.services.transfer.exporting.files import FORMATS, is_here
from labeling.services.transfer.foreign import OUTGOING


class OfferedFormat(NamedTuple):
    """A format that holds the items of a project.

    lost: what a file of another tool leaves out; None for our own. is_here: whether this
    server can write it.
    """

    key: str
    title: str
    lost: Message | None
    is_here: bool


def offered(project: Project) -> list[OfferedFormat]:
    """Return the formats that hold this project's items: ours, then other tools'."""
    ours = [OfferedFormat(key, key.upper(), None, is_here(key)) for key in FORMATS]
    return ours + [
        OfferedFormat(key, form.title, form.lost, is_here(key))
        for key, form in OUTGOING.items()
        if project.data_type in form.data_types
    ]
