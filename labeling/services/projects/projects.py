"""Create a project and revise its labels, guideline and policy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from labeling.errors import ConflictError, ForbiddenError, InvalidInputError
from labeling.models import (
    Guideline,
    Item,
    Label,
    LabelSet,
    Membership,
    Project,
    User,
)
from labeling.services.votes import relabel
from labeling.signals import items_changed, votes_changed

POLICY = (
    "overlap",
    "min_votes",
    "overlap_share",
    "confidence",
    "free_choice",
    "lease_minutes",
    "evaluation_share",
    "evaluation_rate",
    "strategy",
    "batch",
    "exploration_rate",
    "gold_rate",
    "repeat_rate",
    "least_skill",
    "suggestion_mode",
    "retrain_first",
    "retrain_growth",
    "first_votes_by",
    "further_votes_by",
    "evaluation_by",
    "checks_by",
    "is_paused",
)
MAX_LABELS = 1000
MAX_GUIDELINE = 200_000
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")


@dataclass(frozen=True)
class LabelDraft:
    """A label that is wanted."""

    name: str
    hotkey: str = ""
    color: str = ""
    description: str = ""


@dataclass(frozen=True)
class ProjectDraft:
    """A project that is wanted; ``policy`` holds fields of ``POLICY``."""

    name: str
    data_type: str
    labels: Sequence[LabelDraft]
    task_type: str = "single"
    slug: str = ""
    guidelines: str = ""
    policy: Mapping[str, object] = field(default_factory=dict)


def create(user: User, draft: ProjectDraft) -> Project:
    """Create the project with ``user`` as its manager."""
    if not (user.may_create_projects or user.is_superuser):
        raise ForbiddenError(_("Your account may not create projects."))
    project = Project(
        name=draft.name,
        slug=draft.slug or _free_slug(draft.name),
        data_type=draft.data_type,
        task_type=draft.task_type,
        created_by=user,
    )
    _apply(project, draft.policy)
    _check(project)
    try:
        with transaction.atomic():
            project.save()
            _new_label_set(project, user, draft.labels, {})
            _new_guideline(project, user, draft.guidelines)
            Membership.objects.create(
                project=project, user=user, role=Membership.Role.MANAGER
            )
    except IntegrityError as error:
        raise ConflictError(
            _("The short name “%(name)s” is taken.") % {"name": project.slug},
            errors={"slug": [_("Choose another short name.")]},
        ) from error
    return project


def update_policy(project: Project, changes: Mapping[str, object]) -> Project:
    """Change the policy; a changed number of votes reaches the open items too."""
    before = _votes_asked(project)
    _apply(project, changes)
    _check(project)
    with transaction.atomic():
        project.save(update_fields=["name", *POLICY])
        if before != _votes_asked(project):
            _ask_anew(project)
    return project


def _votes_asked(project: Project) -> tuple[object, ...]:
    return project.overlap, project.min_votes, project.overlap_share


# In the database, by the same draw as ``rules.is_shared``: open items may be millions.
_ASK_ANEW = """
    UPDATE labeling_item SET is_unsettled = true, votes_wanted = CASE
        WHEN ('x' || encode(substr(sha256(convert_to(
                 %(seed)s || ':overlap:' || group_key, 'UTF8')), 1, 7), 'hex')
             )::bit(56)::bigint / 2::float8 ^ 56 < %(share)s::float8
        THEN %(votes)s ELSE 1 END
    WHERE project_id = %(project)s AND state = 'open'
"""


def _ask_anew(project: Project) -> None:
    """Let open items want the new minimum of votes, and settle them afresh."""
    values: dict[str, str | float] = {
        "seed": str(project.seed),
        "share": project.overlap_share,
        "votes": project.min_votes,
        "project": project.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ASK_ANEW, values)
    transaction.on_commit(
        lambda: items_changed.send_robust(sender=Item, project_id=project.pk)
    )


def revise_labels(
    project: Project,
    user: User,
    labels: Sequence[LabelDraft],
    mapping: Mapping[str, str],
) -> LabelSet:
    """Put a new version of the labels in force; votes keep the version they used.

    ``mapping`` says what a label of the version before becomes: another name, or a
    label that takes it in. A label that is in use cannot just go.
    """
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        moves = {old: new for old, new in mapping.items() if old != new}
        relabel.check(project, [draft.name for draft in labels], moves)
        label_set = _new_label_set(project, user, labels, moves)
        relabel.carry(label_set, moves)
        if moves:
            transaction.on_commit(
                lambda: votes_changed.send_robust(sender=Item, project_id=project.pk)
            )
    return label_set


def revise_guideline(project: Project, user: User, text: str) -> Guideline:
    """Put a new version of the guideline in force; the same text makes no version."""
    clean = text.replace("\r\n", "\n").strip()
    if len(clean) > MAX_GUIDELINE or "\x00" in clean:
        raise InvalidInputError(
            errors={
                "text": [
                    _("A text of at most %(most)s characters, without NUL.")
                    % {"most": MAX_GUIDELINE}
                ]
            }
        )
    with transaction.atomic():
        locked = Project.objects.select_for_update().get(pk=project.pk)
        if locked.guideline is not None and locked.guideline.text == clean:
            return locked.guideline
        return _new_guideline(project, user, clean)


def _apply(project: Project, changes: Mapping[str, object]) -> None:
    for name, value in changes.items():
        if name not in POLICY and name != "name":
            raise InvalidInputError(
                _("There is no setting “%(name)s”.") % {"name": name},
                errors={name: [_("Not a setting.")]},
            )
        setattr(project, name, value)
    if "overlap" in changes and "min_votes" not in changes:
        project.min_votes = project.overlap


def _check(project: Project) -> None:
    try:
        project.full_clean(validate_constraints=False, exclude=["created_by"])
    except ValidationError as error:
        raise InvalidInputError(errors=error.message_dict) from error
    if project.min_votes > project.overlap:
        raise InvalidInputError(
            errors={"min_votes": [_("At most the overlap, which limits the votes.")]}
        )


def _free_slug(name: str) -> str:
    stem = slugify(name)[:50] or "project"
    taken = set(
        Project.objects.filter(slug__startswith=stem).values_list("slug", flat=True)
    )
    names = (stem if n == 1 else f"{stem}-{n}" for n in range(1, len(taken) + 2))
    return next(slug for slug in names if slug not in taken)


def _new_label_set(
    project: Project,
    user: User,
    labels: Sequence[LabelDraft],
    mapping: Mapping[str, str],
) -> LabelSet:
    _check_labels(labels)
    last = project.label_sets.order_by("-version").first()
    label_set = LabelSet.objects.create(
        project=project,
        version=last.version + 1 if last else 1,
        created_by=user,
        mapping=dict(mapping),
    )
    Label.objects.bulk_create(
        Label(
            label_set=label_set,
            position=position,
            name=draft.name,
            hotkey=draft.hotkey,
            color=draft.color,
            description=draft.description,
        )
        for position, draft in enumerate(labels)
    )
    project.label_set = label_set
    project.save(update_fields=["label_set"])
    return label_set


def _check_labels(labels: Sequence[LabelDraft]) -> None:
    names = [draft.name for draft in labels]
    keys = [draft.hotkey for draft in labels if draft.hotkey]
    problems = []
    if not 2 <= len(labels) <= MAX_LABELS:
        problems.append(
            _("Between 2 and %(most)s labels are needed.") % {"most": MAX_LABELS}
        )
    if any(not name.strip() or len(name) > 120 for name in names):
        problems.append(_("A label's name has 1 to 120 characters."))
    if len(set(names)) < len(names):
        problems.append(_("Two labels have the same name."))
    if len(set(keys)) < len(keys):
        problems.append(_("Two labels have the same key."))
    if any(len(key) > 1 or not key.isalnum() for key in keys):
        problems.append(_("A key is one letter or digit."))
    if any(draft.color and not _COLOR.fullmatch(draft.color) for draft in labels):
        problems.append(_("A color is written like #1a7f37."))
    if problems:
        raise InvalidInputError(errors={"labels": problems})


def _new_guideline(project: Project, user: User, text: str) -> Guideline:
    last = project.guidelines.order_by("-version").first()
    guideline = Guideline.objects.create(
        project=project,
        version=last.version + 1 if last else 1,
        text=text,
        created_by=user,
    )
    project.guideline = guideline
    project.save(update_fields=["guideline"])
    return guideline
