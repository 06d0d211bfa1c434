"""The items of a project for who looks at them: held-out ones are answered blind."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from labeling import queries
from labeling.models import (
    Annotation,
    BlindLabels,
    Item,
    Membership,
    Purpose,
    Resolution,
)
from labeling.services.projects import members


def hidden_from(member: Membership) -> QuerySet[Item]:
    """Return the held-out items whose label this person is not to see yet.

    More people are to answer them blind, and this one may be asked: by their role, or as
    an expert where the answers differ.
    """
    project = member.project
    items = Item.objects.filter(project=project, state=Item.State.SETTLED).evaluation()
    is_asked = Purpose.EVALUATION in project.purposes_for(member.role)
    if not is_asked and Membership.Role(member.role) not in members.ADJUDICATE:
        return items.none()
    own = Annotation.votes.filter(
        item=OuterRef("pk"), annotator_id=member.user_id, undone_at=None
    )
    decided = BlindLabels.objects.filter(
        disagreement__item=OuterRef("pk"), expert_id=member.user_id
    )
    return items.wanting_votes().exclude(Exists(own) | Exists(decided))


def is_seen(member: Membership) -> Q:
    """Return the condition for items whose label is not hidden from this person."""
    return ~Q(Exists(hidden_from(member).filter(pk=OuterRef("pk"))))


def items_matching(member: Membership, query: Mapping[str, str]) -> QuerySet[Item]:
    """Return the items that a query names; by label, none whose label is hidden.

    Raises what ``queries.items_matching`` raises.
    """
    items = queries.items_matching(member.project, query)
    if not query.get("label"):
        return items
    return items.filter(is_seen(member))


def with_labels(member: Membership, items: QuerySet[Item]) -> QuerySet[Item]:
    """Bring the label that each item has now, as ``current``, where it is not hidden."""
    hidden = hidden_from(member).filter(pk=OuterRef("item"))
    seen = Resolution.objects.filter(superseded_at=None).exclude(Exists(hidden))
    return items.prefetch_related(Prefetch("resolutions", seen, to_attr="current"))
