"""Which representation of texts or pictures is chosen: the newest, or the first."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from activelearn.core import representations
from activelearn.models import RepresentationChoice
from activelearn.services.features import added
from labeling.errors import ConflictError, check_one_of
from labeling.messages import Message, message, verbatim
from labeling.models import Project, User
from labeling.services.work.transactions import lock_project

NAMES: Final[dict[str, dict[str, Message]]] = {
    "text": {
        "joined": message("words, parts of words and what they mean"),
        "hashed": message("words and parts of words"),
        "encoded": message("what the words mean"),
        "whole": message("words, parts of words and what whole sentences mean"),
        "vectors": message(
            "words, parts of words and vectors that came with the texts"
        ),
        "address": message("words, parts of words and vectors that an address makes"),
        "folder": message("words, parts of words and a table of word vectors"),
        "program": message(
            "words, parts of words and vectors that an installed program makes"
        ),
    },
    "image": {
        "joined": message("brightness, edges, colors and what is seen"),
        "own": message("brightness, edges and colors"),
        "encoded": message("what is seen"),
        "vectors": message(
            "brightness, edges, colors and vectors that came with the pictures"
        ),
    },
}

# In place of a name: the comparisons choose.
BY_ACCURACY: Final = "by_accuracy"


def newest(project_id: int) -> RepresentationChoice | None:
    """Return the last comparison; None before the first."""
    return RepresentationChoice.objects.filter(project=project_id).first()


def is_by_hand(project_id: int) -> bool:
    """Whether somebody has chosen what is in force, so that no comparison changes it."""
    row = newest(project_id)
    return row is not None and row.is_by_hand


def choose(project: Project, name: str, user: User | None) -> RepresentationChoice:
    """Read the items by a representation from now on, until somebody says else.

    With ``BY_ACCURACY`` the comparisons choose again, and the next one is due at once.
    Versions that are there go on with their own. Raises InvalidInputError for a name that
    is none of the project's, and ConflictError for a table and
    NotFoundError where the project has been deleted.
    """
    family = added.family_of(project)
    if not family:
        raise ConflictError(message("A table is read as it is: there is no choice."))
    check_one_of("name", name, (*family, BY_ACCURACY))
    with transaction.atomic():
        # Of two people who choose at once, the later one must see the number of the first.
        lock_project(project.pk)
        last, before = newest(project.pk), name_now(project)
        is_free = name == BY_ACCURACY
        return RepresentationChoice.objects.create(
            project=project,
            number=last.number + 1 if last else 1,
            name=before if is_free else name,
            before=before,
            label_count=0 if is_free or not last else last.label_count,
            items=last.items if last else 0,
            compared=last.compared if last else {},
            gain=0.0,
            error=0.0,
            known_words=last.known_words if last else None,
            is_by_hand=not is_free,
            chosen_by=user,
        )


def name_now(project: Project) -> str:
    """Return the name of the representation that is chosen."""
    row = newest(project.pk)
    if row is None:
        return representations.DEFAULT
    # A later release may have had one that this program does not know, and an encoder
    # may have been removed.
    known = row.name in added.family_of(project)
    return row.name if known else quick_of(project, row)


def quick_of(project: Project, row: RepresentationChoice | None) -> str:
    """Return the name of the one that counts where nobody can wait for what is chosen.

    Of what travels along, that which was right most often in the last comparison.
    """
    if project.data_type == Project.DataType.IMAGE:
        return "own"
    known = representations.SPECS[project.data_type]
    if row and row.name in known:
        return row.name
    compared = row.compared if row else {}
    right = {name: compared[name]["value"] for name in known if name in compared}
    if right:
        return max(right, key=lambda name: right[name])
    return row.before if row and row.before in known else representations.DEFAULT


def called(kind: str, name: str) -> Message:
    """Return what people call a representation, also one of another release."""
    return NAMES[kind].get(name) or verbatim(name)
