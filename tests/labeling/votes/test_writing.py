"""A vote is written in one place: one statement, one event, one rule of what it counts."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from labeling.models import (
    Annotation,
    AnnotationEvent,
    Assignment,
    Membership,
    Project,
    ProjectCounter,
)
from labeling.services.queue import repeats
from labeling.services.votes import change, counts, gold, imported, writing
from labeling.services.votes.statements import SQL
from tests import make

WAYS = ("keep_vote", "change_vote")
# The database's rules with other contents: whoever asks them gives these away.
OTHER_COUNTS = """
CREATE OR REPLACE FUNCTION labeling_vote_counts(
    reason varchar, is_right boolean, undone_at timestamptz)
RETURNS TABLE (votes integer, repeats integer, known integer, known_right integer)
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT CASE WHEN undone_at IS NULL THEN 3 ELSE 0 END, 0, 0,
           2 * coalesce(is_right, false)::int;
END
"""
OTHER_EVENT = """
CREATE OR REPLACE FUNCTION labeling_vote_event(
    labels varchar[], version integer, comment text, is_unsure boolean) RETURNS jsonb
LANGUAGE sql STABLE RETURN '{"comment": "other"}'::jsonb
"""


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def past_vote(project: Project, name: str = "jane") -> None:
    """Import an item with a vote from another tool."""
    with transaction.atomic():
        vote = imported.ImportedVote(name, ["x"])
        who = make.member(project).user
        imported.keep(project, {name: who}, [(make.item(project), [vote])], None)


def vote_in_every_way(project: Project) -> Membership:
    """Vote, change, undo, vote late, on a gold question, once more, and by an import.

    The answer to the gold question becomes right when another answer is known.
    """
    known = make.item(project)
    make.items(project, 4)
    gold.record(project, [(known, ["x"])])
    who = make.member(project)
    kept, edited, undone, late = make.lease(who, 4)
    make.vote(who, kept, "x")
    before = make.vote(who, edited, "x").annotation
    change.edit(who, before.pk, 1, {"labels": ["y"], "comment": "So."})
    change.undo(who, make.vote(who, undone, "x").annotation.pk, 1)
    Assignment.objects.filter(pk=late.pk).update(
        expires_at=timezone.now() - timedelta(hours=1)
    )
    make.vote(who, late, "x")
    asked = Assignment.objects.create(
        project=project,
        item=known,
        annotator=who.user,
        slot=1000,
        leased_at=timezone.now(),
        expires_at=timezone.now() + timedelta(hours=1),
        reason="gold",
    )
    right = make.vote(who, asked, "x").annotation
    change.edit(who, right.pk, 1, {"labels": ["y"]})
    with transaction.atomic():
        gold.correct(project, [(known, ["y"])], None)
    past_vote(project)
    return who


@pytest.mark.parametrize("name", WAYS)
def test_a_vote_is_read_back_by_the_columns_of_its_model(name: str) -> None:
    _, _, read = SQL[name].rpartition(" SELECT ")
    columns = read.removesuffix(" FROM vote").split(", ")
    assert columns == [field.column for field in Annotation._meta.concrete_fields]


def test_what_follows_from_a_vote_is_one_text_whether_it_is_new_or_changed() -> None:
    new, changed = (SQL[name].partition("), marked AS (")[2] for name in WAYS)

    assert new == changed
    assert "labeling_projectcounter" in new


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("keep_vote", writing.NewVote),
        ("change_vote", writing.VoteChanges),
    ],
)
def test_each_field_of_a_vote_is_a_value_of_its_statement(
    name: str, given: type
) -> None:
    names = set(re.findall(r"%\((\w+)\)s", SQL[name]))
    told = {"vote", "version", "kind"} if name == "change_vote" else {"kind"}

    assert names == set(given.__dataclass_fields__) | told  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_every_way_to_vote_counts_what_the_recount_counts() -> None:
    project = make.project()
    run(OTHER_COUNTS)

    who = vote_in_every_way(project)

    counter = ProjectCounter.objects.get(annotator=who.user)
    assert (counter.votes, counter.known_right) == (3 * 4, 2)
    assert counts.reconcile(project.pk) == 0


@pytest.mark.django_db
def test_a_repeat_counts_as_one_whether_it_stands_or_is_taken_back() -> None:
    project = make.project()
    make.items(project, repeats.APART + 2)
    who = make.member(project)
    for lent in make.lease(who, repeats.APART + 2):
        make.vote(who, lent, "x")
    (again,) = Assignment.objects.filter(pk__in=repeats.lend(who, 1))
    counter = ProjectCounter.objects.filter(annotator=who.user)

    repeat = make.vote(who, again, "y").annotation
    assert counter.get().repeats == 1
    change.undo(who, repeat.pk, 1)

    assert (counter.get().repeats, counter.get().votes) == (0, repeats.APART + 2)
    assert counts.reconcile(project.pk) == 0


@pytest.mark.django_db
def test_every_way_to_vote_tells_the_history_the_same() -> None:
    project = make.project()
    run(OTHER_EVENT)

    vote_in_every_way(project)

    events = AnnotationEvent.objects.filter(annotation__isnull=False)
    told = set(events.values_list("kind", "payload__comment"))
    assert told == {
        (kind, "other") for kind in ("voted", "edited", "undone", "imported")
    }


@pytest.mark.django_db
def test_a_past_vote_is_told_as_any_other() -> None:
    project = make.project()

    past_vote(project)

    event = AnnotationEvent.objects.get(kind="imported")
    assert event.payload == {
        "labels": ["x"],
        "version": 1,
        "comment": "",
        "is_unsure": False,
    }
    assert event.actor is None


@pytest.mark.django_db
def test_past_votes_of_which_one_is_there_already_are_refused_together() -> None:
    project = make.project()
    item, who = make.item(project), make.member(project)
    make.vote(who, make.lease(who)[0], "x")
    again: writing.PastVote = {
        "assignment": Assignment.objects.get(item=item).pk,
        "client_id": str(uuid4()),
        "labels": ["x"],
        "seconds": None,
    }

    with pytest.raises(IntegrityError), transaction.atomic():
        writing.keep_past(project, [again], None)
