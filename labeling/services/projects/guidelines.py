"""The guideline of a project, in versions."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from labeling.errors import check_text
from labeling.models import Guideline, Project, User
from labeling.services.work.transactions import lock_project

MAX_LENGTH: Final = 200_000


def revise(project: Project, user: User, text: str) -> Guideline:
    """Put a new version in force; the same text makes none.

    Raises InvalidInputError for a text that is too long or has a NUL, and NotFoundError
    where the project has been deleted.
    """
    # A form sends CRLF, a program LF: the same text must not make a new version.
    clean = text.replace("\r\n", "\n").strip()
    check_text("text", clean, MAX_LENGTH)
    with transaction.atomic():
        locked = lock_project(project.pk)
        if locked.guideline is not None and locked.guideline.text == clean:
            return locked.guideline
        return add_version(project, user, clean)


def add_version(project: Project, user: User, text: str) -> Guideline:
    """Write the next version and put it in force."""
    last = project.guidelines.order_by("-version").first()
    guideline = Guideline.objects.create(
        project=project,
        # The caller holds the project's row or has just made it: nobody takes this
        # number.
        version=last.version + 1 if last else 1,
        text=text,
        created_by=user,
    )
    project.guideline = guideline
    project.save(update_fields=["guideline"])
    return guideline
