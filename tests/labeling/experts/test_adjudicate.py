"""Experts: blind first, nothing lost, taken back where nothing relies on it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from hypothesis import given
from hypothesis import strategies as st

from labeling import rules
from labeling.errors import (
    AssayError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    ResolvedMeanwhileError,
)
from labeling.models import (
    AnnotationEvent,
    Disagreement,
    Gold,
    Item,
    Membership,
    Project,
    ProjectCounter,
    Resolution,
)
from labeling.services.experts import (
    adjudicate,
    alike,
    blind,
    decisions,
    precedents,
    reopening,
)
from labeling.services.experts.decisions import Decision
from labeling.services.queue import questions
from labeling.services.votes import resolutions, settle
from tests import make

pytestmark = pytest.mark.django_db


def dispute(of: Project, *votes: Sequence[str], **fields: object) -> Disagreement:
    """Let people vote differently on a new item, and settle it."""
    item = make.item(of, **fields)
    for labels in votes or (("x",), ("y",)):
        who = make.member(of)
        make.vote(who, make.lease(who)[0], *labels)
    settle.settle_project(of.pk)
    return Disagreement.objects.select_related("item").get(item=item)


def experts(of: Project, count: int) -> list[Membership]:
    return [make.member(of, "expert") for _ in range(count)]


def kinds(of: Item) -> list[str]:
    events = AnnotationEvent.objects.filter(item=of).order_by("pk")
    return list(events.exclude(kind="voted").values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("votes", "is_multi", "most"),
    [
        ([("x",), ("y",)], False, None),
        ([("x",), ("y",), ("y",)], False, ("y",)),
        ([], False, None),
        ([("x", "y"), ("y",), ("z",)], True, ("y",)),
        ([("x",), ("y",)], True, ()),
    ],
)
def test_a_majority_is_ahead_of_all_others(
    votes: list[rules.Labels], *, is_multi: bool, most: rules.Labels | None
) -> None:
    assert rules.majority(votes, is_multi=is_multi) == most


@given(st.text(max_size=60), st.text(max_size=60))
def test_likeness_is_a_share_and_the_same_both_ways(one: str, other: str) -> None:
    share = rules.shared_part(one, other)

    assert 0 <= share <= 1
    assert share == rules.shared_part(other, one)
    assert not one.strip() or rules.shared_part(one, one) == 1


def test_a_screen_without_the_votes_never_decides() -> None:
    found = dispute(make.project(overlap=2))
    (expert,) = experts(found.project, 1)

    for label in ("x", "y"):
        adjudicate.submit(expert, found.pk, Decision((label,)), has_seen_votes=False)

    found.refresh_from_db()
    assert found.resolved_at is None
    assert found.blind_answers.get().labels == ["x"]


def test_a_decision_needs_a_blind_answer_before_it() -> None:
    found = dispute(make.project(overlap=2))
    (expert,) = experts(found.project, 1)

    with pytest.raises(ConflictError, match="blind first"):
        adjudicate.submit(expert, found.pk, Decision(("x",)), has_seen_votes=True)


def test_who_comes_second_is_told_the_answer_and_their_own_is_kept_once() -> None:
    found = dispute(make.project(overlap=2))
    first, second = experts(found.project, 2)
    blind.answer_blind(second, found.pk, ("y",))
    adjudicate.resolve(first, found.pk, Decision(("x",)))

    for _ in range(2):
        with pytest.raises(ResolvedMeanwhileError, match=r"Another expert .* \(x\)"):
            adjudicate.submit(
                second, found.pk, Decision(("y",), note="hm"), has_seen_votes=True
            )

    late = AnnotationEvent.objects.get(kind="late")
    assert (late.actor_id, late.payload["labels"]) == (second.user_id, ["y"])
    assert late.payload["comment"] == "hm"
    assert found.blind_answers.get().labels == ["y"]
    current = Resolution.objects.get(item=found.item, superseded_at=None)
    assert current.labels == ["x"]


def test_a_late_blind_answer_is_kept_in_the_history() -> None:
    found = dispute(make.project(overlap=2))
    first, second = experts(found.project, 2)
    adjudicate.resolve(first, found.pk, Decision(outcome="invalid"))

    with pytest.raises(ResolvedMeanwhileError, match=r"meanwhile \(Invalid\)"):
        blind.answer_blind(second, found.pk, ("y",))

    assert AnnotationEvent.objects.get(kind="late").payload["labels"] == ["y"]


def test_the_same_decision_again_changes_nothing() -> None:
    found = dispute(make.project(overlap=2))
    (expert,) = experts(found.project, 1)

    for _ in range(2):
        adjudicate.resolve(expert, found.pk, Decision(("x",)))

    assert Resolution.objects.filter(item=found.item).count() == 1
    assert kinds(found.item) == ["resolved"]


def test_of_several_labels_any_set_may_be_the_answer() -> None:
    project = make.project(labels=("a", "b", "c"), task_type="multi", overlap=2)
    found = dispute(project, ("a", "b"), ("b", "c"))
    (expert,) = experts(project, 1)

    votes = blind.answer_blind(expert, found.pk, ("a", "c"))
    adjudicate.resolve(expert, found.pk, Decision(("c", "a")))

    assert blind.majority_of(expert, votes) == ["b"]
    current = Resolution.objects.get(item=found.item, superseded_at=None)
    assert current.labels == ["a", "c"]


def test_none_of_several_labels_is_an_answer_too() -> None:
    project = make.project(labels=("a", "b"), task_type="multi", overlap=2)
    found = dispute(project, ("a",), ("b",))
    (expert,) = experts(project, 1)

    adjudicate.resolve(expert, found.pk, Decision(()))

    assert Resolution.objects.get(item=found.item).labels == []


def test_an_invalid_item_stays_so_when_a_vote_changes() -> None:
    found = dispute(make.project(overlap=2))
    (expert,) = experts(found.project, 1)
    adjudicate.resolve(expert, found.pk, Decision(outcome="invalid"))
    Item.objects.update(is_unsettled=True)

    settle.settle_project(found.project_id)

    found.item.refresh_from_db()
    assert (found.item.state, found.item.is_unsettled) == ("invalid", False)
    assert not Disagreement.objects.filter(resolved_at=None).exists()


def test_the_most_divided_comes_first_and_a_deferred_one_last() -> None:
    project = make.project(labels=("x", "y", "z"), overlap=3)
    tame = dispute(project, ("x",), ("x",), ("y",))
    wild = dispute(project, ("x",), ("y",), ("z",))
    expert, other = experts(project, 2)

    assert adjudicate.next_for(expert) == wild
    adjudicate.defer(expert, wild.pk)
    assert adjudicate.next_for(expert) == tame
    assert adjudicate.next_for(other) == wild
    adjudicate.defer(expert, tame.pk)
    assert adjudicate.next_for(expert) == wild


def test_what_was_begun_comes_before_the_rest() -> None:
    project = make.project(overlap=2)
    one, other = dispute(project), dispute(project)
    (expert,) = experts(project, 1)
    blind.answer_blind(expert, other.pk, ("x",))

    assert adjudicate.next_for(expert) == other
    adjudicate.defer(expert, other.pk)
    assert adjudicate.next_for(expert) == one


def test_a_decision_taken_back_waits_again_with_its_history() -> None:
    found = dispute(make.project(overlap=2))
    (expert,) = experts(found.project, 1)
    blind.answer_blind(expert, found.pk, ("x",))
    adjudicate.resolve(expert, found.pk, Decision(("x",), note="first"))
    assert reopening.last_decision(expert) == found

    reopening.reopen(expert, found.pk)
    settle.settle_project(found.project_id)

    found.refresh_from_db()
    found.item.refresh_from_db()
    assert (found.resolved_at, found.outcome, found.note) == (None, "", "")
    assert found.item.state == Item.State.DISPUTED
    assert found.blind_answers.get().labels == ["x"]
    assert not Resolution.objects.filter(superseded_at=None).exists()
    adjudicate.resolve(expert, found.pk, Decision(("y",)))
    labels = Resolution.objects.order_by("pk").values_list("labels", flat=True)
    assert list(labels) == [["x"], ["y"]]
    assert kinds(found.item) == ["resolved", "reopened", "resolved"]
    counted = ProjectCounter.objects.filter(project=found.project)
    assert sum(counted.values_list("confident", flat=True)) == 1


def test_where_the_votes_agree_by_then_no_expert_is_asked_again() -> None:
    found = dispute(make.project(overlap=2))
    (expert,) = experts(found.project, 1)
    adjudicate.resolve(expert, found.pk, Decision(("x",)))
    found.item.annotations.update(labels=["y"])

    reopening.reopen(expert, found.pk)
    settle.settle_project(found.project_id)

    current = Resolution.objects.get(superseded_at=None)
    assert (current.labels, current.source) == (["y"], "consensus")
    found.refresh_from_db()
    assert found.outcome == "withdrawn"


def test_an_item_called_invalid_is_opened_again() -> None:
    found = dispute(make.project(overlap=2))
    (expert,) = experts(found.project, 1)
    adjudicate.resolve(expert, found.pk, Decision(outcome="invalid"))

    reopening.reopen(expert, found.pk)

    found.item.refresh_from_db()
    assert found.item.state == Item.State.DISPUTED


def test_what_a_training_run_has_used_stays() -> None:
    found = dispute(make.project(overlap=2))
    (expert,) = experts(found.project, 1)
    adjudicate.resolve(expert, found.pk, Decision(("x",)))

    taken = resolutions.take_labels(found.project, "pool")

    assert taken == [(found.item_id, ["x"])]
    with pytest.raises(ConflictError, match="training run has used this label"):
        reopening.reopen(expert, found.pk)
    found.item.refresh_from_db()
    assert found.item.state == Item.State.SETTLED


def test_what_gold_questions_rely_on_stays() -> None:
    found = dispute(make.project(overlap=2))
    (expert,) = experts(found.project, 1)
    adjudicate.resolve(expert, found.pk, Decision(("x",)))
    questions.mark(expert, [found.item.external_id], is_question=True)

    with pytest.raises(ConflictError, match="gold questions"):
        reopening.reopen(expert, found.pk)


def test_only_who_decided_and_managers_take_a_decision_back() -> None:
    found = dispute(make.project(overlap=2))
    first, second = experts(found.project, 2)
    adjudicate.resolve(first, found.pk, Decision(("x",)))

    with pytest.raises(ForbiddenError):
        reopening.reopen(second, found.pk)
    manager = make.manager_of(found.project)
    reopening.reopen(manager, found.pk)
    with pytest.raises(ConflictError, match="open already"):
        reopening.reopen(manager, found.pk)


def text(words: str) -> dict[str, object]:
    return {"data": {"text": words}}


def test_alike_are_those_with_the_same_votes_and_words() -> None:
    project = make.project(labels=("x", "y", "z"), overlap=2)
    one = dispute(project, **text("charged twice and still pending"))
    near = dispute(project, **text("charged twice, one is pending"))
    nearer = dispute(project, **text("Charged twice and still PENDING!"))
    dispute(project, **text("where is my card"))
    dispute(project, ("x",), ("z",), **text("charged twice and still pending"))

    found = alike.similar(project, one)

    assert [found_one.disagreement for found_one in found] == [nearer, near]
    assert found[0].share == 1


def test_a_group_is_alike_whatever_its_words() -> None:
    project = make.project(overlap=2)
    one = dispute(project, **text("first words"), group_key="g")
    other = dispute(project, **text("quite different"), group_key="g")

    (found,) = alike.similar(project, one)

    assert (found.disagreement, found.is_same_group) == (other, True)


def test_rows_of_a_table_are_alike_by_their_votes_the_likest_first() -> None:
    project = make.project(overlap=2, data_type="table")
    one = dispute(project, data={"color": "red", "size": "1"})
    far = dispute(project, data={"color": "blue", "size": "7"})
    near = dispute(project, data={"color": "red", "size": "2"})

    found = [other.disagreement for other in alike.similar(project, one)]

    assert found == [near, far]


def test_each_of_several_is_settled_for_itself_and_says_with_which() -> None:
    project = make.project(overlap=2)
    one, other, gone = (dispute(project) for _ in range(3))
    expert, second = experts(project, 2)
    adjudicate.resolve(second, gone.pk, Decision(("y",)))
    decision = Decision(("x",), note="both mean x", is_precedent=True)
    adjudicate.resolve(expert, one.pk, decision)

    settled = alike.settle_together(
        expert, one.pk, [other.pk, gone.pk, other.pk, one.pk, 0], decision
    )

    told = [(row.disagreement_id, row.decided is not None) for row in settled]
    assert told == [(other.pk, True), (gone.pk, False), (0, False)]
    event = AnnotationEvent.objects.get(item=other.item, kind="resolved")
    assert event.payload["together_with"] == one.pk
    assert precedents.shown(project).count() == 1


def test_others_follow_a_decision_that_was_made_before() -> None:
    project = make.project(overlap=2)
    one, other = dispute(project), dispute(project)
    expert, second = experts(project, 2)
    adjudicate.resolve(expert, one.pk, Decision(outcome="ambiguous", note="both"))

    with pytest.raises(AssayError, match="Decide this one first"):
        alike.settle_like(second, one.pk, [other.pk])
    alike.settle_like(expert, one.pk, [other.pk])

    other.refresh_from_db()
    assert (other.outcome, other.note) == ("ambiguous", "both")


def test_an_example_goes_when_its_decision_does() -> None:
    project = make.project(overlap=2)
    found = dispute(project)
    (expert,) = experts(project, 1)
    adjudicate.resolve(expert, found.pk, Decision(("x",), "resolved", "why", True))
    (example,) = precedents.shown(project)
    assert (example.note, example.resolution.labels) == ("why", ["x"])

    reopening.reopen(expert, found.pk)

    assert not precedents.shown(project).exists()


@pytest.mark.parametrize("case", ["evaluation", "gold"])
def test_what_must_stay_unseen_is_no_example_and_nothing_is_decided(case: str) -> None:
    project = make.project(overlap=2)
    found = dispute(project, split="evaluation" if case == "evaluation" else "pool")
    if case == "gold":
        label_set = project.label_set_pk
        Gold.objects.create(
            item=found.item, labels=["x"], label_set_id=label_set, is_question=True
        )
    (expert,) = experts(project, 1)

    with pytest.raises(InvalidInputError) as refused:
        adjudicate.resolve(expert, found.pk, Decision(("x",), is_precedent=True))

    assert "must stay unseen" in str(refused.value.extra)
    found.refresh_from_db()
    assert found.resolved_at is None


def test_an_example_is_not_asked_as_a_gold_question() -> None:
    project = make.project(overlap=2)
    found = dispute(project)
    (expert,) = experts(project, 1)
    adjudicate.resolve(expert, found.pk, Decision(("x",), is_precedent=True))

    with pytest.raises(InvalidInputError) as refused:
        questions.mark(expert, [found.item.external_id], is_question=True)

    assert "example in the guideline" in str(refused.value.extra)


@pytest.mark.django_db(transaction=True)
def test_of_experts_at_the_same_moment_one_decides_and_nothing_is_lost() -> None:
    found = dispute(make.project(overlap=2))
    people = experts(found.project, 6)

    def try_to(number: int) -> bool:
        label = "xy"[number % 2]
        try:
            adjudicate.resolve(people[number], found.pk, Decision((label,)))
        except ResolvedMeanwhileError:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(6) as pool:
        decided = list(pool.map(try_to, range(6)))

    assert sum(decided) == 1
    assert Resolution.objects.filter(item=found.item).count() == 1
    assert sorted(kinds(found.item)) == ["late"] * 5 + ["resolved"]


@pytest.mark.django_db(transaction=True)
def test_a_label_is_taken_back_or_trained_on_but_never_both() -> None:
    project = make.project(overlap=2)
    (expert,) = experts(project, 1)
    rows = [dispute(project) for _ in range(8)]
    for row in rows:
        adjudicate.resolve(expert, row.pk, Decision(("x",)))
    taken: list[int] = []

    def take() -> None:
        taken.extend(pk for pk, _ in resolutions.take_labels(project, "pool"))
        connections.close_all()

    def take_back(one: Disagreement) -> None:
        try:
            reopening.reopen(expert, one.pk)
        except ConflictError:
            pass
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda act: act(), [lambda: take_back(rows[0]), take]))
        list(pool.map(take_back, rows))

    stand = Resolution.objects.filter(superseded_at=None)
    assert set(stand.values_list("item_id", flat=True)) == set(taken)
    opened = Disagreement.objects.filter(resolved_at=None)
    assert not set(opened.values_list("item_id", flat=True)) & set(taken)


@pytest.mark.django_db(transaction=True)
def test_settling_and_deciding_at_the_same_moment_do_not_block_each_other() -> None:
    project = make.project(overlap=2)
    (expert,) = experts(project, 1)
    rows = [dispute(project) for _ in range(12)]

    def settle_again(_: int) -> None:
        Item.objects.filter(state="disputed").update(is_unsettled=True)
        settle.settle_project(project.pk)
        connections.close_all()

    def decide(one: Disagreement) -> None:
        adjudicate.resolve(expert, one.pk, Decision(("x",)))
        connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(settle_again, n) for n in range(8)]
        waiting += [pool.submit(decide, row) for row in rows]
        for decision in waiting:
            decision.result()

    assert not Disagreement.objects.filter(resolved_at=None).exists()
    assert Resolution.objects.filter(superseded_at=None).count() == len(rows)


def divided() -> tuple[Disagreement, Item]:
    project = make.project(overlap=2)
    one = make.item(project)
    for label in ("x", "y"):
        who = make.member(project)
        make.vote(who, make.lease(who)[0], label)
    settle.settle_project(project.pk)
    return Disagreement.objects.get(item=one), one


def test_an_expert_answers_blind_then_sees_the_votes_without_names() -> None:
    found, one = divided()
    expert = make.member(one.project, "expert")

    votes = blind.answer_blind(expert, found.pk, ("y",))

    assert [vote["annotator"] for vote in votes] == ["A1", "A2"]
    assert found.blind_answers.get().labels == ["y"]


def test_every_expert_keeps_their_own_first_answer() -> None:
    found, one = divided()
    experts = [make.member(one.project, "expert") for _ in range(2)]

    for expert, label in zip(experts, "xy", strict=True):
        blind.answer_blind(expert, found.pk, (label,))
        blind.answer_blind(expert, found.pk, ("x",))

    kept = found.blind_answers.order_by("pk").values_list("expert", "labels")
    assert list(kept) == [(experts[0].user_id, ["x"]), (experts[1].user_id, ["y"])]


def test_an_expert_decision_stands_against_later_votes() -> None:
    found, one = divided()
    expert = make.member(one.project, "expert")
    adjudicate.resolve(expert, found.pk, decisions.Decision(("y",)))
    Item.objects.update(is_unsettled=True)

    settle.settle_project(one.project_id)

    resolution = Resolution.objects.get(item=one, superseded_at=None)
    assert (resolution.labels, resolution.source) == (["y"], "expert")
    with pytest.raises(ConflictError):
        adjudicate.resolve(expert, found.pk, decisions.Decision(("x",)))


def test_an_ambiguous_item_keeps_the_shares_of_its_votes() -> None:
    found, one = divided()
    expert = make.member(one.project, "expert")

    adjudicate.resolve(expert, found.pk, decisions.Decision(outcome="ambiguous"))

    resolution = Resolution.objects.get(item=one, superseded_at=None)
    assert resolution.soft_label == {"x": 0.5, "y": 0.5}


def test_an_invalid_item_gets_no_label() -> None:
    found, one = divided()
    expert = make.member(one.project, "expert")

    adjudicate.resolve(expert, found.pk, decisions.Decision(outcome="invalid"))

    one.refresh_from_db()
    assert one.state == Item.State.INVALID
    assert not Resolution.objects.filter(item=one).exists()
