"""Votes come in: each exactly once, whole, whatever way it came."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from labeling import queries
from labeling.errors import (
    InvalidInputError,
    LeaseLostError,
    NotFoundError,
    ReplayMismatchError,
)
from labeling.models import (
    Annotation,
    AnnotationEvent,
    Assignment,
    Item,
    Membership,
    Project,
    ProjectCounter,
)
from labeling.services.projects import label_sets
from labeling.services.queue import giving_back, order
from labeling.services.queue.lease import lease
from labeling.services.votes import submit
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_counts")]

SUGGESTION = {"label": "y", "confidence": 0.8, "model": 3}
MIXTURE = {"random": 0.1, "open": 7, "probability": 0.9}
WAYS: dict[str, dict[str, Any]] = {
    "usual": {},
    "revealed after": {"suggestion_mode": "reveal_after"},
    "suggested before": {"suggestion_mode": "assist"},
    "late": {},
}


def lent(project: Project, who: Membership) -> Assignment:
    """Return an item lent with all that a queue's entry can say of it."""
    item = make.item(project)
    make.suggestible(project, [item])
    who.project = project
    entry = order.Entry(item.pk, 0, True, 0.0, "model", 0.25, 3, SUGGESTION, MIXTURE)
    order.swap(project.pk, [entry])
    return make.lease(who)[0]


def full(assignment: Assignment, **changes: Any) -> submit.VoteDraft:
    """Return a vote that says everything that a vote can say."""
    said: dict[str, Any] = {
        "assignment": assignment.pk,
        "labels": ("x",),
        "client_id": uuid.uuid4(),
        "seconds": 1.5,
        "comment": "It says so.",
        "is_unsure": True,
        "screen": "grid",
    }
    return submit.VoteDraft(**{**said, **changes})


@pytest.mark.parametrize("way", WAYS)
def test_every_way_keeps_all_that_a_vote_says(way: str) -> None:
    project = make.project(**WAYS[way])
    who = make.member(project)
    assignment = lent(project, who)
    if way == "late":
        Assignment.objects.update(expires_at=timezone.now() - timedelta(hours=1))
        giving_back.reclaim()
    vote = full(assignment)

    receipt = submit.submit(who, vote)

    kept = Annotation.with_repeats.filter(pk=receipt.annotation.pk).values().get()
    assert kept == {
        "id": receipt.annotation.pk,
        "project_id": project.pk,
        "item_id": assignment.item_id,
        "annotator_id": who.user_id,
        "assignment_id": assignment.pk,
        "client_id": vote.client_id,
        "request_hash": vote.request_hash,
        "labels": ["x"],
        "is_unsure": True,
        "seconds": 1.5,
        "comment": "It says so.",
        "version": 1,
        "undone_at": None,
        "created_at": kept["updated_at"],
        "updated_at": receipt.annotation.updated_at,
        "label_set_id": project.label_set_pk,
        "guideline_id": project.guideline_id,
        "reason": "model",
        "probability": 0.25,
        "mixture": MIXTURE,
        "model_number": 3,
        "suggestion_shown": SUGGESTION if way == "suggested before" else None,
        "is_right": None,
        "screen": "grid",
    }
    given = {name: getattr(receipt.annotation, name) for name in kept}
    assert given == kept
    event = AnnotationEvent.objects.filter(kind="voted").values().get()
    assert event == {
        "id": event["id"],
        "project_id": project.pk,
        "item_id": assignment.item_id,
        "assignment_id": assignment.pk,
        "annotation_id": kept["id"],
        "actor_id": who.user_id,
        "kind": "voted",
        "payload": {
            "labels": ["x"],
            "version": 1,
            "comment": "It says so.",
            "is_unsure": True,
        },
        "at": kept["created_at"],
    }
    assignment.refresh_from_db()
    item = Item.objects.get()
    counter = ProjectCounter.objects.get(annotator=who.user_id)
    assert (assignment.state, item.votes, item.is_unsettled) == ("answered", 1, True)
    assert (counter.votes, counter.known, counter.repeats) == (1, 0, 0)


def test_a_refused_vote_leaves_all_that_it_says_in_the_history() -> None:
    project = make.project()
    who, other = make.member(project), make.member(project)
    assignment = lent(project, who)
    Assignment.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    giving_back.reclaim()
    make.lease(other)
    vote = full(assignment)

    with pytest.raises(LeaseLostError):
        submit.submit(who, vote)

    assert AnnotationEvent.objects.get(kind="late").payload == {
        "labels": ["x"],
        "client_id": str(vote.client_id),
        "comment": "It says so.",
        "seconds": 1.5,
        "is_unsure": True,
        "screen": "grid",
    }


def test_a_vote_sent_again_after_its_label_was_renamed_returns_the_first_answer() -> (
    None
):
    project = make.project()
    who = make.member(project)
    vote = full(lent(project, who))
    first = submit.submit(who, vote).annotation
    drafts = [label_sets.LabelDraft("z"), label_sets.LabelDraft("y")]
    label_sets.revise(project, who.user, drafts, {"x": "z"})
    who.project.refresh_from_db()

    again = submit.submit(who, vote)

    assert (again.is_new, again.annotation) == (False, first)


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ("y",)},
        {"seconds": 2.5},
        {"comment": ""},
        {"is_unsure": False},
        {"screen": "binary"},
        {"screen": ""},
    ],
)
def test_the_same_client_id_with_anything_else_changed_is_refused(
    change: dict[str, Any],
) -> None:
    project = make.project()
    who = make.member(project)
    vote = full(lent(project, who))
    submit.submit(who, vote)

    with pytest.raises(ReplayMismatchError):
        submit.submit(who, replace(vote, **change))


def test_a_replay_returns_the_first_answer_and_writes_nothing() -> None:
    project = make.project()
    make.item(project)
    who = make.member(project)
    assignment = make.lease(who)[0]
    client_id = uuid.uuid4()

    first = make.vote(who, assignment, "x", client_id=client_id)
    again = make.vote(who, assignment, "x", client_id=client_id)

    assert (first.is_new, again.is_new) == (True, False)
    assert again.annotation == first.annotation
    assert queries.progress(project).votes == 1


@pytest.mark.django_db(transaction=True)
def test_a_vote_takes_the_item_before_the_counter_as_everybody_does() -> None:
    """Or a vote and a settling could wait for each other."""
    project = make.project()
    make.items(project, 2)
    who = make.member(project)
    make.vote(who, make.lease(who)[0], "x")
    lent = make.lease(who)[0]

    def vote() -> None:
        make.vote(who, lent, "x")
        connection.close()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            Item.objects.select_for_update().get(pk=lent.item_id)
            voting = other.submit(vote)
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            with connection.cursor() as cursor:
                while cursor.execute(waiting).fetchone() == (0,):
                    time.sleep(0.01)
            counters = ProjectCounter.objects.select_for_update(nowait=True)
            assert counters.get(project=project).votes == 1
        voting.result()
    assert queries.progress(project).votes == 2


def test_the_same_client_id_with_another_body_is_refused() -> None:
    project = make.project()
    make.item(project)
    who = make.member(project)
    assignment = make.lease(who)[0]
    client_id = uuid.uuid4()
    make.vote(who, assignment, "x", client_id=client_id)

    with pytest.raises(ReplayMismatchError):
        make.vote(who, assignment, "y", client_id=client_id)


def test_the_database_says_when_a_lease_has_ended_whatever_the_web_server_thinks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = make.project(suggestion_mode="assist")
    who = make.member(project)
    assignment = lent(project, who)
    # A late vote would be refused: the item is closed.
    Item.objects.update(state=Item.State.SETTLED)
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)

    assert submit.submit(who, full(assignment)).is_new


def test_a_late_answer_is_kept_while_its_slot_is_free() -> None:
    project = make.project()
    make.item(project)
    who = make.member(project)
    assignment = make.lease(who)[0]
    Assignment.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    giving_back.reclaim()

    assert make.vote(who, assignment, "x").is_new
    assert lease(make.member(project), 1).assignments == []


def test_an_answer_for_a_taken_slot_is_refused_but_kept_in_the_history() -> None:
    project = make.project()
    make.item(project)
    who, other = make.member(project), make.member(project)
    assignment = make.lease(who)[0]
    Assignment.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    giving_back.reclaim()
    make.lease(other)

    with pytest.raises(LeaseLostError):
        make.vote(who, assignment, "x")

    late = AnnotationEvent.objects.get(kind="late")
    assert late.payload["labels"] == ["x"]


@pytest.mark.parametrize("labels", [(), ("x", "y"), ("z",)])
def test_a_wrong_answer_is_refused_by_name(labels: tuple[str, ...]) -> None:
    project = make.project()
    make.item(project)
    who = make.member(project)

    with pytest.raises(InvalidInputError) as refused:
        make.vote(who, make.lease(who)[0], *labels)

    assert "labels" in str(refused.value.extra)


def test_a_multi_label_answer_may_be_empty() -> None:
    project = make.project(task_type="multi")
    make.items(project, 2)
    who = make.member(project)
    first, second = make.lease(who, 2)

    assert make.vote(who, first).annotation.labels == []
    assert make.vote(who, second, "y", "x").annotation.labels == ["x", "y"]


def test_nobody_answers_an_assignment_of_another() -> None:
    project = make.project()
    make.item(project)
    assignment = make.lease(make.member(project))[0]

    with pytest.raises(NotFoundError):
        make.vote(make.member(project), assignment, "x")


@pytest.mark.django_db(transaction=True)
def test_replays_at_the_same_moment_make_one_vote() -> None:
    project = make.project()
    make.item(project)
    who = make.member(project)
    assignment = make.lease(who)[0]
    client_id = uuid.uuid4()

    @make.threaded
    def send(_: int) -> bool:
        return make.vote(who, assignment, "x", client_id=client_id).is_new

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(send, range(24)))

    assert sum(outcomes) == 1
    assert Annotation.votes.count() == 1
    assert Item.objects.get().votes == 1
