"""The queue: who gets what next, exactly once."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from labeling import rules
from labeling.errors import ConflictError, ForbiddenError, InvalidInputError
from labeling.models import Assignment, Item, Membership, QueueEntry
from labeling.services.projects import members, policy
from labeling.services.queue import chosen, floor, giving_back, repeats, take
from labeling.services.queue.lease import lease
from labeling.services.votes import change, settle
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_counts")]


def leased_items(who: Membership, count: int) -> list[Item]:
    return [assignment.item for assignment in make.lease(who, count)]


def test_items_are_lent_in_queue_order() -> None:
    project = make.project()
    a, b, c = make.items(project, 3)
    make.ranked(project, [b, c, a])

    assert leased_items(make.member(project), 3) == [b, c, a]


def test_a_person_gets_back_what_they_hold_before_anything_new() -> None:
    project = make.project()
    a, b, c = make.items(project, 3)
    make.ranked(project, [a, b, c])
    who = make.member(project)
    make.lease(who, 1)

    assert leased_items(who, 2) == [a, b]


def test_one_item_is_not_lent_to_two_people_without_overlap() -> None:
    project = make.project()
    make.items(project, 1)
    make.lease(make.member(project))

    lent = lease(make.member(project), 1)

    assert (lent.assignments, lent.reason) == ([], "all_lent")


def test_with_overlap_an_item_goes_to_two_people_but_not_twice_to_one() -> None:
    project = make.project(overlap=2)
    item = make.item(project)
    first, second = make.member(project), make.member(project)

    assert leased_items(first, 5) == [item]
    assert leased_items(second, 5) == [item]
    assert sorted(Assignment.objects.values_list("slot", flat=True)) == [0, 1]


def test_a_skipped_item_goes_to_others_and_not_back() -> None:
    project = make.project()
    item = make.item(project)
    who = make.member(project)
    giving_back.skip(who, make.lease(who)[0].pk, "unclear")

    assert lease(who, 1).reason == "all_yours_done"
    assert leased_items(make.member(project), 1) == [item]


def test_a_returned_item_may_come_back() -> None:
    project = make.project()
    item = make.item(project)
    who = make.member(project)
    giving_back.release(who, make.lease(who)[0].pk)

    assert leased_items(who, 1) == [item]


def test_an_expired_lease_is_taken_back_and_lent_to_another() -> None:
    project = make.project()
    item = make.item(project)
    make.lease(make.member(project))
    Assignment.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

    assert giving_back.reclaim() == 1
    assert leased_items(make.member(project), 1) == [item]


def test_a_stale_entry_is_dropped_and_the_next_one_taken() -> None:
    project = make.project()
    a, b = make.items(project, 2)
    make.lease(make.member(project))
    QueueEntry.objects.all().delete()
    for rank, item in enumerate((a, b)):
        QueueEntry.objects.create(
            project=project,
            generation=1,
            is_first=True,
            rank=rank,
            item=item,
            slot=0,
            work="first",
        )

    assert leased_items(make.member(project), 1) == [b]


def test_an_item_is_found_even_when_no_queue_was_ever_built() -> None:
    project = make.project()
    all_items = make.items(project, 3)

    assert leased_items(make.member(project), 9) == all_items


def test_a_swap_replaces_the_order_and_leaves_out_what_is_lent() -> None:
    project = make.project()
    a, b, c = make.items(project, 3)
    make.ranked(project, [a, b, c])
    make.lease(make.member(project))

    make.ranked(project, [c, a, b])

    assert leased_items(make.member(project), 3) == [c, b]


@pytest.mark.parametrize("count", [0, 51, -1])
def test_a_count_out_of_range_is_refused(count: int) -> None:
    who = make.member(make.project())

    with pytest.raises(InvalidInputError):
        lease(who, count)


def test_reasons_say_why_there_is_nothing() -> None:
    project = make.project()
    who = make.member(project)
    assert lease(who, 1).reason == "empty_project"

    make.item(project)
    project.is_paused = True
    project.save()
    paused = members.membership(who.user, project.slug)
    assert lease(paused, 1).reason == "paused"


def test_a_quota_limits_what_a_person_gets() -> None:
    project = make.project()
    make.items(project, 3)
    who = make.member(project)
    who.quota = 2

    assert len(make.lease(who, 3)) == 2


@pytest.mark.django_db(transaction=True)
def test_a_quota_holds_however_many_windows_ask_at_once() -> None:
    project = make.project()
    make.items(project, 40)
    who = make.member(project, quota=10)

    def ask(number: int) -> None:
        del number
        lease(members.membership(who.user, project.slug), 10)
        connection.close()

    with ThreadPoolExecutor(4) as people:
        list(people.map(ask, range(4)))

    assert Assignment.objects.filter(state="leased").count() == 10


@pytest.mark.django_db(transaction=True)
def test_a_quota_holds_while_the_same_person_votes() -> None:
    project = make.project()
    make.ranked(project, make.items(project, 40))
    who = make.member(project, quota=20)

    @make.threaded
    def work(number: int) -> None:
        del number
        while held := make.lease(who, 4):
            for assignment in held:
                with suppress(ConflictError):  # another window was faster
                    make.vote(who, assignment, "x")

    with ThreadPoolExecutor(4) as windows:
        list(windows.map(work, range(4)))

    assert Assignment.objects.filter(state="answered").count() == 20
    assert lease(who, 1).reason == "quota"


def test_answers_repeats_and_what_is_held_count_toward_a_quota() -> None:
    project = make.project()
    make.ranked(project, make.items(project, repeats.APART + 9))
    who = make.member(project)
    for _ in range(repeats.APART):
        make.vote(who, make.lease(who)[0], "x")
    receipt = make.vote(who, make.lease(who)[0], "x")
    who.quota = repeats.APART + 5
    repeated = Assignment.objects.get(pk=repeats.lend(who, 1)[0])

    assert len(make.lease(who, 50)) == 4
    make.vote(who, repeated, "x")
    giving_back.release_all(who)
    change.undo(who, receipt.annotation.pk, 1)
    assert len(make.lease(who, 50)) == 4
    giving_back.release_all(who)
    assert len(make.lease(who, 50)) == 4


def test_who_picks_items_is_held_to_the_same_limits() -> None:
    project = make.project(free_choice=True)
    names = [item.external_id for item in make.items(project, 6)]
    who = make.member(project, quota=2)

    assert len(chosen.lease(who, names[:4]).assignments) == 2
    assert len(chosen.lease(who, names[:2]).assignments) == 2
    assert chosen.lease(who, names[4:]).reason == "quota"
    resting = make.member(project, is_paused=True)
    assert chosen.lease(resting, names[4:]).reason == "paused"


def test_an_expired_lease_is_found_without_the_scheduler() -> None:
    project = make.project()
    make.items(project, 1)
    make.lease(make.member(project))
    Assignment.objects.update(expires_at="2020-01-01T00:00:00Z")

    assert len(make.lease(make.member(project))) == 1


@pytest.mark.parametrize(("least", "overlap", "lent"), [(1, 1, 0), (2, 2, 1)])
def test_an_item_whose_votes_are_lowered_goes_to_no_more_people(
    least: int, overlap: int, lent: int
) -> None:
    project = make.project(overlap=3, min_votes=3)
    make.ranked(project, make.items(project, 1), slots=3)
    make.lease(make.member(project))

    policy.change(project, {"overlap": overlap, "min_votes": least})

    others = [make.member(project) for _ in range(3)]
    assert sum(len(make.lease(who)) for who in others) == lent


def test_who_has_answered_all_queues_nothing_for_others() -> None:
    project = make.project(overlap=2, min_votes=2)
    make.ranked(project, make.items(project, 6))
    who, other = make.member(project), make.member(project)
    for assignment in make.lease(who, 6):
        make.vote(who, assignment, "x")
    QueueEntry.objects.all().delete()

    assert lease(who, 1).reason == "all_yours_done"

    assert not QueueEntry.objects.exists()
    assert len(make.lease(other, 6)) == 6


def test_who_picks_an_item_whose_votes_are_lowered_does_not_exceed_them() -> None:
    project = make.project(overlap=3, min_votes=3, free_choice=True)
    item = make.item(project)
    people = [make.member(project) for _ in range(4)]
    for who in people[:3]:
        make.lease(who)
    released = Assignment.objects.get(slot=0)
    giving_back.release_all(
        next(who for who in people if who.user == released.annotator)
    )

    policy.change(project, {"overlap": 2, "min_votes": 2})

    lent = chosen.lease(people[3], [item.external_id])
    assert (lent.assignments, lent.reason) == ([], "none_of_these")


def test_more_votes_are_asked_for_within_the_share_of_the_overlap() -> None:
    project = make.project(overlap_share=0.5)
    items = make.items(project, 60)

    policy.change(project, {"overlap": 2, "min_votes": 2})

    wanted = {
        item.pk: 2 if rules.is_shared(project.seed, item.group_key, 0.5) else 1
        for item in items
    }
    assert set(wanted.values()) == {1, 2}
    assert dict(Item.objects.values_list("pk", "votes_wanted")) == wanted
    settle.settle_project(project.pk)
    policy.change(project, {"overlap_share": 0.0})
    assert set(Item.objects.values_list("votes_wanted", flat=True)) == {1}


def test_certain_items_are_lent_only_where_the_project_allows_it() -> None:
    closed = make.project()
    with pytest.raises(ForbiddenError):
        chosen.lease(make.member(closed), ["i1"])

    project = make.project(free_choice=True)
    _, wanted = make.items(project, 2)
    lent = chosen.lease(make.member(project), [wanted.external_id])
    assert [assignment.item for assignment in lent.assignments] == [wanted]


@pytest.mark.django_db(transaction=True)
def test_an_item_that_goes_to_another_while_it_is_picked_is_not_lent_twice() -> None:
    project = make.project(free_choice=True)
    (wanted,) = make.items(project, 1)
    picker = make.member(project)

    @make.threaded
    def pick() -> str | None:
        return chosen.lease(picker, [wanted.external_id]).reason

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            make.lease(make.member(project))
            picked = other.submit(pick)
            make.await_waiting()
        assert picked.result() == "none_of_these"


def test_an_answered_item_cannot_be_skipped() -> None:
    project = make.project()
    make.item(project)
    who = make.member(project)
    assignment = make.lease(who)[0]
    make.vote(who, assignment, "x")

    with pytest.raises(ConflictError):
        giving_back.skip(who, assignment.pk)


def test_a_settled_item_leaves_the_queue() -> None:
    project = make.project(overlap=3, min_votes=1)
    make.item(project)
    who = make.member(project)
    make.vote(who, make.lease(who)[0], "x")
    settle.settle_project(project.pk)

    assert lease(make.member(project), 1).reason == "all_labeled"


@pytest.mark.django_db(transaction=True)
def test_racing_people_never_share_a_slot() -> None:
    project = make.project(overlap=2)
    make.ranked(project, make.items(project, 40), slots=2)
    people = [make.member(project) for _ in range(8)]

    @make.threaded
    def work(who: Membership) -> None:
        while make.lease(who, 3):
            for assignment in make.lease(who, 3):
                make.vote(who, assignment, "x")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, people))

    given = Assignment.objects.values_list("item", "slot")
    assert len(given) == len(set(given)) == 80
    assert set(Item.objects.values_list("votes", flat=True)) == {2}


def test_further_votes_are_passed_over_once_and_found_again_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.0)  # further votes whenever it can
    project = make.project(overlap=2, min_votes=2)
    items = make.items(project, 12)
    make.ranked(project, items, slots=2)
    who, other = make.member(project), make.member(project)
    for _ in range(4):
        make.vote(who, make.lease(who)[0], "x")
        who.refresh_from_db()
        who.project.refresh_from_db()
    place = who.passed_further
    assert place > -math.inf

    held = make.lease(other, 12)
    giving_back.release_many(other, [assignment.pk for assignment in held])
    for _ in range(8):
        who.refresh_from_db()
        make.vote(who, make.lease(who)[0], "x")
    who.refresh_from_db()
    assert who.passed_further > place
    assert lease(who, 1).reason == "all_yours_done"
    assert len(make.lease(other, 12)) == 12


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("moment", "head"),
    [("INSERT INTO labeling_queueentry", 0), ("DELETE FROM labeling_queueentry", -1)],
)
def test_a_lease_never_waits_for_a_swap_nor_passes_over_what_it_holds(
    moment: str, head: int
) -> None:
    project = make.project()
    items = make.items(project, 20)
    make.ranked(project, items)
    who = make.member(project)
    is_there, may_go_on = Event(), Event()

    def pause(execute: Any, sql: str, *others: Any) -> Any:
        done = execute(sql, *others)
        if sql.strip().startswith(moment):
            is_there.set()
            assert may_go_on.wait(20)
        return done

    @make.threaded
    def swap() -> None:
        with connection.execute_wrapper(pause):
            make.ranked(project, items[::-1])

    with ThreadPoolExecutor(1) as thread:
        swapped = thread.submit(swap)
        try:
            assert is_there.wait(20)
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout TO '5s'")
            assert make.lease(who)[0].item == items[head]
        finally:
            may_go_on.set()
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
        swapped.result()

    assert QueueEntry.objects.values("item", "slot").distinct().count() == 20 + head


def test_what_was_locked_when_it_was_passed_over_is_found_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.0)  # further votes whenever it can
    project = make.project(overlap=2, min_votes=2)
    items = make.items(project, 3)
    make.ranked(project, items, slots=2)
    who = make.member(project)
    QueueEntry.objects.filter(slot=0).delete()
    who.project.refresh_from_db()
    who.passed_further = QueueEntry.objects.get(item=items[1]).rank
    who.passed_generation = who.project.queue_generation

    who.passed_since = timezone.now()
    assert make.lease(who)[0].item == items[1]
    giving_back.release_all(who)
    who.passed_since = timezone.now() - 1.1 * take.PASSED_FOR
    assert make.lease(who)[0].item == items[0]


@pytest.mark.parametrize("is_soon", [True, False])
def test_what_is_given_back_before_what_was_skipped_is_found_soon_and_at_the_end(
    *, is_soon: bool
) -> None:
    project = make.project()
    items = make.items(project, 5)
    make.ranked(project, items)
    who, other = make.member(project), make.member(project)
    make.lease(other)
    for _ in range(2):
        giving_back.skip(who, make.lease(again(who))[0].pk)
    make.vote(who, make.lease(again(who))[0], "x")

    giving_back.release_all(other)
    if is_soon:
        Membership.objects.update(passed_since=timezone.now() - 1.1 * take.PASSED_FOR)
    order = []
    for _ in range(2):
        (lent,) = make.lease(again(who))
        order.append(lent.item)
        make.vote(who, lent, "x")

    assert order == ([items[0], items[4]] if is_soon else [items[4], items[0]])
    assert lease(again(who), 1).reason == "all_yours_done"


def test_who_has_skipped_nothing_sees_at_once_what_is_given_back() -> None:
    project = make.project()
    items = make.items(project, 3)
    make.ranked(project, items)
    who, other = make.member(project), make.member(project)
    make.lease(other)
    make.vote(who, make.lease(who)[0], "x")

    giving_back.release_all(other)

    assert leased_items(again(who), 2) == [items[0], items[2]]


@pytest.mark.parametrize("later", [0.0, floor.KNOWN_FOR])
def test_what_another_process_gives_back_is_found_after_a_second(
    monkeypatch: pytest.MonkeyPatch, later: float
) -> None:
    project = make.project()
    first, *others = make.items(project, 3)
    make.ranked(project, others)
    before = QueueEntry.objects.get(item=others[0])
    make.lease(make.member(project))
    before.pk, before.item, before.rank = None, first, before.rank - 1
    before.save()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + later)

    item = first if later else others[1]
    assert leased_items(make.member(project), 1) == [item]


def test_what_another_process_gives_back_is_found_at_once_where_it_is_the_last() -> (
    None
):
    project = make.project()
    first, last = make.items(project, 2)
    make.ranked(project, [last])
    before = QueueEntry.objects.get()
    make.lease(make.member(project))
    before.pk, before.item, before.rank = None, first, before.rank - 1
    before.save()

    assert leased_items(make.member(project), 1) == [first]


def test_who_found_nothing_is_lent_what_is_new_by_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    project = make.project()
    who = make.member(project)
    assert make.lease(who) == []
    make.items(project, 3)
    make.vote(who, make.lease(again(who))[0], "x")

    asking = again(who)
    with django_assert_num_queries(1):
        assert len(make.lease(asking)) == 1


def again(who: Membership) -> Membership:
    """Return the person as the next request finds them."""
    return members.membership(who.user, who.project.slug)


def test_a_new_order_is_seen_from_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.0)  # further votes whenever it can
    project = make.project(overlap=2, min_votes=2)
    items = make.items(project, 6)
    who, other = make.member(project), make.member(project)
    make.ranked(project, items[:3], slots=2)
    make.vote(who, make.lease(who)[0], "x")
    assert leased_items(other, 1) == [items[1]]

    make.ranked(project, items[::-1], slots=2)
    giving_back.release_all(other)

    assert leased_items(again(who), 1) == [items[5]]


@pytest.mark.django_db(transaction=True)
def test_two_windows_of_one_person_never_wait_for_each_other_for_good() -> None:
    project = make.project()
    make.ranked(project, make.items(project, 60))
    who = make.member(project)
    make.lease(who, 40)
    Assignment.objects.filter(pk__in=Assignment.objects.order_by("-pk")[:20]).update(
        expires_at=timezone.now() + timedelta(minutes=9)
    )

    @make.threaded
    def repeat(work: Callable[[], object]) -> None:
        for _ in range(40):
            work()

    with ThreadPoolExecutor(2) as pool:
        windows = [
            pool.submit(repeat, lambda: make.lease(who, 40)),
            pool.submit(repeat, lambda: giving_back.release_all(who)),
        ]
        for window in windows:
            window.result()

    assert len(make.lease(who, 40)) == 40


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("votes", [1, 2])
def test_whatever_the_windows_of_one_person_do_none_waits_for_good(votes: int) -> None:
    project = make.project(overlap=votes, min_votes=votes)
    make.ranked(project, make.items(project, 100), slots=votes)
    people = [make.member(project), make.member(project)]

    def answer_late(who: Membership, assignment: Assignment) -> None:
        leased = Assignment.objects.filter(
            pk=assignment.pk, state=Assignment.State.LEASED
        )
        leased.update(expires_at=timezone.now() - timedelta(hours=1))
        make.vote(who, assignment, "x")

    def answer_and_undo(who: Membership, assignment: Assignment) -> None:
        change.undo(who, make.vote(who, assignment, "x").annotation.pk, 1)

    ways: list[Callable[[Membership, Assignment], object]] = [
        answer_late,
        answer_and_undo,
        lambda who, held: giving_back.release(who, held.pk),
        lambda who, held: giving_back.skip(who, held.pk),
        lambda who, held: None,
    ]

    @make.threaded
    def work(window: int) -> None:
        drawn, who = random.Random(window), people[window % 2]
        for _ in range(40):
            for assignment in lease(again(who), drawn.choice([1, 3, 8])).assignments:
                with suppress(ConflictError):  # another window was faster
                    drawn.choices(ways, [1, 1, 3, 1, 4])[0](who, assignment)

    with ThreadPoolExecutor(6) as windows:
        list(windows.map(work, range(6)))


@pytest.mark.django_db(transaction=True)
def test_a_late_answer_does_not_wait_for_who_is_lent_its_slot() -> None:
    project = make.project()
    make.items(project, 1)
    who = make.member(project)
    (held,) = make.lease(who)
    giving_back.release(who, held.pk)
    entry = QueueEntry.objects.filter(item=held.item)

    @make.threaded
    def answer() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout TO '5s'")
        make.vote(who, held, "x")

    with ThreadPoolExecutor(1) as other, transaction.atomic():
        entry.select_for_update().get()
        other.submit(answer).result()

    assert make.lease(make.member(project)) == []
    assert not entry.exists()


def test_who_asks_for_fewer_than_they_hold_gets_no_more_whatever_the_plan() -> None:
    project = make.project()
    make.items(project, 8)
    who = make.member(project)
    held = [assignment.pk for assignment in make.lease(who, 5)]

    with connection.cursor() as cursor:
        # A plan that looks at what is held once for each row: a small table may get it.
        for way in ("hashagg", "hashjoin", "mergejoin", "material", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} TO off")
        assert [assignment.pk for assignment in make.lease(who, 2)] == held[:2]
        assert [assignment.pk for assignment in take.renewed(who, 1)] == held[:1]
