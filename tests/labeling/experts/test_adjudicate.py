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
def test_likeness_is_a_share_and_the_same_both_ways(words: str, other: str) -> None:
    share = rules.shared_part(words, other)

    assert 0 <= share <= 1
    assert share == rules.shared_part(other, words)
    assert not words.strip() or rules.shared_part(words, words) == 1


def test_a_screen_without_the_votes_never_decides() -> None:
    disagreement = dispute(make.project(overlap=2))
    (expert,) = experts(disagreement.project, 1)

    for label in ("x", "y"):
        adjudicate.submit(
            expert, disagreement.pk, Decision((label,)), has_seen_votes=False
        )

    disagreement.refresh_from_db()
    assert disagreement.resolved_at is None
    assert disagreement.blind_labels.get().labels == ["x"]


def test_a_decision_needs_a_blind_answer_before_it() -> None:
    disagreement = dispute(make.project(overlap=2))
    (expert,) = experts(disagreement.project, 1)

    with pytest.raises(ConflictError, match="blind first"):
        adjudicate.submit(
            expert, disagreement.pk, Decision(("x",)), has_seen_votes=True
        )


def test_who_comes_second_is_told_the_answer_and_their_own_is_kept_once() -> None:
    disagreement = dispute(make.project(overlap=2))
    first, second = experts(disagreement.project, 2)
    blind.label_blind(second, disagreement.pk, ("y",))
    adjudicate.resolve(first, disagreement.pk, Decision(("x",)))

    for _ in range(2):
        with pytest.raises(ResolvedMeanwhileError, match=r"Another expert .* \(x\)"):
            adjudicate.submit(
                second,
                disagreement.pk,
                Decision(("y",), note="hm"),
                has_seen_votes=True,
            )

    late = AnnotationEvent.objects.get(kind="late")
    assert (late.actor_id, late.payload["labels"]) == (second.user_id, ["y"])
    assert late.payload["comment"] == "hm"
    assert disagreement.blind_labels.get().labels == ["y"]
    current = Resolution.objects.get(item=disagreement.item, superseded_at=None)
    assert current.labels == ["x"]


def test_a_late_blind_answer_is_kept_in_the_history() -> None:
    disagreement = dispute(make.project(overlap=2))
    first, second = experts(disagreement.project, 2)
    adjudicate.resolve(first, disagreement.pk, Decision(outcome="invalid"))

    with pytest.raises(ResolvedMeanwhileError, match=r"meanwhile \(Invalid\)"):
        blind.label_blind(second, disagreement.pk, ("y",))

    assert AnnotationEvent.objects.get(kind="late").payload["labels"] == ["y"]


def test_the_same_decision_again_changes_nothing() -> None:
    disagreement = dispute(make.project(overlap=2))
    (expert,) = experts(disagreement.project, 1)

    for _ in range(2):
        adjudicate.resolve(expert, disagreement.pk, Decision(("x",)))

    assert Resolution.objects.filter(item=disagreement.item).count() == 1
    assert kinds(disagreement.item) == ["resolved"]


def test_of_several_labels_any_set_may_be_the_answer() -> None:
    project = make.project(labels=("a", "b", "c"), task_type="multi", overlap=2)
    disagreement = dispute(project, ("a", "b"), ("b", "c"))
    (expert,) = experts(project, 1)

    votes = blind.label_blind(expert, disagreement.pk, ("a", "c"))
    adjudicate.resolve(expert, disagreement.pk, Decision(("c", "a")))

    assert blind.majority_of(expert, votes) == ["b"]
    current = Resolution.objects.get(item=disagreement.item, superseded_at=None)
    assert current.labels == ["a", "c"]


def test_none_of_several_labels_is_an_answer_too() -> None:
    project = make.project(labels=("a", "b"), task_type="multi", overlap=2)
    disagreement = dispute(project, ("a",), ("b",))
    (expert,) = experts(project, 1)

    adjudicate.resolve(expert, disagreement.pk, Decision(()))

    assert Resolution.objects.get(item=disagreement.item).labels == []


def test_an_invalid_item_stays_so_when_a_vote_changes() -> None:
    disagreement = dispute(make.project(overlap=2))
    (expert,) = experts(disagreement.project, 1)
    adjudicate.resolve(expert, disagreement.pk, Decision(outcome="invalid"))
    Item.objects.update(is_unsettled=True)

    settle.settle_project(disagreement.project_id)

    disagreement.item.refresh_from_db()
    assert (disagreement.item.state, disagreement.item.is_unsettled) == (
        "invalid",
        False,
    )
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


def test_c24_held_out_items_come_before_what_is_more_divided() -> None:
    project = make.project(labels=("x", "y", "z"), overlap=3)
    (expert,) = experts(project, 1)
    held_out = dispute(project, ("x",), ("x",), ("y",))
    divided = dispute(project, ("x",), ("y",), ("z",))
    assert adjudicate.next_for(expert) == divided
    Item.objects.filter(pk=held_out.item_id).update(split="evaluation")

    assert list(adjudicate.waiting(expert)) == [held_out, divided]
    assert adjudicate.next_for(expert) == held_out


def test_what_was_begun_comes_before_the_rest() -> None:
    project = make.project(overlap=2)
    disagreement, other = dispute(project), dispute(project)
    (expert,) = experts(project, 1)
    blind.label_blind(expert, other.pk, ("x",))

    assert adjudicate.next_for(expert) == other
    adjudicate.defer(expert, other.pk)
    assert adjudicate.next_for(expert) == disagreement


def test_a_decision_taken_back_waits_again_with_its_history() -> None:
    disagreement = dispute(make.project(overlap=2))
    (expert,) = experts(disagreement.project, 1)
    blind.label_blind(expert, disagreement.pk, ("x",))
    adjudicate.resolve(expert, disagreement.pk, Decision(("x",), note="first"))
    assert reopening.last_decision(expert) == disagreement

    reopening.reopen(expert, disagreement.pk)
    settle.settle_project(disagreement.project_id)

    disagreement.refresh_from_db()
    disagreement.item.refresh_from_db()
    assert (disagreement.resolved_at, disagreement.outcome, disagreement.note) == (
        None,
        "",
        "",
    )
    assert disagreement.item.state == Item.State.DISPUTED
    assert disagreement.blind_labels.get().labels == ["x"]
    assert not Resolution.objects.filter(superseded_at=None).exists()
    adjudicate.resolve(expert, disagreement.pk, Decision(("y",)))
    labels = Resolution.objects.order_by("pk").values_list("labels", flat=True)
    assert list(labels) == [["x"], ["y"]]
    assert kinds(disagreement.item) == ["resolved", "reopened", "resolved"]
    counted = ProjectCounter.objects.filter(project=disagreement.project)
    assert sum(counted.values_list("confident", flat=True)) == 1


def test_where_the_votes_agree_by_then_no_expert_is_asked_again() -> None:
    disagreement = dispute(make.project(overlap=2))
    (expert,) = experts(disagreement.project, 1)
    adjudicate.resolve(expert, disagreement.pk, Decision(("x",)))
    disagreement.item.annotations.update(labels=["y"])

    reopening.reopen(expert, disagreement.pk)
    settle.settle_project(disagreement.project_id)

    current = Resolution.objects.get(superseded_at=None)
    assert (current.labels, current.source) == (["y"], "consensus")
    disagreement.refresh_from_db()
    assert disagreement.outcome == "withdrawn"


def test_an_item_called_invalid_is_opened_again() -> None:
    disagreement = dispute(make.project(overlap=2))
    (expert,) = experts(disagreement.project, 1)
    adjudicate.resolve(expert, disagreement.pk, Decision(outcome="invalid"))

    reopening.reopen(expert, disagreement.pk)

    disagreement.item.refresh_from_db()
    assert disagreement.item.state == Item.State.DISPUTED


def test_what_a_training_run_has_used_stays() -> None:
    disagreement = dispute(make.project(overlap=2))
    (expert,) = experts(disagreement.project, 1)
    adjudicate.resolve(expert, disagreement.pk, Decision(("x",)))

    (taken,) = resolutions.take(disagreement.project, "pool")

    assert (taken.item, taken.names) == (disagreement.item_id, ["x"])
    with pytest.raises(ConflictError, match="training run has used this label"):
        reopening.reopen(expert, disagreement.pk)
    disagreement.item.refresh_from_db()
    assert disagreement.item.state == Item.State.SETTLED


def test_what_gold_questions_rely_on_stays() -> None:
    disagreement = dispute(make.project(overlap=2))
    (expert,) = experts(disagreement.project, 1)
    adjudicate.resolve(expert, disagreement.pk, Decision(("x",)))
    questions.mark(expert, [disagreement.item.external_id], is_question=True)

    with pytest.raises(ConflictError, match="gold questions"):
        reopening.reopen(expert, disagreement.pk)


def test_only_who_decided_and_managers_take_a_decision_back() -> None:
    disagreement = dispute(make.project(overlap=2))
    first, second = experts(disagreement.project, 2)
    adjudicate.resolve(first, disagreement.pk, Decision(("x",)))

    with pytest.raises(ForbiddenError):
        reopening.reopen(second, disagreement.pk)
    manager = make.manager_of(disagreement.project)
    reopening.reopen(manager, disagreement.pk)
    with pytest.raises(ConflictError, match="open already"):
        reopening.reopen(manager, disagreement.pk)


def text(words: str) -> dict[str, object]:
    return {"data": {"text": words}}


def test_alike_are_those_with_the_same_votes_and_words() -> None:
    project = make.project(labels=("x", "y", "z"), overlap=2)
    disagreement = dispute(project, **text("charged twice and still pending"))
    near = dispute(project, **text("charged twice, one is pending"))
    nearer = dispute(project, **text("Charged twice and still PENDING!"))
    dispute(project, **text("where is my card"))
    dispute(project, ("x",), ("z",), **text("charged twice and still pending"))

    similar = alike.similar(project, disagreement)

    assert [found_one.disagreement for found_one in similar] == [nearer, near]
    assert similar[0].share == 1


def test_a_group_is_alike_whatever_its_words() -> None:
    project = make.project(overlap=2)
    disagreement = dispute(project, **text("first words"), group_key="g")
    other = dispute(project, **text("quite different"), group_key="g")

    (similar,) = alike.similar(project, disagreement)

    assert (similar.disagreement, similar.is_same_group) == (other, True)


def test_rows_of_a_table_are_alike_by_their_votes_the_likest_first() -> None:
    project = make.project(overlap=2, data_type="table")
    disagreement = dispute(project, data={"color": "red", "size": "1"})
    far = dispute(project, data={"color": "blue", "size": "7"})
    near = dispute(project, data={"color": "red", "size": "2"})

    similar = [other.disagreement for other in alike.similar(project, disagreement)]

    assert similar == [near, far]


def test_each_of_several_is_settled_for_itself_and_says_with_which() -> None:
    project = make.project(overlap=2)
    disagreement, other, gone = (dispute(project) for _ in range(3))
    expert, second = experts(project, 2)
    adjudicate.resolve(second, gone.pk, Decision(("y",)))
    decision = Decision(("x",), note="both mean x", is_precedent=True)
    adjudicate.resolve(expert, disagreement.pk, decision)

    settled = alike.settle_together(
        expert,
        disagreement.pk,
        [other.pk, gone.pk, other.pk, disagreement.pk, 0],
        decision,
    )

    told = [(row.disagreement_id, row.decided is not None) for row in settled]
    assert told == [(other.pk, True), (gone.pk, False), (0, False)]
    event = AnnotationEvent.objects.get(item=other.item, kind="resolved")
    assert event.payload["together_with"] == disagreement.pk
    assert precedents.shown(project).count() == 1


def test_others_follow_a_decision_that_was_made_before() -> None:
    project = make.project(overlap=2)
    disagreement, other = dispute(project), dispute(project)
    expert, second = experts(project, 2)
    adjudicate.resolve(
        expert, disagreement.pk, Decision(outcome="ambiguous", note="both")
    )

    with pytest.raises(AssayError, match="Decide this one first"):
        alike.settle_like(second, disagreement.pk, [other.pk])
    alike.settle_like(expert, disagreement.pk, [other.pk])

    other.refresh_from_db()
    assert (other.outcome, other.note) == ("ambiguous", "both")


def test_an_example_goes_when_its_decision_does() -> None:
    project = make.project(overlap=2)
    disagreement = dispute(project)
    (expert,) = experts(project, 1)
    adjudicate.resolve(
        expert, disagreement.pk, Decision(("x",), "resolved", "why", True)
    )
    (example,) = precedents.shown(project)
    assert (example.note, example.resolution.labels) == ("why", ["x"])

    reopening.reopen(expert, disagreement.pk)

    assert not precedents.shown(project).exists()


@pytest.mark.parametrize("case", ["evaluation", "gold"])
def test_what_must_stay_unseen_is_no_example_and_nothing_is_decided(case: str) -> None:
    project = make.project(overlap=2)
    disagreement = dispute(
        project, split="evaluation" if case == "evaluation" else "pool"
    )
    if case == "gold":
        label_set = project.label_set_pk
        Gold.objects.create(
            item=disagreement.item,
            labels=["x"],
            label_set_id=label_set,
            is_question=True,
        )
    (expert,) = experts(project, 1)

    with pytest.raises(InvalidInputError) as refused:
        adjudicate.resolve(expert, disagreement.pk, Decision(("x",), is_precedent=True))

    assert "must stay unseen" in str(refused.value.extra)
    disagreement.refresh_from_db()
    assert disagreement.resolved_at is None


def test_an_example_is_not_asked_as_a_gold_question() -> None:
    project = make.project(overlap=2)
    disagreement = dispute(project)
    (expert,) = experts(project, 1)
    adjudicate.resolve(expert, disagreement.pk, Decision(("x",), is_precedent=True))

    with pytest.raises(InvalidInputError) as refused:
        questions.mark(expert, [disagreement.item.external_id], is_question=True)

    assert "example in the guideline" in str(refused.value.extra)


@pytest.mark.django_db(transaction=True)
def test_of_experts_at_the_same_moment_one_decides_and_nothing_is_lost() -> None:
    disagreement = dispute(make.project(overlap=2))
    people = experts(disagreement.project, 6)

    def try_to(number: int) -> bool:
        label = "xy"[number % 2]
        try:
            adjudicate.resolve(people[number], disagreement.pk, Decision((label,)))
        except ResolvedMeanwhileError:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(6) as pool:
        decided = list(pool.map(try_to, range(6)))

    assert sum(decided) == 1
    assert Resolution.objects.filter(item=disagreement.item).count() == 1
    assert sorted(kinds(disagreement.item)) == ["late"] * 5 + ["resolved"]


@pytest.mark.django_db(transaction=True)
def test_a_label_is_taken_back_or_trained_on_but_never_both() -> None:
    project = make.project(overlap=2)
    (expert,) = experts(project, 1)
    rows = [dispute(project) for _ in range(8)]
    for row in rows:
        adjudicate.resolve(expert, row.pk, Decision(("x",)))
    taken: list[int] = []

    def take() -> None:
        taken.extend(label.item for label in resolutions.take(project, "pool"))
        connections.close_all()

    def take_back(disagreement: Disagreement) -> None:
        try:
            reopening.reopen(expert, disagreement.pk)
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

    def decide(disagreement: Disagreement) -> None:
        adjudicate.resolve(expert, disagreement.pk, Decision(("x",)))
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
    item = make.item(project)
    for label in ("x", "y"):
        who = make.member(project)
        make.vote(who, make.lease(who)[0], label)
    settle.settle_project(project.pk)
    return Disagreement.objects.get(item=item), item


def test_an_expert_answers_blind_then_sees_the_votes_without_names() -> None:
    disagreement, item = divided()
    expert = make.member(item.project, "expert")

    votes = blind.label_blind(expert, disagreement.pk, ("y",))

    assert [vote["annotator"] for vote in votes] == ["A1", "A2"]
    assert disagreement.blind_labels.get().labels == ["y"]


def test_every_expert_keeps_their_own_first_answer() -> None:
    disagreement, item = divided()
    experts = [make.member(item.project, "expert") for _ in range(2)]

    for expert, label in zip(experts, "xy", strict=True):
        blind.label_blind(expert, disagreement.pk, (label,))
        blind.label_blind(expert, disagreement.pk, ("x",))

    kept = disagreement.blind_labels.order_by("pk").values_list("expert", "labels")
    assert list(kept) == [(experts[0].user_id, ["x"]), (experts[1].user_id, ["y"])]


def test_an_expert_decision_stands_against_later_votes() -> None:
    disagreement, item = divided()
    expert = make.member(item.project, "expert")
    adjudicate.resolve(expert, disagreement.pk, decisions.Decision(("y",)))
    Item.objects.update(is_unsettled=True)

    settle.settle_project(item.project_id)

    resolution = Resolution.objects.get(item=item, superseded_at=None)
    assert (resolution.labels, resolution.source) == (["y"], "expert")
    with pytest.raises(ConflictError):
        adjudicate.resolve(expert, disagreement.pk, decisions.Decision(("x",)))


def test_an_ambiguous_item_keeps_the_shares_of_its_votes() -> None:
    disagreement, item = divided()
    expert = make.member(item.project, "expert")

    adjudicate.resolve(expert, disagreement.pk, decisions.Decision(outcome="ambiguous"))

    resolution = Resolution.objects.get(item=item, superseded_at=None)
    assert resolution.soft_label == {"x": 0.5, "y": 0.5}


def test_an_invalid_item_gets_no_label() -> None:
    disagreement, item = divided()
    expert = make.member(item.project, "expert")

    adjudicate.resolve(expert, disagreement.pk, decisions.Decision(outcome="invalid"))

    item.refresh_from_db()
    assert item.state == Item.State.INVALID
    assert not Resolution.objects.filter(item=item).exists()
