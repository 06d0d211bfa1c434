"""Take votes: each exactly once, durably, with its history; edit and undo."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, cast
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling import rules
from labeling.errors import (
    AssayError,
    ConflictError,
    InvalidInputError,
    LeaseLostError,
    NotFoundError,
    ReplayMismatchError,
    StaleVersionError,
)
from labeling.models import (
    Annotation,
    AnnotationEvent,
    Assignment,
    Gold,
    Item,
    Label,
    Membership,
    Project,
    ProjectCounter,
    QueueEntry,
    Reason,
)
from labeling.services.queue import giving_back
from labeling.services.queue.locks import own_assignment
from labeling.services.work import events
from labeling.signals import votes_changed
from labeling.sql import lean

MAX_BATCH: Final = 100
MAX_COMMENT: Final = 5000
BLIND_SHARE: Final = 0.05


@dataclass(frozen=True)
class Vote:
    """An answer as it came in; ``seconds`` counts visible time that was not idle."""

    assignment: int
    labels: tuple[str, ...]
    client_id: UUID
    seconds: float | None = None
    comment: str = ""
    is_unsure: bool = False
    screen: str = ""

    @property
    def request_hash(self) -> str:
        """The digest by which a replay is told from another answer."""
        parts = [
            self.assignment,
            self.labels,
            self.seconds,
            self.comment,
            self.is_unsure,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Receipt:
    """What became of a vote."""

    annotation: Annotation
    is_new: bool


def submit(member: Membership, vote: Vote) -> Receipt:
    """Keep a vote; the same ``client_id`` again returns the first answer."""
    if kept := _keep_at_once(member, vote):
        return Receipt(kept, is_new=True)
    if earlier := _replay(member, vote):
        return earlier
    labels = checked_labels(member.project, vote.labels)
    try:
        with transaction.atomic():
            annotation = _keep(member, vote, labels)
    except (IntegrityError, ConflictError) as refusal:
        # The same vote may have arrived on another connection at the same moment.
        if earlier := _replay(member, vote):
            return earlier
        _keep_late(member, vote)
        if isinstance(refusal, ConflictError):
            raise
        raise LeaseLostError from refusal
    return Receipt(annotation, is_new=True)


def submit_many(
    member: Membership, votes: Sequence[Vote]
) -> list[Receipt | AssayError]:
    """Keep a batch in order; each vote has an outcome of its own."""
    if len(votes) > MAX_BATCH:
        raise InvalidInputError(f"At most {MAX_BATCH} answers in one request.")
    outcomes: list[Receipt | AssayError] = []
    for vote in votes:
        try:
            outcomes.append(submit(member, vote))
        except AssayError as error:
            outcomes.append(error)
    return outcomes


_KEEP: Final = f"""
    WITH mine AS (
        SELECT * FROM labeling_assignment
        WHERE id = %(assignment)s AND annotator_id = %(user)s
              AND project_id = %(project)s AND state = 'leased' AND expires_at >= now()
              AND NOT is_repeat
        FOR UPDATE
    ), v AS (
        INSERT INTO labeling_annotation
            (project_id, item_id, annotator_id, assignment_id, client_id, request_hash,
             labels, is_unsure, seconds, comment, version, created_at, updated_at,
             label_set_id, guideline_id, reason, probability, model_number, is_right)
        SELECT project_id, item_id, annotator_id, id, %(client_id)s::uuid,
               %(request_hash)s, %(labels)s::text[], %(is_unsure)s::bool,
               %(seconds)s::float8, %(comment)s, 1, now(), now(), %(label_set)s::bigint,
               %(guideline)s::bigint, reason, probability, model_number,
               CASE WHEN reason = 'gold' THEN EXISTS (
                   SELECT 1 FROM labeling_gold g
                   WHERE g.item_id = mine.item_id AND g.labels = %(labels)s::varchar[]) END
        FROM mine ON CONFLICT DO NOTHING RETURNING *
    ), answered AS (
        UPDATE labeling_assignment a SET state = 'answered'
        FROM v WHERE a.id = v.assignment_id
    ), marked AS (
        UPDATE labeling_item i SET votes = i.votes + 1, is_unsettled = true
        FROM v WHERE i.id = v.item_id RETURNING i.project_id
    ), counted AS (
        INSERT INTO labeling_projectcounter AS c
            (project_id, annotator_id, votes, known, known_right)
        SELECT m.project_id, v.annotator_id, 1, (v.is_right IS NOT NULL)::int,
               (v.is_right IS TRUE)::int
        FROM marked m, v
        ON CONFLICT (project_id, annotator_id) DO UPDATE
            SET votes = c.votes + 1, known = c.known + excluded.known,
                known_right = c.known_right + excluded.known_right
    ), told AS (
        INSERT INTO labeling_annotationevent
            (project_id, item_id, assignment_id, annotation_id, actor_id, kind, payload,
             at)
        SELECT project_id, item_id, assignment_id, id, annotator_id, 'voted',
               jsonb_build_object('labels', labels, 'version', version,
                   'comment', comment, 'is_unsure', is_unsure), created_at
        FROM v
    )
    SELECT {lean.columns(("v", Annotation))} FROM v
"""  # noqa: S608 (column names of our own models)


def _keep_at_once(member: Membership, vote: Vote) -> Annotation | None:
    """Keep a vote on a live lease in one round trip; None where anything is unusual.

    Row, counters, mark and event are written by one statement, or none of them; item
    before counter, as everybody takes them, or two could wait for each other.
    """
    project = member.project
    labels = checked_labels(project, vote.labels)
    if project.suggestion_mode != Project.SuggestionMode.BLIND:
        return None
    values = {
        "assignment": vote.assignment,
        "user": member.user_id,
        "project": project.pk,
        "client_id": vote.client_id,
        "request_hash": vote.request_hash,
        "labels": labels,
        "is_unsure": vote.is_unsure,
        "seconds": vote.seconds,
        "comment": vote.comment,
        "label_set": project.label_set_pk,
        "guideline": project.guideline_id,
    }
    found = lean.fetch(_KEEP, values, ("v", Annotation))
    if not found:
        return None
    _ring(project.pk)
    (kept,) = found[0]
    return cast("Annotation", kept)


def _replay(member: Membership, vote: Vote) -> Receipt | None:
    earlier = Annotation.answers.filter(client_id=vote.client_id).first()
    if earlier is None:
        return None
    is_same = (
        earlier.annotator_id == member.user_id
        and earlier.project_id == member.project_id
        and earlier.request_hash == vote.request_hash
    )
    if not is_same:
        raise ReplayMismatchError
    return Receipt(earlier, is_new=False)


def _keep(member: Membership, vote: Vote, labels: list[str]) -> Annotation:
    found = own_assignment(member, vote.assignment)
    if found.state == Assignment.State.ANSWERED:
        raise ConflictError(_("You have answered this item; edit or undo that answer."))
    has_ended = (
        found.state != Assignment.State.LEASED or found.expires_at < timezone.now()
    )
    if has_ended and found.reason not in (Reason.GOLD, Reason.REPEAT):
        _take_back(found)
    now = timezone.now()
    project = member.project
    annotation = Annotation.objects.create(
        project_id=project.pk,
        item_id=found.item_id,
        annotator_id=member.user_id,
        assignment=found,
        client_id=vote.client_id,
        request_hash=vote.request_hash,
        labels=labels,
        is_unsure=vote.is_unsure,
        seconds=vote.seconds,
        comment=vote.comment,
        created_at=now,
        updated_at=now,
        label_set_id=project.label_set_pk,
        guideline_id=project.guideline_id,
        reason=found.reason,
        probability=found.probability,
        model_number=found.model_number,
        suggestion_shown=shown_suggestion(project, found),
        is_right=_is_right(found, labels),
        screen=vote.screen,
    )
    found.state = Assignment.State.ANSWERED
    found.save(update_fields=["state"])
    _count_vote(member, annotation, +1)
    _event(annotation, AnnotationEvent.Kind.VOTED, now)
    return annotation


def _is_right(of: Assignment | Annotation, labels: list[str]) -> bool | None:
    """Whether this is the known answer to a gold question; None where it is none."""
    if of.reason != Reason.GOLD:
        return None
    return Gold.objects.filter(item=of.item_id, labels=labels).exists()


def _take_back(found: Assignment) -> None:
    """Take a slot whose lease has ended, where it is free and the item still open."""
    item = Item.objects.select_for_update(no_key=True).get(pk=found.item_id)
    is_taken = (
        Assignment.objects.filter(
            item_id=found.item_id, slot=found.slot, state__in=Assignment.LIVE
        )
        .exclude(pk=found.pk)
        .exists()
    )
    if is_taken or item.state != Item.State.OPEN:
        raise LeaseLostError
    giving_back.withdraw([found.item_id], found.slot)


def _keep_late(member: Membership, vote: Vote) -> None:
    """Keep a refused answer in the item's history, so that the work is not lost."""
    with transaction.atomic():
        found = own_assignment(member, vote.assignment)
        payload = {
            "labels": list(vote.labels),
            "client_id": str(vote.client_id),
            "comment": vote.comment,
            "seconds": vote.seconds,
        }
        known = AnnotationEvent.objects.filter(
            item_id=found.item_id,
            kind=AnnotationEvent.Kind.LATE,
            payload__client_id=str(vote.client_id),
        )
        if not known.exists():
            events.append(
                found, AnnotationEvent.Kind.LATE, payload, actor_id=member.user_id
            )


def shown_suggestion(project: Project, found: Assignment) -> dict[str, Any] | None:
    """Return the suggestion that is shown with an item: none but in assist mode."""
    is_shown = project.suggestion_mode == Project.SuggestionMode.ASSIST
    return _suggestion(project, found) if is_shown else None


def revealed_suggestion(project: Project, vote: Annotation) -> dict[str, Any] | None:
    """Return what the model had said, for the person who has just answered."""
    if project.suggestion_mode != Project.SuggestionMode.REVEAL:
        return None
    return _suggestion(project, vote.assignment) if vote.assignment else None


def _suggestion(project: Project, found: Assignment) -> dict[str, Any] | None:
    """Return an assignment's suggestion, unless it must be answered blind."""
    if not (found.suggestion and may_suggest(project, found)):
        return None
    return dict(found.suggestion)


def may_suggest(project: Project, slot: Assignment | QueueEntry) -> bool:
    """Whether a slot need not be answered blind.

    Never on evaluation items, gold questions and items of several votes; and a share of
    the others stays blind for good, to measure what suggestions do to answers.
    """
    is_free = slot.reason in (Reason.MODEL, Reason.RANDOM) and slot.slot == 0
    if not is_free or slot.item.votes_wanted > 1:
        return False
    return rules.draw(project.seed, f"blind:{slot.item_id}") >= BLIND_SHARE


def checked_labels(project: Project, labels: Sequence[str]) -> list[str]:
    """Return ``labels`` sorted, when they are an answer this project allows."""
    if not project.is_multi and len(labels) != 1:
        raise InvalidInputError(errors={"labels": [_("Exactly one label is needed.")]})
    if len(set(labels)) < len(labels):
        raise InvalidInputError(errors={"labels": [_("A label is named twice.")]})
    if unknown := sorted(set(labels) - _names(project.label_set_pk)):
        why = _("“%(label)s” is not a label of this project.")
        raise InvalidInputError(errors={"labels": [why % {"label": unknown[0]}]})
    return sorted(labels)


@lru_cache(maxsize=256)
def _names(label_set_id: int) -> frozenset[str]:
    """Return the names of a label set, which never changes once it is made."""
    names = Label.objects.filter(label_set_id=label_set_id)
    return frozenset(names.values_list("name", flat=True))


def _count_vote(member: Membership, vote: Annotation, change: int) -> None:
    """Change the exact counts, mark the item to be settled, and ring after commit."""
    if vote.reason == Reason.REPEAT:
        ProjectCounter.add(member.project_id, member.user_id, repeats=change)
        return
    item = Item.objects.filter(pk=vote.item_id)
    item.update(votes=F("votes") + change, is_unsettled=True)
    known, right = vote.is_right is not None, vote.is_right is True
    ProjectCounter.add(
        member.project_id,
        member.user_id,
        votes=change,
        known=change * known,
        known_right=change * right,
    )
    _ring(member.project_id)


def _ring(project_id: int) -> None:
    transaction.on_commit(
        lambda: votes_changed.send_robust(sender=Annotation, project_id=project_id)
    )


def _event(vote: Annotation, kind: AnnotationEvent.Kind, at: datetime) -> None:
    payload = {
        "labels": vote.labels,
        "version": vote.version,
        "comment": vote.comment,
        "is_unsure": vote.is_unsure,
    }
    events.append(vote, kind, payload, actor_id=vote.annotator_id, at=at)


def own_annotation(member: Membership, annotation_id: int) -> Annotation:
    """Return the person's own standing answer."""
    found = Annotation.answers.filter(
        pk=annotation_id,
        annotator_id=member.user_id,
        project_id=member.project_id,
        undone_at=None,
    ).first()
    if found is None:
        raise NotFoundError(_("There is no such answer of yours."))
    return found


def edit(
    member: Membership, annotation_id: int, version: int, changes: Mapping[str, Any]
) -> Annotation:
    """Change one's own vote, when ``version`` is still the newest.

    What the model was revealed to have said is from then on part of the vote.
    """
    before = own_annotation(member, annotation_id)
    values: dict[str, Any] = {
        name: changes[name]
        for name in ("comment", "is_unsure", "seconds")
        if name in changes
    }
    if "labels" in changes:
        values["labels"] = checked_labels(member.project, changes["labels"])
        values["label_set_id"] = member.project.label_set_id
        values["is_right"] = _is_right(before, values["labels"])
    if seen := revealed_suggestion(member.project, before):
        values["suggestion_shown"] = seen
    now = timezone.now()
    with transaction.atomic():
        _write_version(before, version, {**values, "updated_at": now})
        Item.objects.filter(pk=before.item_id).update(is_unsettled=True)
        after = Annotation.answers.get(pk=annotation_id)
        if after.is_right != before.is_right:
            ProjectCounter.add(
                member.project_id,
                member.user_id,
                known_right=1 if after.is_right else -1,
            )
        _event(after, AnnotationEvent.Kind.EDITED, now)
        _ring(member.project_id)
    return after


def undo(member: Membership, annotation_id: int, version: int) -> Assignment | None:
    """Take one's own vote back; the item is lent to the person again."""
    before = own_annotation(member, annotation_id)
    now = timezone.now()
    with transaction.atomic():
        if before.assignment_id is not None:
            own_assignment(member, before.assignment_id)
        _write_version(before, version, {"undone_at": now, "updated_at": now})
        _count_vote(member, before, -1)
        before.refresh_from_db()
        _event(before, AnnotationEvent.Kind.UNDONE, now)
        return _lend_again(member, before)


def _write_version(before: Annotation, version: int, values: dict[str, Any]) -> None:
    written = Annotation.answers.filter(
        pk=before.pk, version=version, undone_at=None
    ).update(version=F("version") + 1, **values)
    # What follows from the change starts from what ``before`` says.
    if not written or before.version != version:
        raise StaleVersionError


def _lend_again(member: Membership, annotation: Annotation) -> Assignment | None:
    if annotation.assignment_id is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE labeling_assignment SET state = 'leased',"
            " expires_at = now() + %s * interval '1 minute' WHERE id = %s",
            [member.project.lease_minutes, annotation.assignment_id],
        )
    return Assignment.objects.select_related("item", "item__media").get(
        pk=annotation.assignment_id
    )
