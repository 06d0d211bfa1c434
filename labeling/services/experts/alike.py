"""Disagreements that are alike: the same labels voted for, on similar content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db.models import F, QuerySet, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Left

from labeling import rules
from labeling.errors import AssayError, InvalidInputError, NotFoundError
from labeling.messages import sentence as _
from labeling.models import Disagreement, Membership, Project
from labeling.services.experts import adjudicate
from labeling.services.experts.decisions import Decision

# How many with the same votes are compared, and how much of each.
COMPARED: Final = 300
READ: Final = 2000
SHOWN: Final = 20
# Texts below this are told apart by their words.
ALIKE: Final = 0.2
MOST_TOGETHER: Final = 100


@dataclass(frozen=True)
class Alike:
    """An open disagreement like another one; ``share`` of their words is the same.

    ``share`` is None where there are no words to compare.
    """

    disagreement: Disagreement
    share: float | None
    is_same_group: bool


@dataclass(frozen=True)
class Settled:
    """What became of one of several: decided, or why it was not."""

    disagreement_id: int
    decided: Disagreement | None = None
    refusal: AssayError | None = None


@dataclass(frozen=True)
class _Candidate:
    pk: int
    group: str
    text: str


def find(member: Membership, disagreement_id: int) -> Disagreement:
    """Return a disagreement of the project, open or decided.

    Raises NotFoundError where the project has none of this id.
    """
    disagreement = (
        Disagreement.objects.select_related(
            "item", "item__media", "resolution", "before"
        )
        .filter(pk=disagreement_id, project_id=member.project_id)
        .first()
    )
    if disagreement is None:
        raise NotFoundError(_("There is no such disagreement in this project."))
    return disagreement


def similar(project: Project, to: Disagreement) -> list[Alike]:
    """Return open disagreements whose votes named the same labels, the likest first.

    Texts are listed when they share words or a group; of pictures and rows of a table
    the same votes are enough. At most some hundreds are compared.
    """
    others = _candidates(project, to)
    own = next((other for other in others if other.pk == to.pk), None)
    # It has just been deleted, or its votes have changed since it was read.
    if own is None:
        return []
    ranked = sorted(
        (
            (other.group == own.group, _share(project, own, other), other.pk)
            for other in others
            if other.pk != to.pk
        ),
        key=lambda row: (not row[0], -(row[1] or 0.0), row[2]),
    )
    is_text = project.data_type == Project.DataType.TEXT
    chosen = [row for row in ranked if row[0] or not is_text or (row[1] or 0) >= ALIKE]
    chosen = chosen[:SHOWN]
    rows = Disagreement.objects.select_related("item", "item__media").in_bulk(
        [pk for _, _, pk in chosen]
    )
    return [Alike(rows[pk], share, same) for same, share, pk in chosen if pk in rows]


def _candidates(project: Project, to: Disagreement) -> list[_Candidate]:
    """Return the disagreement itself and the open ones with the same labels voted for."""
    labels = sorted(to.votes_seen)
    rows = Disagreement.objects.filter(project=project)
    near = rows.filter(
        resolved_at=None, votes_seen__has_keys=labels, item__group_key=to.item.group_key
    )
    others = rows.filter(resolved_at=None, votes_seen__has_keys=labels)
    chosen = {
        pk: _Candidate(pk, group, text)
        for some in (
            rows.filter(pk=to.pk),
            near.order_by("pk")[:SHOWN],
            others.order_by("-entropy", "pk")[:COMPARED],
        )
        for pk, group, text, votes_seen in _read(project, some)
        # ``has_keys`` also lets those through that were voted other labels besides.
        if sorted(votes_seen) == labels
    }
    return list(chosen.values())


def _read(
    project: Project, rows: QuerySet[Disagreement]
) -> Sequence[tuple[int, str, str, dict[str, int]]]:
    whole = Cast("item__data", TextField())
    text = (
        Coalesce(KeyTextTransform("text", "item__data"), whole)
        if project.data_type == Project.DataType.TEXT
        else whole
    )
    return list(
        # Cut by the database: a text may have megabytes, and hundreds are compared.
        rows.annotate(words=Left(text, READ)).values_list(
            "pk", F("item__group_key"), "words", "votes_seen"
        )
    )


def _share(project: Project, own: _Candidate, other: _Candidate) -> float | None:
    if project.data_type == Project.DataType.IMAGE:
        return None
    return rules.shared_part(own.text, other.text)


def settle_together(
    member: Membership, leader: int, others: Sequence[int], decision: Decision
) -> list[Settled]:
    """Decide some disagreements like another one, each for itself and in order.

    Each says in its history which one it was settled together with.

    Raises InvalidInputError where they are too many; why a single one was refused is
    in its ``Settled``.
    """
    if len(others) > MOST_TOGETHER:
        raise InvalidInputError(
            errors={
                "also": [
                    _("At most %(number)d in one request.") % {"number": MOST_TOGETHER}
                ]
            }
        )
    # One example is enough for the guideline: that of the leader.
    same = replace(decision, is_precedent=False, together_with=leader)
    return [
        _settle_one(member, pk, same) for pk in dict.fromkeys(others) if pk != leader
    ]


def settle_like(
    member: Membership, leader: int, others: Sequence[int]
) -> list[Settled]:
    """Decide some disagreements as the expert has decided another one already.

    Raises NotFoundError where the project has no such other one, and InvalidInputError
    where the expert has not decided it, or where there are too many.
    """
    disagreement = find(member, leader)
    if disagreement.resolved_by_id != member.user_id:
        raise InvalidInputError(_("Decide this one first; then others can follow it."))
    labels = tuple(disagreement.resolution.labels) if disagreement.resolution else ()
    decision = Decision(labels, disagreement.outcome, disagreement.note)
    return settle_together(member, leader, others, decision)


def _settle_one(member: Membership, pk: int, decision: Decision) -> Settled:
    try:
        # A transaction for each: one that somebody else has decided meanwhile undoes no
        # other.
        return Settled(pk, decided=adjudicate.resolve(member, pk, decision))
    except AssayError as error:
        return Settled(pk, refusal=error)
