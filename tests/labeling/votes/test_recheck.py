"""Held-out items are answered once more, blind, and decided by an expert (C24)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from activelearn.services.ordering.entries import entries_of
from labeling import rules
from labeling.models import (
    Annotation,
    Assignment,
    Disagreement,
    Item,
    Membership,
    Project,
    QueueEntry,
    Resolution,
    Skills,
)
from labeling.services.experts import adjudicate
from labeling.services.experts.decisions import Decision
from labeling.services.projects import policy
from labeling.services.queue import giving_back, order, take
from labeling.services.queue.lease import lease
from labeling.services.votes import change, gold, settle
from tests import make

pytestmark = pytest.mark.django_db
TWO_VOTES: dict[str, Any] = {"evaluation_votes": 2, "evaluation_rate": 0.5}


def answered(project: Project, who: Membership, *labels: str) -> Item:
    """Return a held-out item that this person has answered, settled."""
    item = make.item(project, split="evaluation")
    make.ranked(project, [item])
    return next_answer(who, *labels)


def next_answer(who: Membership, *labels: str) -> Item:
    """Let a person answer the next item they get; return it, settled."""
    (lent,) = make.lease(who)
    make.vote(who, lent, *labels)
    settle.settle_project(who.project_id)
    lent.item.refresh_from_db()
    return lent.item


def labels_of(item: Item) -> list[list[str]]:
    current = Resolution.objects.filter(item=item, superseded_at=None)
    return list(current.values_list("labels", flat=True))


def test_c24_the_first_vote_gives_the_label_and_nobody_is_asked_twice() -> None:
    project = make.project(**TWO_VOTES)
    who = make.member(project)

    item = answered(project, who, "x")

    assert (item.state, labels_of(item)) == ("settled", [["x"]])
    nothing = lease(who, 1)
    assert (nothing.assignments, nothing.reason) == ([], "all_labeled")


def test_c24_another_person_is_asked_blind_and_nobody_after_them() -> None:
    project = make.project(suggestion_mode="assist", **TWO_VOTES)
    item = answered(project, make.member(project), "x")
    second = make.member(project)

    (lent,) = make.lease(second)
    assert (lent.item, lent.reason, lent.suggestion) == (item, "second", None)
    make.vote(second, lent, "x")
    settle.settle_project(project.pk)

    item.refresh_from_db()
    assert (item.state, item.votes, labels_of(item)) == ("settled", 2, [["x"]])
    third = lease(make.member(project), 1)
    assert (third.assignments, third.reason) == ([], "all_labeled")


def test_c24_an_expert_decides_where_the_two_differ() -> None:
    project = make.project(**TWO_VOTES)
    answered(project, make.member(project), "x")

    item = next_answer(make.member(project), "y")

    assert (item.state, labels_of(item)) == ("disputed", [])
    dispute = Disagreement.objects.get(item=item, resolved_at=None)
    expert = make.member(project, "expert")
    adjudicate.resolve(expert, dispute.pk, Decision(("y",)))
    item.refresh_from_db()
    assert (item.state, labels_of(item)) == ("settled", [["y"]])
    assert make.lease(make.member(project)) == []


@pytest.mark.parametrize(
    ("right", "second", "state"),
    [
        # By these the first vote alone would stand against the second one.
        ((3960, 2200), "b", "disputed"),
        # Two votes of people who are hardly better than chance would not do.
        ((2200, 2200), "a", "settled"),
    ],
)
def test_c24_how_likely_a_label_is_decides_nothing_between_two(
    right: tuple[int, int], second: str, state: str
) -> None:
    project = make.project(
        labels=("a", "b"), settled_by="posterior", confidence=0.9, **TWO_VOTES
    )
    people = make.member(project), make.member(project)
    Skills.objects.create(
        project=project,
        computed_at=timezone.now(),
        votes=4000,
        body={
            str(member.user_id): [count, 4000]
            for member, count in zip(people, right, strict=True)
        },
    )
    item = answered(project, people[0], "a")
    assert item.state == "settled"

    assert next_answer(people[1], second).state == state


@pytest.mark.parametrize(
    ("verdict", "votes", "blind", "expected"),
    [
        ("settled", "a", 2, "settled"),
        ("settled", "ab", 2, "disputed"),
        ("open", "ab", 2, "disputed"),
        ("settled", "aab", 2, "disputed"),
        ("disputed", "aa", 2, "settled"),
        ("open", "aa", 2, "open"),
        # Where one vote is enough, the rule of the project decides.
        ("settled", "aab", 1, "settled"),
        ("disputed", "aa", 1, "disputed"),
    ],
)
def test_c24_two_votes_settle_a_held_out_item_exactly_where_they_agree(
    verdict: rules.ConsensusVerdict, votes: Sequence[str], blind: int, expected: str
) -> None:
    consensus = rules.Consensus(verdict, ("a",), 0.9, {"a": 1.0}, 0.0)
    answers = [(vote,) for vote in votes]

    assert rules.held_out(consensus, answers, blind=blind).verdict == expected


def test_c24_items_of_the_pool_are_not_asked_about_again() -> None:
    project = make.project(**TWO_VOTES)
    make.item(project)

    item = next_answer(make.member(project), "x")

    assert (item.state, item.votes_wanted) == ("settled", 1)
    assert lease(make.member(project), 1).reason == "all_labeled"


def test_c24_what_is_known_for_sure_is_not_asked_about_again() -> None:
    project = make.project(**TWO_VOTES)
    item = answered(project, make.member(project), "x")

    Resolution.objects.update(superseded_at=timezone.now())
    gold.record(project, [(item, ["y"])])

    assert make.lease(make.member(project)) == []


def test_c24_a_changed_number_holds_for_what_is_settled_already() -> None:
    project = make.project(evaluation_votes=1)
    item = answered(project, make.member(project), "x")
    second = make.member(project)
    assert make.lease(second) == []

    policy.change(project, {"evaluation_votes": 2})
    settle.settle_project(project.pk)
    (lent,) = make.lease(make.member(project))
    assert lent.item == item
    giving_back.release(
        Membership.objects.get(project=project, user=lent.annotator), lent.pk
    )

    policy.change(project, {"evaluation_votes": 1})
    settle.settle_project(project.pk)
    assert make.lease(make.member(project)) == []


def test_c24_a_label_by_votes_that_differ_falls_when_two_are_asked_for() -> None:
    project = make.project(evaluation_votes=1, overlap=3, min_votes=2, confidence=0.6)
    item = make.item(project, split="evaluation", votes_wanted=3)
    make.ranked(project, [item], slots=3)
    for label in ("x", "y", "x"):
        item = next_answer(make.member(project), label)
    assert (item.state, labels_of(item)) == ("settled", [["x"]])

    policy.change(project, {"evaluation_votes": 2})
    settle.settle_project(project.pk)

    item.refresh_from_db()
    assert (item.state, labels_of(item)) == ("disputed", [])


def test_c24_who_may_be_asked_next_does_not_see_the_first_answer(
    client: Client,
) -> None:
    project = make.project(**TWO_VOTES)
    item = answered(project, make.member(project), "x")
    expert = make.member(project, "expert")
    client.force_login(expert.user)
    url = f"/projects/{project.slug}/items/{item.pk}/"

    before = client.get(url)
    next_answer(expert, "x")
    after = client.get(url)

    assert (before.context["resolutions"], "votes" in before.context) == ([], False)
    assert [label.labels for label in after.context["resolutions"]] == [["x"]]


def test_c24_a_late_second_vote_is_kept() -> None:
    project = make.project(**TWO_VOTES)
    item = answered(project, make.member(project), "x")
    second = make.member(project)
    (lent,) = make.lease(second)
    long_ago = timezone.now() - timedelta(hours=2)
    Assignment.objects.filter(pk=lent.pk).update(expires_at=long_ago)
    giving_back.reclaim()

    make.vote(second, lent, "x")

    assert Annotation.votes.filter(item=item).count() == 2
    assert not QueueEntry.objects.filter(item=item).exists()


def test_c24_a_new_order_keeps_what_is_to_be_checked() -> None:
    project = make.project(**TWO_VOTES)
    item = answered(project, make.member(project), "x")

    order.swap(project.pk, entries_of(project, []))

    (lent,) = make.lease(make.member(project))
    assert (lent.item, lent.reason) == (item, "second")


def test_c24_a_second_vote_that_is_given_back_goes_to_another_person() -> None:
    project = make.project(**TWO_VOTES)
    item = answered(project, make.member(project), "x")
    second = make.member(project)
    (lent,) = make.lease(second)

    giving_back.skip(second, lent.pk)

    (again,) = make.lease(make.member(project))
    assert again.item == item


def test_c24_the_first_vote_may_be_given_anew_after_it_was_undone() -> None:
    project = make.project(**TWO_VOTES)
    first, second = make.member(project), make.member(project)
    item = answered(project, first, "x")
    (lent,) = make.lease(second)
    vote = Annotation.votes.get(item=item)
    change.undo(first, vote.pk, vote.version)

    make.vote(second, lent, "y")
    settle.settle_project(project.pk)

    item.refresh_from_db()
    assert (item.state, labels_of(item)) == ("settled", [["y"]])


def test_c24_the_share_of_second_votes_is_that_of_held_out_items() -> None:
    project = make.project(evaluation_votes=2, evaluation_rate=0.25)
    member = make.member(project)
    experts = make.project(
        evaluation_votes=2, evaluation_rate=0.25, evaluation_by=["expert"]
    )

    shares = [
        take.further_share(who, who.project.purposes_for(who.role))
        for who in (member, make.member(experts), make.member(experts, "expert"))
    ]
    assert shares == pytest.approx([0.2, 0, 0.2])


def test_c24_in_one_statement_each_lane_has_its_share(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    random.seed(24)
    project = make.project(evaluation_votes=2, evaluation_rate=0.25)
    first, second = make.member(project), make.member(project)
    held_out = [make.item(project, split="evaluation") for _ in range(60)]
    make.ranked(project, held_out)
    for _ in range(6):
        for lent in make.lease(first, 10):
            make.vote(first, lent, "x")
    settle.settle_project(project.pk)
    make.ranked(project, [*make.items(project, 300)])
    order.queue_further([item.pk for item in held_out])

    reasons = []
    for _ in range(100):
        with django_assert_num_queries(1):
            two = make.lease(second, 2)
        for assignment in two:
            make.vote(second, assignment, "x")
        reasons += [assignment.reason for assignment in two]

    # 40 of 200 on average; ± 3 standard deviations of 100 draws of two.
    assert 16 <= reasons.count("second") <= 64


def a_further_vote_is_drawn() -> None:
    """Let the next draw be for a further vote, whose share is a third at least."""
    random.seed(next(n for n in range(99) if random.Random(n).random() < 0.3))


def test_where_nothing_is_to_be_checked_a_lease_takes_one_look_more_now_and_then(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    project = make.project(**TWO_VOTES)
    items = make.items(project, 4)
    make.ranked(project, items)
    project.refresh_from_db()
    who = make.member(project)

    a_further_vote_is_drawn()
    with django_assert_num_queries(2):
        (first,) = make.lease(who)
    make.vote(who, first, "x")
    # What the first lease has found is kept for all windows of this person.
    again = Membership.objects.select_related("project").get(pk=who.pk)
    a_further_vote_is_drawn()
    with django_assert_num_queries(1):
        (second,) = make.lease(again)
    assert [first.item, second.item] == items[:2]

    Membership.objects.update(passed_since=timezone.now() - timedelta(seconds=11))
    later = Membership.objects.select_related("project").get(pk=who.pk)
    a_further_vote_is_drawn()
    with django_assert_num_queries(2):
        assert len(make.lease(later, 2)) == 2


def test_a_first_slot_that_comes_back_hides_behind_nobodys_own() -> None:
    project = make.project(**TWO_VOTES)
    ada, ben = make.member(project), make.member(project)
    item = answered(project, ada, "x")
    (second,) = make.lease(ben)
    assert (second.item, second.slot) == (item, 1)
    make.vote(ben, second, "x")
    lent = Assignment.objects.get(item=item, slot=0)

    vote = Annotation.votes.get(assignment=lent)
    change.undo(ada, vote.pk, vote.version)
    giving_back.release(ada, lent.pk)

    # In the lane of first votes others would begin behind it, for ben has passed it.
    assert not QueueEntry.objects.get(item=item, slot=0).is_first
    assert [held.item for held in make.lease(make.member(project))] == [item]


@pytest.mark.soak  # migrates back and forth: twenty seconds
def test_c24_projects_that_are_there_keep_one_vote_until_somebody_chooses() -> None:
    project = make.project(overlap=3, min_votes=2)
    early = make.item(project, split="evaluation", state="settled", votes=2)
    Item.objects.filter(pk=early.pk).update(votes_wanted=3)
    # The rows are of this transaction, and an index of theirs is made in it.
    connection.check_constraints()
    call_command("migrate", "labeling", "0036_duel", verbosity=0)

    call_command("migrate", verbosity=0)

    project.refresh_from_db()
    early.refresh_from_db()
    assert (project.evaluation_votes, early.votes_wanted) == (1, 2)
    assert Project._meta.get_field("evaluation_votes").default == 2
