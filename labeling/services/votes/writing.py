"""Write a vote: with its event and its counts, by one statement.

Whatever way a vote comes, at once, late, from another tool or changed, it is checked
there and written here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, cast
from uuid import UUID

from django.db import IntegrityError, connection
from psycopg.types.json import Jsonb

from labeling.models import Annotation, AnnotationEvent, Project, User
from labeling.services.votes.statements import SQL
from labeling.sql import lean

Kind = AnnotationEvent.Kind
_VOTE = ("vote", Annotation)


@dataclass
class NewVote:
    """A vote that is checked, to be written; each field is a value of ``keep_vote``.

    Only where ``is_locked`` the lease need not be live: the caller has locked it.
    """

    assignment: int
    annotator: int
    project: int
    client_id: UUID
    labels: list[str]
    label_set: int
    request_hash: str = ""
    guideline: int | None = None
    is_unsure: bool = False
    seconds: float | None = None
    comment: str = ""
    suggestion_shown: Jsonb | None = None
    screen: str = ""
    is_locked: bool = False


@dataclass
class VoteChanges:
    """What becomes of a vote, a value of ``change_vote`` each; None leaves it as it is."""

    labels: list[str] | None = None
    label_set: int | None = None
    is_unsure: bool | None = None
    comment: str | None = None
    suggestion_shown: Jsonb | None = None
    is_undone: bool = False


def keep(vote: NewVote) -> Annotation | None:
    """Write a vote; None: nothing was written, as the lease is not live or it is there."""
    values = {**vars(vote), "kind": Kind.VOTED.value}
    return _first(lean.fetch(SQL["keep_vote"], values, _VOTE))


class PastVote(TypedDict):
    """A vote of another tool, on an assignment that was made for it."""

    assignment: int
    client_id: str
    labels: list[str]
    seconds: float | None


def keep_past(
    project: Project, votes: Sequence[PastVote], importer: User | None
) -> None:
    """Write votes that another tool has collected, in the caller's transaction.

    Raises IntegrityError where one of them is there already.
    """
    values: dict[str, Any] = {
        "votes": json.dumps(votes),
        "label_set": project.label_set_pk,
        "actor": importer.pk if importer else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL["keep_past_votes"], values)
        if cursor.fetchone()[0] != len(votes):
            raise IntegrityError("One of the votes is there already.")


def change(vote: Annotation, version: int, changes: VoteChanges) -> Annotation | None:
    """Write a vote's next version; None: ``version`` is not the newest any more."""
    values: dict[str, Any] = {
        **vars(changes),
        "vote": vote.pk,
        "version": version,
        "kind": (Kind.UNDONE if changes.is_undone else Kind.EDITED).value,
    }
    return _first(lean.fetch(SQL["change_vote"], values, _VOTE))


def lock_asked(project_id: int, contents: Collection[str]) -> None:
    """Lock the votes on gold questions about items of some contents."""
    if contents:
        with connection.cursor() as cursor:
            cursor.execute(
                SQL["lock_asked"],
                {"project": project_id, "contents": sorted(contents)},
            )


def judge_anew(item_ids: Sequence[int]) -> None:
    """Say whether votes on gold questions are right by the known answers of today.

    The caller has locked these votes (``lock_asked``) and then their items.
    """
    with connection.cursor() as cursor:
        cursor.execute(SQL["judge_anew"], {"items": list(item_ids)})


def _first(rows: Sequence[lean.LeanRow]) -> Annotation | None:
    return cast("Annotation", rows[0][0]) if rows else None
