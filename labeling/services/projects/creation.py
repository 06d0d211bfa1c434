"""Create a project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from labeling.errors import ConflictError, ForbiddenError
from labeling.messages import sentence as _
from labeling.models import Membership, Project, User
from labeling.services.projects import guidelines, label_sets, policy

# Addresses of pages that stand where the pages of projects do.
OURS: Final = frozenset({"new"})


@dataclass(frozen=True)
class ProjectDraft:
    """A project that is wanted; ``policy`` holds settings by name."""

    name: str
    data_type: str
    labels: Sequence[label_sets.LabelDraft]
    task_type: str = "single"
    slug: str = ""
    guidelines: str = ""
    policy: Mapping[str, object] = field(default_factory=dict)


def create(user: User, draft: ProjectDraft) -> Project:
    """Create the project with ``user`` as its manager.

    Raises ForbiddenError, InvalidInputError for wrong settings or labels, and
    ConflictError where the short name is taken.
    """
    if not (user.may_create_projects or user.is_superuser):
        raise ForbiddenError(_("Your account may not create projects."))
    if draft.slug in OURS:
        raise ConflictError(
            _("The short name “%(name)s” is taken.") % {"name": draft.slug},
            errors={"slug": [_("Choose another short name.")]},
        )
    project = Project(
        name=draft.name,
        slug=draft.slug or _free_slug(draft.name),
        data_type=draft.data_type,
        task_type=draft.task_type,
        created_by=user,
    )
    rows = policy.draft(project, draft.policy)
    # No look before whether the name is free: two people may choose it at once, and the
    # constraint lets one of them have it.
    try:
        with transaction.atomic():
            project.save()
            for row in rows:
                row.save()
            label_sets.add_version(project, user, draft.labels, {})
            guidelines.add_version(project, user, draft.guidelines)
            Membership.objects.create(
                project=project, user=user, role=Membership.Role.MANAGER
            )
    except IntegrityError as error:
        raise ConflictError(
            _("The short name “%(name)s” is taken.") % {"name": project.slug},
            errors={"slug": [_("Choose another short name.")]},
        ) from error
    return project


def _free_slug(name: str) -> str:
    stem = slugify(name)[:50] or "project"
    taken = OURS | set(
        Project.objects.filter(slug__startswith=stem).values_list("slug", flat=True)
    )
    # One more than are taken, so at least one of them is free.
    names = (stem if n == 1 else f"{stem}-{n}" for n in range(1, len(taken) + 2))
    return next(slug for slug in names if slug not in taken)
