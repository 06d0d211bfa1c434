"""Deleting items: all of them goes, exactly counted, and nobody at work waits for it."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Thread
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from labeling import queries
from labeling.errors import AssayError, ConflictError
from labeling.models import (
    Annotation,
    AnnotationEvent,
    Assignment,
    Gold,
    Item,
    Job,
    Media,
    Membership,
    Prediction,
    Project,
    QueueEntry,
    Resolution,
)
from labeling.services.projects import removal
from labeling.services.queue import giving_back
from labeling.services.queue.lease import lease
from labeling.services.transfer import pictures, predictions
from labeling.services.votes import change, counts, settle
from labeling.services.work import jobs
from labeling.services.work.progress import JobLostError
from tests import make
from tests.labeling.transfer.files import bring, picture, zipped

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_counts")]


def counters(project: Project) -> Counter[str]:
    """Return the project's counts, which are its rows counted."""
    assert counts.reconcile(project.pk) == 0
    return sum(counts.recount(project=project.pk).values(), Counter())


def labeled(project: Project, number: int) -> list[Item]:
    """Make items with a vote and a label each."""
    items = make.items(project, number)
    make.ranked(project, items)
    who = make.member(project)
    for assignment in make.lease(who, number):
        make.vote(who, assignment, "x")
    settle.settle_project(project.pk)
    return items


def test_with_an_item_goes_all_that_hangs_on_it() -> None:
    project = make.project()
    gone, kept = labeled(project, 2)
    predictions.publish(project.pk, 1, [(gone.pk, "x", 0.9), (kept.pk, "x", 0.9)])

    removal.delete_now(project, [gone.pk])

    for model in (
        Annotation,
        AnnotationEvent,
        Assignment,
        Resolution,
        Prediction,
    ):
        of = model._default_manager.all()
        assert set(of.values_list("item", flat=True)) == {kept.pk}, model
    assert counters(project) == {"votes": 1, "confident": 1}
    assert Job.objects.filter(kind="agreement", state="queued").count() == 1


def test_skips_flags_and_undone_votes_are_taken_from_the_counters_too() -> None:
    project = make.project(overlap=3, min_votes=1)
    items = make.items(project, 3)
    make.ranked(project, items)
    who = make.member(project)
    first, second, third = make.lease(who, 3)
    giving_back.skip(who, first.pk)
    giving_back.flag(who, second.pk)
    vote = make.vote(who, third, "x").annotation
    change.undo(who, vote.pk, vote.version)
    assert counters(project) == {"skips": 1, "flags": 1}

    removal.delete_now(project, [item.pk for item in items])

    assert not counters(project)
    assert not QueueEntry.objects.exists()


def test_what_was_deleted_leaves_a_person_s_quota_and_skill() -> None:
    project = make.project(gold_rate=0.5)
    question = make.item(project, state="settled")
    Gold.objects.create(
        item=question, labels=["x"], label_set_id=project.label_set_pk, is_question=True
    )
    make.ranked(project, items := make.items(project, 4))
    who = make.member(project, quota=3)
    for assignment in make.lease(who, 3):
        make.vote(who, assignment, "x")
    assert (lease(who, 1).reason, queries.gold_votes(who)) == ("quota", (1, 1))

    removal.delete_now(project, [question.pk, items[0].pk])

    assert queries.gold_votes(who) == (0, 0)
    assert len(make.lease(who, 5)) == 2


def test_an_answer_to_a_deleted_item_is_refused_in_words() -> None:
    project = make.project()
    make.items(project, 1)
    who = make.member(project)
    (held,) = make.lease(who)
    call = make.Caller(who.user)
    body = {"assignment": held.pk, "labels": ["x"], "client_id": str(uuid.uuid4())}
    removal.delete_now(project, [held.item_id])

    answer = call("post", f"projects/{project.slug}/annotations/", body)

    assert answer.status_code == 404
    assert "deleted" in answer.json()["detail"]
    assert lease(who, 1).reason == "empty_project"


def test_a_filter_names_what_goes_and_a_job_tells_how_far_it_is() -> None:
    project = make.project()
    junk = [make.item(project, tags=["junk"]) for _ in range(5)]
    kept = make.items(project, 3)
    call = make.Caller(make.manager_of(project).user)
    path = f"projects/{project.slug}/items/"

    answer = call("delete", f"{path}?tag=junk&expect=5")
    later = make.item(project, tags=["junk"])
    jobs.run(answer.json()["id"])

    assert answer.status_code == 202
    told = call("get", answer.json()["url"].removeprefix("/api/")).json()
    assert (told["state"], told["done"], told["total"]) == ("done", len(junk), 5)
    assert set(Item.objects.all()) == {*kept, later}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("tga=junk", 400),
        ("tag=junk&all=yes", 400),
        ("all=no", 400),
        ("state=nonsense", 400),
        ("tag=junk&expect=some", 400),
        ("tag=junk&expect=4", 409),
    ],
)
def test_what_could_delete_more_than_was_meant_is_refused(
    query: str, status: int
) -> None:
    project = make.project()
    make.item(project, tags=["junk"])
    call = make.Caller(make.manager_of(project).user)

    answer = call("delete", f"projects/{project.slug}/items/?{query}")

    assert answer.status_code == status
    assert not Job.objects.filter(kind="delete").exists()


@pytest.mark.parametrize(
    ("role", "status"),
    [("annotator", 403), ("expert", 403), ("engineer", 204), ("manager", 204)],
)
def test_s15_only_who_manages_the_data_deletes_an_item(role: str, status: int) -> None:
    project = make.project()
    item = make.item(project)
    call = make.Caller(make.member(project, role).user)
    stranger = make.Caller(make.manager_of(make.project()).user)
    path = f"projects/{project.slug}/items/{item.pk}/"

    assert stranger("delete", path).status_code == 404
    assert call("delete", path).status_code == status
    assert Item.objects.filter(pk=item.pk).exists() == (status == 403)


def test_another_project_s_item_is_not_there() -> None:
    project, other = make.project(), make.project()
    item = make.item(other)
    call = make.Caller(make.manager_of(project).user)

    for method in ("get", "delete"):
        path = f"projects/{project.slug}/items/{item.pk}/"
        assert call(method, path).status_code == 404
    assert Item.objects.filter(pk=item.pk).exists()


def test_a_job_that_was_cut_off_between_its_steps_is_ended_by_the_next_worker() -> None:
    project = make.project()
    items = make.items(project, 4)
    boss = make.manager_of(project).user
    job = removal.request_deletion(project, boss, {"state": "open"}, expected=4)
    first = jobs.claim(job.pk)
    assert first is not None
    ids = [item.pk for item in items]
    first.note(begun=ids)
    removal.close(project.pk, ids)
    Job.objects.filter(pk=job.pk).update(alive_until="2020-01-01T00:00Z")

    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 4)
    assert not Item.objects.exists()
    with pytest.raises(JobLostError):
        first.note(begun=[])


def test_scores_of_an_item_that_is_deleted_meanwhile_are_left_out() -> None:
    project = make.project()
    gone, kept = make.items(project, 2)
    scored = [(gone.pk, "x", 0.9), (kept.pk, "x", 0.8)]
    removal.delete_now(project, [gone.pk])

    assert predictions.publish(project.pk, 1, scored) == 1

    assert list(Prediction.objects.values_list("item", flat=True)) == [kept.pk]


def test_a_picture_goes_when_no_item_shows_it_any_more() -> None:
    project, other = (make.project(data_type="image") for _ in range(2))
    both, single = picture(20, 90), picture(20, 200)
    bring(project, "a.zip", zipped({"a.png": both, "b.png": single}))
    bring(other, "a.zip", zipped({"a.png": both}))
    shown = Media.objects.get(item__project=other)
    gone = Media.objects.exclude(pk=shown.pk).get()
    removal.delete_now(project, list(project.items.values_list("pk", flat=True)))

    assert pictures.forget_unused() == 1

    assert list(Media.objects.all()) == [shown]
    assert default_storage.exists(shown.path)
    assert not default_storage.exists(gone.path)


def test_no_picture_goes_while_an_import_may_be_about_to_show_it() -> None:
    project = make.project(data_type="image")
    bring(project, "a.zip", zipped({"a.png": picture()}))
    removal.delete_now(project, list(project.items.values_list("pk", flat=True)))
    jobs.claim(jobs.enqueue("import", project=project).pk)

    assert pictures.forget_unused() == 0

    assert Media.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_question_that_is_deleted_as_it_is_lent_is_left_out() -> None:
    project = make.project(gold_rate=0.5)
    item = make.item(project, state="settled")
    Gold.objects.create(
        item=item, labels=["x"], label_set_id=project.label_set_pk, is_question=True
    )
    make.items(project, 3)
    who = make.member(project)
    tried: list[str] = []

    def delete(execute: Any, sql: str, *others: Any) -> Any:
        done = execute(sql, *others)
        if "'gold', 0" in sql:
            tried.append(sql)
            with ThreadPoolExecutor(1) as pool:
                removing = make.threaded(removal.delete_now)
                pool.submit(removing, project, [item.pk]).result()
        return done

    with connection.execute_wrapper(delete):
        lent = make.lease(who, 3)

    assert len(tried) == 2
    assert item.pk not in {assignment.item_id for assignment in lent}
    assert len(lent) == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "moment", ['DELETE FROM "labeling_queueentry"', 'DELETE FROM "labeling_item"']
)
def test_a_lease_never_waits_for_a_deletion(moment: str) -> None:
    project = make.project()
    items = make.items(project, 10)
    make.ranked(project, items)
    who = make.member(project)
    is_there, may_go_on = Event(), Event()

    def pause(execute: Any, sql: str, *others: Any) -> Any:
        done = execute(sql, *others)
        if sql.startswith(moment):
            is_there.set()
            assert may_go_on.wait(20)
        return done

    @make.threaded
    def delete() -> None:
        with connection.execute_wrapper(pause):
            removal.delete_now(project, [item.pk for item in items[:4]])

    deleting = Thread(target=delete)
    deleting.start()
    try:
        assert is_there.wait(20)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        got = [assignment.item_id for assignment in make.lease(who, 3)]
    finally:
        may_go_on.set()
        deleting.join()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")

    assert got == [item.pk for item in items[4:7]]


def act(who: Membership, assignment: Assignment, what: str) -> uuid.UUID | None:
    """Do something with what is held; return the id of the answer that stands then."""
    if what in ("skip", "release"):
        if what == "release":
            giving_back.release(who, assignment.pk)
        giving_back.skip(who, assignment.pk)
        return None
    vote = make.vote(who, assignment, "x").annotation
    if what == "undo":
        change.undo(who, vote.pk, vote.version)
        vote = make.vote(who, assignment, "y").annotation
    return vote.client_id


@make.threaded
def work_through(who: Membership, given: dict[uuid.UUID, int]) -> list[int]:
    """Work until nothing is left; return the items of which something was refused."""
    chance, refused = random.Random(who.pk), []
    while lent := make.lease(who, 4):
        for assignment in lent:
            what = chance.choice(("skip", "vote", "vote", "undo", "release"))
            try:
                if answer := act(who, assignment, what):
                    given[answer] = assignment.item_id
            except AssayError:
                refused.append(assignment.item_id)
    return refused


@pytest.mark.django_db(transaction=True)
def test_people_at_work_while_items_are_deleted_lose_nothing_else() -> None:
    project = make.project(overlap=2, min_votes=2)
    items = make.items(project, 120)
    make.ranked(project, items, slots=2)
    gone = [item.pk for item in items if item.pk % 3 == 0]
    people = [make.member(project) for _ in range(4)]
    given: dict[uuid.UUID, int] = {}
    delete = make.threaded(removal.delete_now)
    settling = make.threaded(settle.settle_project)

    with ThreadPoolExecutor(8) as pool:
        working = [pool.submit(work_through, who, given) for who in people]
        others: list[Future[Any]] = [
            *(pool.submit(delete, project, gone[n::6]) for n in range(6)),
            *(pool.submit(settling, project.pk) for _ in range(5)),
        ]
        refused = [item for worker in working for item in worker.result()]
        for other in others:
            other.result()

    assert set(refused) <= set(gone)
    assert not Item.objects.filter(pk__in=gone).exists()
    kept = {client for client, item in given.items() if item not in gone}
    standing = Annotation.votes.filter(undone_at=None)
    assert set(standing.values_list("client_id", flat=True)) == kept
    assert counters(project)["votes"] == len(kept)


def test_none_is_not_as_many_as_there_are() -> None:
    project = make.project()
    make.items(project, 2)
    boss = make.manager_of(project).user

    with pytest.raises(ConflictError, match="2"):
        removal.request_deletion(project, boss, {"all": "yes"}, expected=0)
