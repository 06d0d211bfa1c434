"""Votes: kept exactly once, with their history."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from labeling import queries
from labeling.errors import (
    ConflictError,
    InvalidInputError,
    LeaseLostError,
    NotFoundError,
    ReplayMismatchError,
    StaleVersionError,
)
from labeling.models import (
    AgreementReport,
    Annotation,
    AnnotationEvent,
    Assignment,
    Disagreement,
    Item,
    ProjectCounter,
    Resolution,
)
from labeling.services.experts import adjudicate
from labeling.services.queue import giving_back
from labeling.services.queue.lease import lease
from labeling.services.votes import agreement, change, settle
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_counts")]


def test_a_replay_returns_the_first_answer_and_writes_nothing() -> None:
    project = make.project()
    make.item(project)
    who = make.member(project)
    one = make.lease(who)[0]
    client_id = uuid.uuid4()

    first = make.vote(who, one, "x", client_id=client_id)
    again = make.vote(who, one, "x", client_id=client_id)

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
    one = make.lease(who)[0]
    client_id = uuid.uuid4()
    make.vote(who, one, "x", client_id=client_id)

    with pytest.raises(ReplayMismatchError):
        make.vote(who, one, "y", client_id=client_id)


def test_a_late_answer_is_kept_while_its_slot_is_free() -> None:
    project = make.project()
    make.item(project)
    who = make.member(project)
    one = make.lease(who)[0]
    Assignment.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    giving_back.reclaim()

    assert make.vote(who, one, "x").is_new
    assert lease(make.member(project), 1).assignments == []


def test_an_answer_for_a_taken_slot_is_refused_but_kept_in_the_history() -> None:
    project = make.project()
    make.item(project)
    who, other = make.member(project), make.member(project)
    one = make.lease(who)[0]
    Assignment.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    giving_back.reclaim()
    make.lease(other)

    with pytest.raises(LeaseLostError):
        make.vote(who, one, "x")

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
    one = make.lease(make.member(project))[0]

    with pytest.raises(NotFoundError):
        make.vote(make.member(project), one, "x")


def test_an_edit_of_an_old_version_is_refused() -> None:
    project = make.project()
    make.item(project)
    who = make.member(project)
    vote = make.vote(who, make.lease(who)[0], "x").annotation

    assert change.edit(who, vote.pk, 1, {"labels": ("y",)}).labels == ["y"]
    with pytest.raises(StaleVersionError):
        change.edit(who, vote.pk, 1, {"labels": ("x",)})


def test_undo_lends_the_item_again_and_keeps_the_history() -> None:
    project = make.project()
    one = make.item(project)
    who = make.member(project)
    vote = make.vote(who, make.lease(who)[0], "x").annotation
    settle.settle_project(project.pk)

    change.undo(who, vote.pk, 1)
    settle.settle_project(project.pk)

    assert queries.progress(project).votes == 0
    one.refresh_from_db()
    assert one.state == Item.State.OPEN
    assert not Resolution.objects.filter(superseded_at=None).exists()
    assert make.vote(who, make.lease(who)[0], "y").is_new
    kinds = AnnotationEvent.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["voted", "undone", "voted"]


def test_agreeing_votes_settle_an_item_and_count_once() -> None:
    project = make.project(overlap=2)
    one = make.item(project)
    for _ in range(2):
        who = make.member(project)
        make.vote(who, make.lease(who)[0], "x")

    settle.settle_project(project.pk)
    settle.settle_project(project.pk)

    resolution = Resolution.objects.get(item=one, superseded_at=None)
    assert (resolution.labels, resolution.source) == (["x"], "consensus")
    assert queries.progress(project).confident == 1


def test_labels_of_evaluation_items_do_not_count_toward_a_retrain() -> None:
    project = make.project()
    make.item(project, split="evaluation")
    who = make.member(project)
    make.vote(who, make.lease(who)[0], "x")

    settle.settle_project(project.pk)

    found = queries.progress(project)
    assert (found.evaluation_settled, found.confident) == (1, 0)


def test_unclear_votes_ask_for_one_more_up_to_the_overlap() -> None:
    project = make.project(overlap=3, min_votes=2)
    one = make.item(project)
    for label in ("x", "y"):
        who = make.member(project)
        make.vote(who, make.lease(who)[0], label)

    settle.settle_project(project.pk)

    one.refresh_from_db()
    assert (one.state, one.votes_wanted) == ("open", 3)
    third = make.member(project)
    make.vote(third, make.lease(third)[0], "x")
    settle.settle_project(project.pk)
    one.refresh_from_db()
    assert one.state == Item.State.DISPUTED


def disagreement() -> tuple[Disagreement, Item]:
    project = make.project(overlap=2)
    one = make.item(project)
    for label in ("x", "y"):
        who = make.member(project)
        make.vote(who, make.lease(who)[0], label)
    settle.settle_project(project.pk)
    return Disagreement.objects.get(item=one), one


def test_an_expert_answers_blind_then_sees_the_votes_without_names() -> None:
    found, one = disagreement()
    expert = make.member(one.project, "expert")

    votes = adjudicate.answer_blind(expert, found.pk, ("y",))

    assert [vote["annotator"] for vote in votes] == ["A1", "A2"]
    assert found.blind_answers.get().labels == ["y"]


def test_every_expert_keeps_their_own_first_answer() -> None:
    found, one = disagreement()
    experts = [make.member(one.project, "expert") for _ in range(2)]

    for expert, label in zip(experts, "xy", strict=True):
        adjudicate.answer_blind(expert, found.pk, (label,))
        adjudicate.answer_blind(expert, found.pk, ("x",))

    kept = found.blind_answers.order_by("pk").values_list("expert", "labels")
    assert list(kept) == [(experts[0].user_id, ["x"]), (experts[1].user_id, ["y"])]


def test_an_expert_decision_stands_against_later_votes() -> None:
    found, one = disagreement()
    expert = make.member(one.project, "expert")
    adjudicate.resolve(expert, found.pk, adjudicate.Decision(("y",)))
    Item.objects.update(is_unsettled=True)

    settle.settle_project(one.project_id)

    resolution = Resolution.objects.get(item=one, superseded_at=None)
    assert (resolution.labels, resolution.source) == (["y"], "expert")
    with pytest.raises(ConflictError):
        adjudicate.resolve(expert, found.pk, adjudicate.Decision(("x",)))


def test_an_ambiguous_item_keeps_the_shares_of_its_votes() -> None:
    found, one = disagreement()
    expert = make.member(one.project, "expert")

    adjudicate.resolve(expert, found.pk, adjudicate.Decision(outcome="ambiguous"))

    resolution = Resolution.objects.get(item=one, superseded_at=None)
    assert resolution.soft_label == {"x": 0.5, "y": 0.5}


def test_an_invalid_item_gets_no_label() -> None:
    found, one = disagreement()
    expert = make.member(one.project, "expert")

    adjudicate.resolve(expert, found.pk, adjudicate.Decision(outcome="invalid"))

    one.refresh_from_db()
    assert one.state == Item.State.INVALID
    assert not Resolution.objects.filter(item=one).exists()


def test_the_same_votes_give_the_same_report() -> None:
    _, one = disagreement()

    first = agreement.compute(one.project_id)
    again = agreement.compute(one.project_id)

    assert first is not None
    assert first == again
    assert first.percent == 0


def test_the_newest_report_is_of_the_votes_that_stand_now() -> None:
    _, one = disagreement()
    project = one.project
    before = agreement.compute(project.pk)
    other = make.item(project)
    make.ranked(project, [other])
    who = make.member(project)
    given = make.vote(who, make.lease(who)[0], "x").annotation
    assert agreement.compute(project.pk) != before

    change.undo(who, given.pk, given.version)
    agreement.compute(project.pk)

    assert AgreementReport.objects.first() == before


@pytest.mark.django_db(transaction=True)
def test_replays_at_the_same_moment_make_one_vote() -> None:
    project = make.project()
    make.item(project)
    who = make.member(project)
    one = make.lease(who)[0]
    client_id = uuid.uuid4()

    @make.threaded
    def send(_: int) -> bool:
        return make.vote(who, one, "x", client_id=client_id).is_new

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(send, range(24)))

    assert sum(outcomes) == 1
    assert Annotation.votes.count() == 1
    assert Item.objects.get().votes == 1
