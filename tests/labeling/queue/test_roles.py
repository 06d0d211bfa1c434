"""Which roles are asked for what, by whatever way an item is lent."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from labeling.errors import InvalidInputError
from labeling.models import (
    ALL_PURPOSES,
    Annotation,
    Assignment,
    Gold,
    Item,
    Membership,
    Project,
    Purpose,
    QueueEntry,
)
from labeling.services.projects import policy
from labeling.services.queue import chosen, giving_back, order
from labeling.services.queue.lease import lease
from labeling.services.votes import grid
from tests import make
from tests.test_pages import browser

pytestmark = pytest.mark.django_db

EXPERTS = ["expert", "manager"]


def mixed(count: int, **policy: Any) -> tuple[Project, list[Item], list[Item]]:
    """Return a project whose queue takes turns: a held-out item, one of the pool."""
    project = make.project(**policy)
    pool, held_out = [], []
    for _ in range(count):
        held_out.append(make.item(project, split="evaluation"))
        pool.append(make.item(project))
    pairs = zip(held_out, pool, strict=True)
    ordered = [item for pair in pairs for item in pair]
    make.ranked(project, ordered, slots=project.min_votes)
    return project, pool, held_out


def items_of(lent: list[Assignment]) -> list[Item]:
    return [assignment.item for assignment in lent]


def reload(who: Membership) -> Membership:
    return Membership.objects.select_related("project", "user").get(pk=who.pk)


@pytest.mark.parametrize("count", [1, 4])
def test_held_out_items_go_to_experts_alone_who_still_get_all_in_order(
    count: int,
) -> None:
    project, pool, held_out = mixed(8, evaluation_by=EXPERTS)
    annotator, expert = make.member(project), make.member(project, "expert")

    assert items_of(make.lease(annotator, count)) == pool[:count]
    assert items_of(make.lease(expert, count)) == held_out[:count]


def test_a_role_that_is_asked_for_two_kinds_gets_them_in_the_order_of_the_queue() -> (
    None
):
    project, pool, held_out = mixed(4, further_votes_by=EXPERTS)
    who = make.member(project)

    lent = items_of(make.lease(who, 5))

    assert lent == [held_out[0], pool[0], held_out[1], pool[1], held_out[2]]
    giving_back.release_all(who)
    assert items_of(make.lease(who, 5)) == lent


@pytest.mark.parametrize("further_first", [False, True])
def test_each_item_gets_one_vote_of_an_annotator_and_one_of_an_expert(
    further_first: bool,  # noqa: FBT001 (a case of the test)
) -> None:
    project = make.project(
        min_votes=2,
        overlap=2,
        first_votes_by=["annotator"],
        further_votes_by=EXPERTS,
    )
    items = make.items(project, 12)
    make.ranked(project, items, slots=2)
    people = [make.member(project, role) for role in ("annotator", "expert")]
    for who in reversed(people) if further_first else people:
        while lent := make.lease(who, 5):
            for assignment in lent:
                make.vote(who, assignment, "x")
            # Where one has voted, the next order ranks the other slot as further.
            order.swap(
                project.pk,
                [
                    order.Entry(
                        item.pk, slot, is_first=False, rank=0.0, reason="second"
                    )
                    for item in items
                    for slot in range(2)
                    if (item.pk, slot) not in order.live_slots([item.pk])
                ],
            )

    roles = {who.user_id: who.role for who in people}
    by_item: dict[int, list[str]] = {}
    for vote in Annotation.votes.order_by("assignment__slot"):
        by_item.setdefault(vote.item_id, []).append(roles[vote.annotator_id])
    assert set(map(tuple, by_item.values())) == {("annotator", "expert")}
    assert len(by_item) == 12


def test_whose_role_labels_held_out_items_alone_gets_every_vote_of_them() -> None:
    project, _, held_out = mixed(
        3,
        min_votes=2,
        overlap=2,
        first_votes_by=["annotator"],
        further_votes_by=["annotator"],
        evaluation_by=EXPERTS,
    )
    experts = [make.member(project, role) for role in EXPERTS]

    for who in experts:
        lent = make.lease(who, 50)
        assert set(items_of(lent)) == set(held_out)
        for assignment in lent:
            make.vote(who, assignment, "x")

    assert {lease(reload(who), 1).reason for who in experts} == {"role"}


def test_gold_questions_and_repeats_are_asked_of_the_roles_that_are_checked() -> None:
    project = make.project(gold_rate=0.5, checks_by=["annotator"])
    for known in [make.item(project, state="settled") for _ in range(5)]:
        Gold.objects.create(
            item=known,
            labels=["x"],
            label_set_id=project.label_set_pk,
            is_question=True,
        )
    make.ranked(project, make.items(project, 40))
    annotator, expert = make.member(project), make.member(project, "expert")

    assert len(make.lease(annotator, 10)) == len(make.lease(expert, 10)) == 10

    asked = Assignment.objects.filter(reason="gold")
    assert set(asked.values_list("annotator", flat=True)) == {annotator.user_id}
    assert asked.count() >= 3


@pytest.mark.parametrize("count", [1, 5])
def test_who_is_asked_for_nothing_gets_nothing_and_is_told_so(count: int) -> None:
    only = ["annotator"]
    project, *_ = mixed(
        4,
        first_votes_by=only,
        further_votes_by=only,
        evaluation_by=only,
        free_choice=True,
    )
    manager = make.manager_of(project)

    lent = lease(manager, count)
    assert (lent.assignments, lent.reason) == ([], "role")
    names = list(Item.objects.values_list("external_id", flat=True))
    assert chosen.lease(manager, names).reason == "role"
    assert make.lease(make.member(project), count)
    page = browser(manager.user).get(f"/projects/{project.slug}/label/")
    assert b"people with other roles" in page.content


def test_what_is_picked_by_name_is_held_to_the_same_limits() -> None:
    project, pool, held_out = mixed(
        2, evaluation_by=EXPERTS, free_choice=True, min_votes=2, overlap=2
    )
    names = [item.external_id for item in (held_out[0], pool[0])]
    annotator, expert = make.member(project), make.member(project, "expert")

    lent = chosen.lease(annotator, names)
    assert items_of(lent.assignments) == [pool[0]]
    assert chosen.lease(annotator, names[:1]).reason == "none_of_these"
    assert len(chosen.lease(expert, names).assignments) == 2


def test_whose_role_gives_further_votes_picks_no_first_one() -> None:
    project, pool, _ = mixed(
        1, first_votes_by=["annotator"], free_choice=True, min_votes=2, overlap=2
    )
    expert = make.member(project, "expert")

    (lent,) = chosen.lease(expert, [pool[0].external_id]).assignments

    assert lent.slot == 1


def test_a_page_of_like_items_holds_first_votes_only_for_whom_is_asked_for_them() -> (
    None
):
    project = make.project(suggestion_mode="assist", first_votes_by=["annotator"])
    told = {"label": "x", "confidence": 0.9, "model": 1}
    order.swap(
        project.pk,
        [
            order.Entry(item.pk, 0, True, float(place), "model", suggestion=told)
            for place, item in enumerate(make.items(project, 40))
        ],
    )

    assert grid.lend(make.member(project), 9).assignments
    assert grid.lend(make.member(project, "expert"), 9).assignments == []


def test_what_is_held_may_be_finished_when_the_limits_change() -> None:
    project, pool, held_out = mixed(3)
    who, expert = make.member(project), make.member(project, "expert")
    held = make.lease(who, 4)

    policy.change(Project.objects.get(), {"evaluation_by": EXPERTS})

    who = reload(who)
    assert make.lease(who, 4) == held
    make.vote(who, held[0], "x")
    giving_back.release(who, held[2].pk)
    assert items_of(make.lease(who, 9)) == [pool[0], pool[1], pool[2]]
    back = items_of(make.lease(reload(expert), 9))
    assert set(back) == {held_out[1], held_out[2]}


def test_an_expired_lease_goes_to_a_role_that_is_asked_for_it() -> None:
    project, pool, held_out = mixed(1)
    make.lease(make.member(project), 2)
    policy.change(Project.objects.get(), {"evaluation_by": EXPERTS})
    Assignment.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

    assert items_of(make.lease(make.member(project), 2)) == pool
    assert items_of(make.lease(make.member(project, "expert"), 2)) == held_out


def test_nobody_is_told_that_the_rest_is_for_others_while_some_may_come_back() -> None:
    project, *_ = mixed(1, evaluation_by=EXPERTS)
    who, other = make.member(project), make.member(project)
    (lent,) = make.lease(other, 5)

    assert lease(who, 5).reason == "all_lent"
    make.vote(other, lent, "x")
    assert lease(who, 5).reason == "role"
    assert lease(reload(other), 5).reason == "role"
    policy.change(Project.objects.get(), {"evaluation_by": ["annotator"]})
    assert len(make.lease(reload(who), 5)) == 1


@pytest.mark.parametrize(
    ("name", "split"), [("evaluation_by", "evaluation"), ("first_votes_by", "pool")]
)
def test_who_asks_in_vain_queues_nothing_for_others(name: str, split: str) -> None:
    project = make.project()
    policy.change(project, {name: EXPERTS})
    for _ in range(5):
        make.item(project, split=split)

    assert lease(make.member(project), 5).reason == "role"
    assert not QueueEntry.objects.exists()
    assert len(make.lease(make.member(project, "expert"), 9)) == 5


def test_whose_role_gives_further_votes_alone_leases_in_one_round_trip(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    project = make.project(overlap=2, min_votes=1, first_votes_by=["annotator"])
    project.evaluation_by = ["annotator"]
    project.save()
    item = make.item(project, votes_wanted=2)
    make.ranked(project, [item, make.item(project)], slots=2)
    expert = make.member(project, "expert")

    with django_assert_num_queries(1):
        assert items_of(make.lease(expert)) == [item]


@pytest.mark.parametrize(("chance", "is_first"), [(0.05, False), (0.3, True)])
def test_whom_only_held_out_items_ask_for_further_votes_gives_them_at_their_rate(
    monkeypatch: pytest.MonkeyPatch,
    chance: float,
    is_first: bool,  # noqa: FBT001 (a case of the test)
) -> None:
    monkeypatch.setattr(random, "random", lambda: chance)
    project, _, held_out = mixed(
        2, min_votes=2, overlap=2, evaluation_rate=0.2, further_votes_by=EXPERTS
    )

    (lent,) = make.lease(make.member(project))

    assert (lent.slot == 0) is is_first
    assert lent.item == held_out[0]


@pytest.mark.django_db(transaction=True)
def test_what_another_lease_holds_locked_is_not_said_to_be_for_others() -> None:
    project, *_ = mixed(1, evaluation_by=EXPERTS)
    who = make.member(project)
    is_locked, may_go_on = Event(), Event()

    @make.threaded
    def hold() -> None:
        with transaction.atomic():
            list(QueueEntry.objects.select_for_update())
            is_locked.set()
            assert may_go_on.wait(20)

    with ThreadPoolExecutor(1) as thread:
        holding = thread.submit(hold)
        assert is_locked.wait(20)
        try:
            assert lease(who, 1).reason == "all_lent"
        finally:
            may_go_on.set()
        holding.result()
    assert len(make.lease(who)) == 1


@pytest.mark.parametrize(
    ("split", "purposes"),
    [
        ("pool", [Purpose.FIRST, Purpose.FURTHER, Purpose.FURTHER]),
        ("evaluation", [Purpose.EVALUATION] * 3),
    ],
)
def test_each_entry_knows_what_its_vote_is_by_whatever_way_it_came(
    split: str, purposes: list[str]
) -> None:
    project = make.project(min_votes=3, overlap=3)
    item = make.item(project, split=split)

    def queued() -> list[str]:
        entries = QueueEntry.objects.order_by("slot")
        return list(entries.values_list("work", flat=True))

    order.refill(make.member(project), ALL_PURPOSES)
    assert queued() == purposes
    make.ranked(project, [item], slots=3)
    assert queued() == purposes
    for who in [make.member(project) for _ in range(3)]:
        make.lease(who)
    assert queued() == []
    Assignment.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    giving_back.reclaim()
    assert queued() == purposes


def test_the_roles_are_set_by_the_api_and_told_by_it() -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)
    path = f"projects/{project.slug}/"
    everybody = ["annotator", "expert", "engineer", "manager"]
    assert call("get", path).json()["evaluation_by"] == everybody

    changed = call("patch", path, {"evaluation_by": EXPERTS, "checks_by": ["expert"]})

    assert changed.status_code == 200
    told = call("get", path).json()
    assert (told["evaluation_by"], told["checks_by"]) == (EXPERTS, ["expert"])
    assert told["first_votes_by"] == told["further_votes_by"] == everybody


@pytest.mark.parametrize("name", ["first_votes_by", "evaluation_by", "checks_by"])
@pytest.mark.parametrize(
    "roles",
    [
        [],
        None,
        "expert",
        {},
        [[]],
        [None],
        ["emperor"],
        ["expert", "expert"],
        ["annotator", "x" * 9999],
    ],
)
def test_unknown_roles_or_none_are_refused(name: str, roles: object) -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)

    answer = call("patch", f"projects/{project.slug}/", {name: roles})

    assert answer.status_code == 400
    assert answer.json()["errors"].keys() == {name}
    project.refresh_from_db()
    assert len(getattr(project, name)) == 4


@pytest.mark.parametrize("roles", [[], ["emperor"], ["expert", "expert"]])
def test_a_program_cannot_ask_nobody_or_somebody_unknown(roles: list[str]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        make.project(checks_by=roles)

    assert "checks_by" in str(refused.value.extra)


@pytest.mark.parametrize("roles", [[], ["emperor"]])
def test_the_database_itself_keeps_work_for_somebody(roles: list[str]) -> None:
    make.project()

    with pytest.raises(IntegrityError, match="work_is"), transaction.atomic():
        Project.objects.update(further_votes_by=roles)
