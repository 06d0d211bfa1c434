"""The labels of a project, in versions: votes keep the version that they used."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from labeling import signals
from labeling.errors import InvalidInputError
from labeling.messages import sentence as _
from labeling.models import Label, LabelSet, Project, User
from labeling.models.project import MAX_LABEL, MAX_LABELS
from labeling.services.votes import relabel
from labeling.services.work.transactions import lock_project

# One is enough where an item may have none: whether it applies.
MIN_LABELS: Final = 1
_COLOR: Final = re.compile(r"#[0-9A-Fa-f]{6}")


@dataclass(frozen=True)
class LabelDraft:
    """A label that is wanted."""

    name: str
    hotkey: str = ""
    color: str = ""
    description: str = ""


def revise(
    project: Project,
    user: User,
    labels: Sequence[LabelDraft],
    mapping: Mapping[str, str],
) -> LabelSet:
    """Put a new version of the labels in force; votes keep the version they used.

    ``mapping`` says what a label of the version before becomes: another name, or a
    label that takes it in.

    Raises InvalidInputError for wrong labels, and where a label that is in use would go;
    NotFoundError where the project has been deleted.
    """
    with transaction.atomic():
        # Not plain FOR UPDATE: a vote holds its item and, at its commit, refers to the
        # project; we hold the project and mark items. That would be a deadlock.
        lock_project(project.pk)
        moves = {old: new for old, new in mapping.items() if old != new}
        relabel.check(project, [draft.name for draft in labels], moves)
        label_set = add_version(project, user, labels, moves)
        relabel.carry(label_set, moves)
        relabel.rename_predictions(label_set, moves)
        if moves:
            signals.send_on_commit(signals.votes_changed, project.pk)
        signals.send_on_commit(signals.labels_revised, project.pk)
    return label_set


def extend(project: Project, user: User | None, names: Sequence[str]) -> None:
    """Put a version of the labels in force that has some more, behind the others.

    Raises InvalidInputError where they cannot be labels; NotFoundError where the project
    has been deleted.
    """
    if not names:
        return
    with transaction.atomic():
        lock_project(project.pk)
        project.refresh_from_db(fields=["label_set"])
        known = Label.objects.filter(label_set=project.label_set_pk)
        drafts = [
            LabelDraft(label.name, label.hotkey, label.color, label.description)
            for label in known.order_by("position")
        ]
        here = {draft.name for draft in drafts}
        new = [LabelDraft(name) for name in dict.fromkeys(names) if name not in here]
        add_version(project, user, [*drafts, *new], {})
        signals.send_on_commit(signals.labels_revised, project.pk)


def add_version(
    project: Project,
    user: User | None,
    labels: Sequence[LabelDraft],
    mapping: Mapping[str, str],
) -> LabelSet:
    """Write the next version and put it in force; raises InvalidInputError."""
    _check(labels, is_multi=project.is_multi)
    last = project.label_sets.order_by("-version").first()
    label_set = LabelSet.objects.create(
        project=project,
        # The caller holds the project's row or has just made it: nobody takes this
        # number.
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


def _check(labels: Sequence[LabelDraft], *, is_multi: bool) -> None:
    """Raise InvalidInputError with every sentence that the labels break a rule of."""
    rules = [*_numbers(len(labels), is_multi=is_multi), *_rules(labels)]
    problems = [why for is_broken, why in rules if is_broken]
    if problems:
        raise InvalidInputError(errors={"labels": problems})


def _numbers(count: int, *, is_multi: bool) -> list[tuple[bool, str]]:
    """Return the rules of how many labels there are."""
    return [
        (
            not MIN_LABELS <= count <= MAX_LABELS,
            _("Between 1 and %(most)s labels are needed.") % {"most": MAX_LABELS},
        ),
        (
            count == 1 and not is_multi,
            _(
                "With one label, each item would have it: add the other one, such as “no”. Or make a project"
                " whose items may have any number of labels: without one, it does not apply."
            ),
        ),
    ]


def _rules(labels: Sequence[LabelDraft]) -> list[tuple[bool, str]]:
    """Return the rules of a list of labels: whether each is broken, and its sentence."""
    names = [draft.name for draft in labels]
    keys = [draft.hotkey for draft in labels if draft.hotkey]
    colors = [draft.color for draft in labels if draft.color]
    return [
        (
            any(not 1 <= len(name) <= MAX_LABEL or name.isspace() for name in names),
            _("A label's name has 1 to 120 characters."),
        ),
        (len(set(names)) < len(names), _("Two labels have the same name.")),
        (len(set(keys)) < len(keys), _("Two labels have the same key.")),
        *_contradictions(labels),
        (
            any(len(key) > 1 or not key.isalnum() for key in keys),
            _("A key is one letter or digit."),
        ),
        (
            not all(map(_COLOR.fullmatch, colors)),
            _("A color is written like #1a7f37."),
        ),
    ]


def _contradictions(labels: Sequence[LabelDraft]) -> list[tuple[bool, str]]:
    """Return a broken rule for each key that is the name of another label.

    Whoever presses it means that label: the votes would be silently wrong.
    """
    names = {draft.name for draft in labels}
    return [
        (
            True,
            _("“%(key)s” is the key of “%(label)s”, but the name of another label.")
            % {"key": draft.hotkey, "label": draft.name},
        )
        for draft in labels
        if draft.hotkey
        and draft.hotkey != draft.name
        and names & {draft.hotkey.lower(), draft.hotkey.upper()} - {draft.name}
    ]
