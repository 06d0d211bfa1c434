"""What experts look at again: found by its reason, decided without silence."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from labeling.errors import (
    AssayError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from labeling.models import (
    Annotation,
    AnnotationEvent,
    Disagreement,
    Gold,
    Item,
    Prediction,
    Project,
    ProjectCounter,
    Resolution,
)
from labeling.services.experts import adjudicate, doubts, reopening
from labeling.services.experts.decisions import Decision
from labeling.services.projects import label_sets
from labeling.services.queue import giving_back
from labeling.services.transfer import predictions
from labeling.services.votes import resolutions, settle
from tests import make
from tests.labeling.experts.test_adjudicate import dispute, experts, kinds

pytestmark = pytest.mark.django_db


def settled(of: Project, *votes: str, **fields: object) -> Item:
    """Let people vote on a new item, and settle it."""
    item = make.item(of, **fields)
    for label in votes or ("x",):
        who = make.member(of)
        make.vote(who, make.lease(who)[0], label)
    settle.settle_project(of.pk)
    item.refresh_from_db()
    assert item.state == "settled"
    return item


def low(**fields: object) -> Item:
    """An item that two of three votes have settled."""
    project = make.project(overlap=3, min_votes=3, confidence=0.6)
    return settled(project, "x", "x", "y", **fields)


def flag(on: Item, comment: str = "") -> None:
    who = make.member(on.project)
    lent = next(
        assignment for assignment in make.lease(who, 50) if assignment.item_id == on.pk
    )
    giving_back.flag(who, lent.pk, comment)


def say(on: Sequence[Item], label: str, share: float = 0.95) -> None:
    """Let a model that has learned from none of these items say what they are."""
    rows = [(item.pk, label, share) for item in on]
    predictions.publish(on[0].project_id, 1, rows, trained_on=set())


def current(of: Item) -> Resolution:
    return Resolution.objects.get(item=of, superseded_at=None)


def take_up(item: Item, origin: str = "low") -> Disagreement:
    (expert,) = experts(item.project, 1)
    return doubts.take_up(expert, item.pk, origin)


def test_labels_by_divided_or_unsure_votes_are_of_low_confidence() -> None:
    divided = low()
    agreed, unsure = (settled(divided.project, *"xxx") for _ in range(2))
    vote = unsure.annotations.first()
    Annotation.votes.filter(pk=vote.pk if vote else 0).update(is_unsure=True)

    listed = [resolution.item for resolution in doubts.low_confidence(divided.project)]

    assert listed == [divided, unsure]
    assert current(agreed).confidence == 1


def test_an_unsure_answer_that_was_taken_back_leaves_no_doubt() -> None:
    item = settled(make.project())
    Annotation.votes.update(is_unsure=True)
    assert doubts.low_confidence(item.project).exists()

    Annotation.votes.update(undone_at="2026-01-02T03:04Z")

    assert not doubts.low_confidence(item.project).exists()


def test_a_flag_waits_until_an_expert_has_looked_and_comes_back_with_a_new_one() -> (
    None
):
    project = make.project(overlap=2)
    item, other = make.items(project, 2)
    (expert,) = experts(project, 1)
    flag(item, "cut off")
    assert list(doubts.flagged(project)) == [item]

    doubts.check(expert, item.pk)
    doubts.check(expert, item.pk)
    doubts.check(expert, other.pk)

    assert not doubts.flagged(project).exists()
    assert kinds(item) == ["flagged", "checked"]
    assert kinds(other) == []
    flag(item, "still cut off")
    assert list(doubts.flagged(project)) == [item]
    disagreement = doubts.take_up(expert, item.pk, "flagged")
    adjudicate.resolve(expert, disagreement.pk, Decision(outcome="invalid"))
    assert not doubts.flagged(project).exists()


def test_suspects_are_what_the_model_contradicts_the_surest_first() -> None:
    project = make.project()
    first, two, agreed, unsure = (settled(project) for _ in range(4))
    rows = [(first.pk, "y", 0.93), (two.pk, "y", 0.97), (agreed.pk, "x", 0.99)]
    predictions.publish(project.pk, 1, [*rows, (unsure.pk, "y", 0.6)], trained_on=set())

    suspects = [
        (row.item, row.item.prediction.confidence) for row in doubts.suspects(project)
    ]

    assert suspects == [(two, 0.97), (first, 0.93)]


def test_c11_of_several_labels_one_that_is_missing_or_too_much_contradicts() -> None:
    project = make.project(labels=("a", "b", "c"), task_type="multi")
    same, missing, unsure, extra, none = items = make.items(project, 5)
    who = make.member(project)
    for lent in make.lease(who, 5):
        make.vote(who, lent, "a", "b")
    settle.settle_project(project.pk)
    said: list[tuple[dict[str, float], float]] = [
        ({"a": 0.99, "b": 0.98}, 0.97),
        ({"a": 0.6, "b": 0.6, "c": 0.95}, 0.34),
        ({"a": 0.99, "c": 0.8}, 0.7),
        ({"b": 0.99}, 0.94),
        ({}, 0.96),
    ]
    rows = [(item.pk, *told) for item, told in zip(items, said, strict=True)]
    predictions.publish(project.pk, 1, rows, trained_on=set())

    suspects = [
        (row.item, vars(row)["contradicted"]) for row in doubts.suspects(project)
    ]

    assert suspects == [(none, 0.96), (missing, 0.95), (extra, 0.94)]
    assert same.prediction.probabilities == [("a", 0.99), ("b", 0.98)]
    assert (none.prediction.names, none.prediction.label) == ([], "")
    assert missing.prediction.label == "c"
    assert unsure.prediction.names == ["a", "c"]


@pytest.mark.parametrize(
    "case", ["learned", "unknown", "held out", "expert", "known", "renamed", "open"]
)
def test_a_model_has_no_say_where_it_learned_from_or_is_judged_by_it(case: str) -> None:
    project = make.project()
    item = settled(project, split="evaluation" if case == "held out" else "pool")
    say([item], "y")
    if case in ("learned", "unknown"):
        trained_on = {item.pk} if case == "learned" else None
        predictions.publish(
            project.pk, 1, [(item.pk, "y", 0.95)], trained_on=trained_on
        )
    elif case == "expert":
        disagreement = doubts.take_up(make.manager_of(project), item.pk, "suspect")
        adjudicate.resolve(make.manager_of(project), disagreement.pk, Decision(("x",)))
    elif case == "known":
        label_set = project.label_set_pk
        Gold.objects.create(item=item, labels=["x"], label_set_id=label_set)
    elif case == "renamed":
        Prediction.objects.update(label="a name of yesterday")
    elif case == "open":
        take_up(item, "suspect")

    assert not doubts.suspects(project).exists()


def test_the_case_above_is_a_suspect_where_nothing_speaks_against_it() -> None:
    item = settled(make.project())
    say([item], "y")

    assert doubts.suspects(item.project).get().item == item


def test_a_doubted_label_stands_until_another_takes_its_place() -> None:
    item = low()
    (expert,) = experts(item.project, 1)
    before = current(item)
    resolutions.take(item.project, "pool")

    disagreement = doubts.take_up(expert, item.pk, "low")
    item.refresh_from_db()
    assert (item.state, current(item)) == ("settled", before)
    assert (disagreement.votes_seen, disagreement.entropy > 0) == (
        {"x": 2, "y": 1},
        True,
    )
    adjudicate.submit(expert, disagreement.pk, Decision(("y",)), has_seen_votes=False)
    adjudicate.submit(expert, disagreement.pk, Decision(("y",)), has_seen_votes=True)

    after = current(item)
    before.refresh_from_db()
    assert (after.labels, after.source, after.used_at) == (["y"], "expert", None)
    assert before.superseded_at
    assert before.used_at
    assert kinds(item) == ["doubted", "resolved"]
    assert AnnotationEvent.objects.get(kind="resolved").payload["was"] == ["x"]
    (label,) = resolutions.take(item.project, "pool")
    assert (label.item, label.names) == (item.pk, ["y"])
    counted = ProjectCounter.objects.filter(project=item.project)
    assert sum(counted.values_list("confident", flat=True)) == 1


def test_an_invalid_item_loses_its_label() -> None:
    item = low()
    (expert,) = experts(item.project, 1)
    disagreement = doubts.take_up(expert, item.pk, "low")

    adjudicate.resolve(expert, disagreement.pk, Decision(outcome="invalid"))

    item.refresh_from_db()
    assert item.state == "invalid"
    assert not Resolution.objects.filter(item=item, superseded_at=None).exists()
    reopening.reopen(expert, disagreement.pk)
    item.refresh_from_db()
    assert (item.state, current(item).labels) == ("settled", ["x"])


@pytest.mark.parametrize("source", ["consensus", "expert"])
def test_a_decision_taken_back_brings_the_label_from_before_back(source: str) -> None:
    item = low()
    (expert,) = experts(item.project, 1)
    Resolution.objects.update(source=source, used_at="2026-01-02T03:04Z")
    before = current(item)
    disagreement = doubts.take_up(expert, item.pk, "low")
    adjudicate.resolve(expert, disagreement.pk, Decision(("y",)))

    reopening.reopen(expert, disagreement.pk)
    settle.settle_project(item.project_id)

    item.refresh_from_db()
    disagreement.refresh_from_db()
    assert (item.state, current(item), current(item).used_at) == (
        "settled",
        before,
        before.used_at,
    )
    assert (disagreement.resolved_at, disagreement.before) == (None, None)
    adjudicate.resolve(expert, disagreement.pk, Decision(("y",)))
    assert current(item).labels == ["y"]


def test_a_label_that_was_renamed_since_does_not_come_back() -> None:
    item = low()
    (expert,) = experts(item.project, 1)
    disagreement = doubts.take_up(expert, item.pk, "low")
    adjudicate.resolve(expert, disagreement.pk, Decision(("y",)))
    labels = [label_sets.LabelDraft(name) for name in ("z", "y")]
    label_sets.revise(item.project, expert.user, labels, {"x": "z"})
    expert.project.refresh_from_db()

    with pytest.raises(ConflictError, match="labels have changed"):
        reopening.reopen(expert, disagreement.pk)

    assert current(item).labels == ["y"]


def test_a_vote_that_changes_meanwhile_does_not_end_a_doubt() -> None:
    item = low()
    disagreement = take_up(item)
    Item.objects.update(is_unsettled=True)

    settle.settle_project(item.project_id)

    disagreement.refresh_from_db()
    assert disagreement.resolved_at is None


def test_an_item_is_taken_up_once() -> None:
    item = low()

    first = take_up(item)
    second = take_up(item, "suspect")

    assert first == second
    assert kinds(item) == ["doubted"]
    assert not doubts.low_confidence(item.project).exists()
    disputed = dispute(make.project(overlap=2))
    assert take_up(disputed.item, "flagged") == disputed


def test_a_decision_cannot_be_taken_back_once_the_item_is_looked_at_again() -> None:
    disagreement = dispute(make.project(overlap=2))
    (expert,) = experts(disagreement.project, 1)
    adjudicate.resolve(expert, disagreement.pk, Decision(("x",)))
    again = take_up(disagreement.item, "flagged")

    with pytest.raises(ConflictError, match="looks at the item again"):
        reopening.reopen(expert, disagreement.pk)
    adjudicate.resolve(expert, again.pk, Decision(outcome="invalid"))
    with pytest.raises(ConflictError, match="looks at the item again"):
        reopening.reopen(expert, disagreement.pk)


def test_a_known_answer_is_not_decided_again() -> None:
    item = low()
    (expert,) = experts(item.project, 1)
    disagreement = doubts.take_up(expert, item.pk, "low")
    label_set = item.project.label_set_pk
    Gold.objects.create(item=item, labels=["x"], label_set_id=label_set)

    with pytest.raises(ConflictError, match="answer is known"):
        adjudicate.resolve(expert, disagreement.pk, Decision(("y",)))
    disagreement.delete()
    with pytest.raises(ConflictError, match="answer is known"):
        doubts.take_up(expert, item.pk, "low")

    assert current(item).labels == ["x"]


def test_nothing_of_another_project_and_no_made_up_list() -> None:
    item = low()
    (stranger,) = experts(make.project(), 1)

    for act in (doubts.check, lambda who, pk: doubts.take_up(who, pk, "low")):
        with pytest.raises(NotFoundError):
            act(stranger, item.pk)
    for origin in ("votes", "", "?"):
        with pytest.raises(InvalidInputError):
            take_up(item, origin)


@pytest.mark.django_db(transaction=True)
def test_taken_up_by_several_at_the_same_moment_it_is_one() -> None:
    item = low()
    people = experts(item.project, 4)

    def try_to(number: int) -> int | AssayError:
        try:
            return doubts.take_up(people[number], item.pk, "low").pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(try_to, range(4)))

    assert len(set(results)) == 1
    assert kinds(item) == ["doubted"]
