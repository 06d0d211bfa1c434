"""Precedents: decisions of experts that are shown with the guideline as examples."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from django.db.models import QuerySet

from labeling.errors import InvalidInputError, NotFoundError
from labeling.messages import sentence as _
from labeling.models import Gold, Item, Membership, Precedent, Project, Resolution

LOOKED_AT: Final = 200
PER_LABEL: Final = 3


def record(item: Item, resolution: Resolution | None, note: str) -> Precedent:
    """Make a decision an example of the guideline.

    Raises InvalidInputError where its item must stay unseen or has no label.
    """
    if why := why_not(item):
        raise InvalidInputError(errors={"precedent": [why]})
    if resolution is None:
        raise InvalidInputError(
            errors={
                "precedent": [_("An item that is not valid is no example of a label.")]
            }
        )
    return Precedent.objects.create(
        project_id=item.project_id, resolution=resolution, note=note
    )


def why_not(item: Item) -> str:
    """Return why an item cannot be an example, or nothing when it can."""
    if item.split == Item.Split.EVALUATION:
        return _("A held-out item judges models and people, so it must stay unseen.")
    if Gold.objects.filter(item=item, is_question=True).exists():
        return _("It is asked as a gold question, so its answer must stay unseen.")
    return ""


def shown(project: Project) -> QuerySet[Precedent]:
    """The examples that stand, newest first: those whose decision is still in force."""
    return Precedent.objects.select_related(
        "resolution__item__media", "resolution__guideline", "resolution__decided_by"
    ).filter(
        project=project,
        resolution__superseded_at=None,
        resolution__item__split=Item.Split.POOL,
    )


def by_label(project: Project) -> list[tuple[str, list[Precedent]]]:
    """Return the newest few examples of each label that has any, by the label's name."""
    examples: dict[str, list[Precedent]] = defaultdict(list)
    # A bound for the page: an old example of a rare label may be missing.
    for precedent in shown(project)[:LOOKED_AT]:
        for label in precedent.resolution.labels:
            if len(examples[label]) < PER_LABEL:
                examples[label].append(precedent)
    return sorted(examples.items())


def remove(member: Membership, precedent_id: int) -> None:
    """Take an example out of the guideline; the decision itself stays.

    Raises NotFoundError where the guideline has no such example.
    """
    removed, _by_table = Precedent.objects.filter(
        pk=precedent_id, project_id=member.project_id
    ).delete()
    if not removed:
        raise NotFoundError(_("This example is not in the guideline any more."))
