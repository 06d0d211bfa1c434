"""Votes that are settled by how likely an answer is, with the skills at hand."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from labeling.models import (
    Annotation,
    Disagreement,
    Item,
    Membership,
    Prediction,
    Project,
    ProjectCounter,
    Resolution,
    Skills,
)
from labeling.quality.opinions import Voice
from labeling.services.projects import policy
from labeling.services.votes import agreement, gold, settle, skills
from labeling.services.work import jobs
from tests import make

pytestmark = pytest.mark.django_db
FOUR = ("a", "b", "c", "d")


def project_of(**fields: object) -> Project:
    values: dict[str, object] = {
        "overlap": 3,
        "min_votes": 2,
        "settled_by": "posterior",
    }
    return make.project(**{"labels": FOUR, **values, **fields})  # type: ignore[arg-type]


def voted(project: Project, *votes: str, by: list[Membership] | None = None) -> Item:
    """Let people vote on a new item, and settle it."""
    item = make.item(project, votes_wanted=max(len(votes), project.min_votes))
    for place, label in enumerate(votes):
        who = by[place] if by else make.member(project)
        (lent,) = [
            assignment
            for assignment in make.lease(who, 50)
            if assignment.item_id == item.pk
        ]
        make.vote(who, lent, label)
    settle.settle_project(project.pk)
    item.refresh_from_db()
    return item


def label_of(item: Item) -> Resolution:
    return Resolution.objects.get(item=item, superseded_at=None)


def test_c10_a_label_by_one_vote_is_as_confident_as_its_voter_is_skilled() -> None:
    project = project_of(overlap=1, min_votes=1)

    label = label_of(voted(project, "a"))

    assert (label.confidence, label.confidence_is) == (0.8, "posterior")
    assert label.soft_label == {"a": 0.8}
    assert ProjectCounter.confident_of(project.pk) == 1


def test_c10_two_of_three_settle_four_labels_and_no_expert_is_asked() -> None:
    project = project_of()

    item = voted(project, "a", "b", "a")

    assert item.state == "settled"
    assert label_of(item).labels == ["a"]
    assert 0.9 < label_of(item).confidence < 0.95
    assert not Disagreement.objects.exists()


def test_c10_an_expert_is_asked_once_no_vote_can_settle_it() -> None:
    project = project_of(labels=("a", "b"))

    item = voted(project, "a", "b")

    assert (item.state, item.votes_wanted) == ("disputed", 2)
    # With the share of the votes a third vote is asked for, in vain.
    other = project_of(labels=("a", "b"), settled_by="share")
    item = voted(other, "a", "b")
    assert (item.state, item.votes_wanted) == ("open", 3)


def test_c10_a_confidence_says_with_which_skills_it_was_made() -> None:
    project = project_of(labels=("a", "b"))
    good, bad = make.member(project), make.member(project)
    known = make.items(project, 30)
    for who, right in ((good, 30), (bad, 12)):
        for place, lent in enumerate(make.lease(who, 30)):
            make.vote(who, lent, "a" if place < right else "b")
    settle.settle_project(project.pk)
    Resolution.objects.all().delete()
    Disagreement.objects.all().delete()
    gold.record(project, [(item, ["a"]) for item in known])

    fit = skills.compute(project.pk)

    assert fit.body == {str(good.user_id): [30, 30], str(bad.user_id): [12, 30]}
    assert skills.compute(project.pk) == fit == skills.newest(project.pk)
    item = voted(project, "a", "b", by=[good, bad])
    value = skills.values_of(fit)
    assert value[good.user_id] == pytest.approx(36.4 / 38)
    label = label_of(item)
    assert (label.labels, label.skills) == (["a"], fit)
    # The other one is right in less than half of all answers: no better than chance.
    odds = 36.4 / 1.6 / (0.51 / 0.49)
    assert label.confidence == pytest.approx(odds / (1 + odds))


def test_c10_new_skills_settle_what_is_undecided_and_leave_labels_alone() -> None:
    project = project_of(labels=("a", "b"))
    good, fair = make.member(project), make.member(project)
    kept = voted(project, "b", "b", by=[fair, make.member(project)])
    before = label_of(kept)
    item = voted(project, "a", "b", by=[good, fair])
    assert item.state == "disputed"
    Skills.objects.create(
        project=project,
        computed_at=before.created_at,
        votes=4,
        body={str(good.user_id): [60, 60], str(fair.user_id): [40, 60]},
    )

    skills.settle_anew(project.pk)
    settle.settle_project(project.pk)
    settle.settle_project(project.pk)

    item.refresh_from_db()
    assert (item.state, label_of(item).labels) == ("settled", ["a"])
    assert Disagreement.objects.get().outcome == "withdrawn"
    after = label_of(kept)
    assert (after.pk, after.confidence) == (before.pk, before.confidence)


def test_skills_are_asked_for_when_enough_votes_have_come() -> None:
    project = project_of(overlap=2, min_votes=2)
    people = [make.member(project) for _ in range(2)]
    for _ in range(9):
        voted(project, "a", "a", by=people)
    assert skills.newest(project.pk) is None

    voted(project, "a", "a", by=people)

    (job,) = project.jobs.filter(kind="skills")
    jobs.run(job.pk)
    fit = skills.newest(project.pk)
    assert fit is not None
    assert fit.votes == 20
    assert {votes for _, votes in fit.body.values()} == {20 // 2}
    voted(project, "a", "a", by=people)
    assert project.jobs.filter(kind="skills").count() == 1


def test_c10_of_several_labels_the_set_settles_when_each_one_does() -> None:
    project = project_of(task_type="multi", min_votes=3, confidence=0.93)
    item = make.item(project, votes_wanted=3)
    for labels in (("a", "b"), ("a",), ("a",)):
        who = make.member(project)
        make.vote(who, make.lease(who)[0], *labels)
        settle.settle_project(project.pk)
    item.refresh_from_db()
    assert item.state == "disputed"

    policy.change(project, {"confidence": 0.79})
    settle.settle_project(project.pk)

    label = label_of(item)
    assert label.labels == ["a"]
    # That "a" is right, that "b" is, and that none of the others is missing.
    assert label.confidence == pytest.approx(0.8 * (64 / 65) ** 2)
    assert label.soft_label == {"a": pytest.approx(0.984615385), "b": 0.2}


def test_who_chooses_the_other_rule_has_what_is_undecided_settled_by_it() -> None:
    project = project_of(settled_by="share")
    item = voted(project, "a", "b", "a")
    assert item.state == "disputed"

    policy.change(project, {"settled_by": "posterior"})
    settle.settle_project(project.pk)

    item.refresh_from_db()
    assert (item.state, label_of(item).confidence_is) == ("settled", "posterior")


def test_a_chunk_takes_as_many_statements_however_many_items_it_settles() -> None:
    project = project_of(overlap=2)

    def statements(items: int) -> int:
        for _ in range(items):
            make.item(project, votes_wanted=2)
        for _ in range(2):
            who = make.member(project)
            for lent in make.lease(who, items):
                make.vote(who, lent, "a")
        with CaptureQueriesContext(connection) as made:
            settle.settle_project(project.pk)
        return len(made)

    # The first one requests the agreement, too.
    statements(1)
    assert statements(2) == statements(6)


@pytest.mark.soak  # migrates back and forth: twenty seconds
@pytest.mark.django_db(transaction=True)
def test_existing_projects_keep_the_share_of_the_votes() -> None:
    project = project_of(settled_by="share", overlap=1, min_votes=1)
    voted(project, "a")
    call_command("migrate", "labeling", "0029_mixture", verbosity=0)

    # What of the learner builds on these has gone back with them.
    call_command("migrate", verbosity=0)

    project.refresh_from_db()
    assert project.settled_by == "share"
    assert label_of(Item.objects.get()).confidence_is == "share"
    assert Project._meta.get_field("settled_by").default == "posterior"


def opinion(on: Item, label: str, **fields: object) -> None:
    values = {"was_trained_on": False, "confidence": 0.9, "model_number": 3}
    Prediction.objects.create(
        project=on.project, item=on, label=label, **{**values, **fields}
    )


def knowing(project: Project, right: int) -> Skills:
    """A fit that knows of forty answers of the model, so many of them right."""
    return Skills.objects.create(
        project=project,
        computed_at=timezone.now(),
        votes=40,
        body={str(skills.MODEL): [right, 40]},
    )


def test_c10_the_model_is_one_more_voter_where_the_project_lets_it() -> None:
    project = project_of(labels=("a", "b"), model_votes=True, overlap=4)
    fit = knowing(project, 36)
    # A fit of the release before: it has no weight yet.
    assert skills.of_model(fit) == Voice(42.4 / 48, None)
    some = [make.item(project, votes_wanted=2) for _ in range(4)]
    told, learned, silent, held_out = some
    opinion(told, "a")
    opinion(learned, "a", was_trained_on=True)
    Item.objects.filter(pk=held_out.pk).update(split="evaluation")
    opinion(held_out, "a")
    for label in ("a", "b"):
        who = make.member(project)
        for lent in make.lease(who, 10):
            make.vote(who, lent, label)

    settle.settle_project(project.pk)

    # Two people who differ, and a model: one more vote could settle it, or an expert.
    assert set(Item.objects.values_list("state", flat=True)) == {"open"}
    who = make.member(project)
    for lent in make.lease(who, 10):
        make.vote(who, lent, "a")
    settle.settle_project(project.pk)
    odds = 4 * (42.4 / 5.6)
    assert label_of(told).confidence == pytest.approx(odds / (1 + odds))
    assert label_of(told).counted_model == 3
    for other in (learned, silent, held_out):
        other.refresh_from_db()
        assert other.state == "open"


def test_c10_an_item_of_one_vote_has_the_label_of_that_vote_whatever_the_model_says() -> (
    None
):
    project = project_of(model_votes=True, overlap=1, min_votes=1)
    knowing(project, 40)
    item, other = make.items(project, 2)
    opinion(item, "b")
    opinion(other, "a")
    who = make.member(project)
    for lent in make.lease(who, 2):
        make.vote(who, lent, "a")

    settle.settle_project(project.pk)

    assert label_of(item).labels == label_of(other).labels == ["a"]
    # Whoever looks at the least sure labels meets it first.
    assert label_of(item).confidence < 0.5
    assert label_of(other).confidence > 0.9
    assert label_of(item).counted_model == 3
    assert not Disagreement.objects.exists()


@pytest.mark.parametrize(
    ("right", "votes", "skill"), [(19, 19, None), (5, 40, 0.2375), (4000, 4000, 0.9)]
)
def test_the_model_is_a_weak_voter(right: int, votes: int, skill: float | None) -> None:
    fit = Skills(body={str(skills.MODEL): [right, votes]})

    voice = skills.of_model(fit)

    assert (voice and voice.skill) == (skill if skill is None else pytest.approx(skill))


def test_the_models_skill_is_of_answers_to_what_it_has_not_learned() -> None:
    project = project_of(model_votes=True, overlap=2)
    people = [make.member(project) for _ in range(2)]
    for number in range(6):
        item = voted(project, "a", "a", by=people)
        opinion(item, "a" if number % 2 else "b", was_trained_on=number > 3)

    body = skills.compute(project.pk).body

    right, votes, weight = body[str(skills.MODEL)]
    assert votes == 4
    # So few prove nothing.
    assert weight == 0
    assert right == pytest.approx(2, abs=0.2)
    policy.change(project, {"model_votes": False})
    assert str(skills.MODEL) not in skills.compute(project.pk).body


def test_c10_the_models_answer_counts_by_its_probability_and_the_weight_of_that() -> (
    None
):
    project = project_of(labels=("a", "b"), model_votes=True, overlap=1, min_votes=1)
    Skills.objects.create(
        project=project,
        computed_at=timezone.now(),
        votes=40,
        body={str(skills.MODEL): [36, 40, 0.5]},
    )
    sure, unsure, surest = make.items(project, 3)
    opinion(sure, "b", confidence=0.8)
    opinion(unsure, "b", confidence=0.5)
    opinion(surest, "b", confidence=0.999)
    who = make.member(project)
    for lent in make.lease(who, 3):
        make.vote(who, lent, "a")

    settle.settle_project(project.pk)

    # Odds of 4 for a by the vote; by the model the root of 4 for b, or none, or 9 at most.
    assert label_of(sure).confidence == pytest.approx(4 / (4 + 2))
    assert label_of(unsure).confidence == pytest.approx(4 / (4 + 1), abs=0.01)
    assert label_of(surest).confidence == pytest.approx(4 / (4 + 9))
    assert label_of(surest).labels == ["a"]


def test_c10_a_model_that_is_right_when_it_is_sure_is_heard_and_another_is_not() -> (
    None
):
    weights = []
    for is_right_when_sure in (True, False):
        project = project_of(model_votes=True, overlap=2)
        people = [make.member(project) for _ in range(2)]
        for number in range(40):
            item = voted(project, "a", "a", by=people)
            is_sure = number % 2 == 0
            label = "a" if is_sure == is_right_when_sure else "b"
            opinion(item, label, confidence=0.95 if is_sure else 0.55)
        weights.append(skills.compute(project.pk).body[str(skills.MODEL)][2])

    assert weights[0] > 0.4
    assert weights[1] == 0


def test_c10_of_several_labels_each_counts_by_its_own_probability() -> None:
    project = project_of(
        task_type="multi", model_votes=True, overlap=1, min_votes=1, labels=("a", "b")
    )
    Skills.objects.create(
        project=project,
        computed_at=timezone.now(),
        votes=40,
        body={str(skills.MODEL): [32.4, 40, 1.0]},
    )
    item = make.item(project)
    opinion(item, "a", labels={"a": 0.6}, confidence=0.5)
    who = make.member(project)
    (lent,) = make.lease(who)
    make.vote(who, lent, "a", "b")

    settle.settle_project(project.pk)

    # It says a with .6, and that b is missing as often as it is right: 38.8 of 48.
    shares = label_of(item).soft_label
    assert shares["a"] == pytest.approx(4 * 1.5 / (4 * 1.5 + 1))
    assert shares["b"] == pytest.approx(4 / (4 + 38.8 / 9.2))


def test_c10_a_fit_after_many_others_is_that_of_all_votes_at_once() -> None:
    project = project_of(overlap=3, min_votes=3, model_votes=True)
    people = [make.member(project) for _ in range(3)]
    for number in range(24):
        labels = ("a", "a", "b") if number % 3 else ("b", "a", "a")
        item = voted(project, *labels, by=people)
        opinion(item, "a" if number % 4 else "b", confidence=0.7)
        skills.compute(project.pk)
    # Some of what earlier fits have read is undone.
    newest = Item.objects.latest("pk")
    Annotation.votes.filter(item=newest).update(undone_at=timezone.now())
    last = skills.compute(project.pk)

    Skills.objects.filter(project=project).delete()

    assert skills.compute(project.pk).body == last.body
    assert last.body[str(skills.MODEL)][1] == 23


def test_a_vote_with_the_suggestion_in_sight_counts_the_models_answer_once() -> None:
    project = project_of(model_votes=True, overlap=2)
    assisted, blind, taken_back = (voted(project, "a") for _ in range(3))
    for item in (assisted, blind, taken_back):
        opinion(item, "a")
    seen = Annotation.votes.filter(item__in=[assisted, taken_back])
    seen.update(suggestion_shown={"label": "a", "confidence": 0.9, "model": 3})
    Annotation.votes.filter(item=taken_back).update(undone_at=timezone.now())

    opinions = skills.second_opinions(project)

    assert {row.item_id for row in opinions} == {blind.pk, taken_back.pk}


def test_managers_see_how_often_people_are_right_and_nobody_else_does() -> None:
    project = project_of()
    people = [make.member(project) for _ in range(3)]
    body = {
        str(who.user_id): [right, 20]
        for who, right in zip(people, (19.5, 19, 10), strict=True)
    }
    Skills.objects.create(
        project=project, computed_at=timezone.now(), votes=60, body=body | {"0": [9, 9]}
    )
    path = f"projects/{project.slug}/members/"
    boss = make.Caller(make.manager_of(project).user)

    told = {row["user"]: row["skill"] for row in boss("GET", path).json()["results"]}
    boss.client.force_login(boss.who)
    page = boss.client.get(f"/projects/{project.slug}/members/").content.decode()
    of_others = make.Caller(people[0].user)("GET", path).json()["results"]

    first, last = (told[people[at].user.username] for at in (0, 2))
    assert told[boss.who.username] is None
    assert last["value"] < 0.7
    assert first["value"] > 0.9
    assert last["low"] < last["value"] < last["high"]
    assert last["votes"] == 20
    assert page.count("20 votes") == 3
    assert {row["skill"] for row in of_others} == {None}


def test_c11_of_several_labels_skills_are_of_each_label_and_agreement_of_what_is_shared() -> (
    None
):
    project = project_of(task_type="multi")
    items = [make.item(project, votes_wanted=2) for _ in range(5)]
    for labels in (("a", "b"), ("a",)):
        who = make.member(project)
        for lent in make.lease(who, 5):
            make.vote(who, lent, *labels)
    settle.settle_project(project.pk)

    body = skills.compute(project.pk).body

    # Two questions an item: whether it is a, and whether it is b.
    assert [votes for _, votes in body.values()] == [2 * len(items)] * 2
    # The new skills may settle what is undecided: it is looked at again.
    assert Item.objects.filter(is_unsettled=True).count() == len(items)
    report = agreement.compute(project.pk)
    assert report is not None
    assert (report.body["distance"], report.percent) == ("masi", 0)
    assert [row["label"] for row in report.body["labels"]] == ["a", "b"]


def test_c10_the_model_has_no_say_on_items_of_a_duel() -> None:
    project = project_of(model_votes=True, overlap=2)
    asked, other = voted(project, "a"), voted(project, "a")
    for item in (asked, other):
        opinion(item, "a")
    Annotation.votes.filter(item=asked).update(reason="duel")

    assert [row.item_id for row in skills.second_opinions(project)] == [other.pk]
