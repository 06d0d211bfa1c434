"""Which representation of texts or pictures is chosen: the newest, or the first."""

from __future__ import annotations

from typing import Final

from activelearn.core import representations
from activelearn.models import RepresentationChoice
from labeling.messages import Message, message, verbatim
from labeling.models import Project

NAMES: Final[dict[str, dict[str, Message]]] = {
    "text": {
        "joined": message("words, parts of words and what they mean"),
        "hashed": message("words and parts of words"),
        "encoded": message("what the words mean"),
    },
    "image": {
        "joined": message("brightness, edges, colors and what is seen"),
        "own": message("brightness, edges and colors"),
        "encoded": message("what is seen"),
    },
}


def newest(project_id: int) -> RepresentationChoice | None:
    """Return the last comparison; None before the first."""
    return RepresentationChoice.objects.filter(project=project_id).first()


def name_now(project: Project) -> str:
    """Return the name of the representation that is chosen."""
    row = newest(project.pk)
    # A later release may have had one that this program does not know.
    known = row and row.name in representations.SPECS[project.data_type]
    return row.name if row and known else representations.DEFAULT


def called(kind: str, name: str) -> Message:
    """Return what people call a representation, also one of another release."""
    return NAMES[kind].get(name) or verbatim(name)
