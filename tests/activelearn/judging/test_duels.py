"""C12: where held-out items cannot tell, people decide between two versions in a duel."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from activelearn.core import gate, training
from activelearn.models import Duel, Evaluation, ModelVersion, TrainingRun
from activelearn.models.duel import DuelPlace
from activelearn.services.features import files, store
from activelearn.services.judging import duel_course, duels
from activelearn.services.ordering import ranking
from activelearn.services.training import triggers
from activelearn.services.versions import loading, registry
from labeling.models import (
    Annotation,
    Item,
    Job,
    Membership,
    Prediction,
    Project,
    ProjectCounter,
    QueueEntry,
    Resolution,
)
from labeling.services.projects import label_sets, policy, removal
from labeling.services.votes import change, settle, skills, suggestions
from labeling.services.work import jobs
from tests import make
from tests.activelearn.test_loop import NAMES
from tests.activelearn.training.test_runs import (
    ROTATED,
    labeled,
    relabel,
    trained_again,
)
from tests.test_list_queries import trained

pytestmark = pytest.mark.django_db

Answers = Callable[[int, DuelPlace], str]


def waiting(**changes: object) -> tuple[Project, ModelVersion]:
    """Return a project whose champion is bad, whose next version waits, and 40 open wines.

    Held-out items cannot tell: 40 have a label.
    """
    project, truth = labeled(held_out=40)
    rest = Item.objects.filter(project=project, resolutions=None).order_by("pk")
    free = list(rest.values_list("pk", flat=True)[:40])
    Item.objects.filter(pk__in=free).update(split="pool")
    relabel({pk: ROTATED[label] for pk, label in truth.items()})
    registry.promote(trained_again(project), None)
    relabel(truth)
    version = trained_again(project)
    assert version.stage == "waiting"
    policy.change(project, {"duel": True, **changes})
    return project, version


def held(size: int = 12, **changes: object) -> Duel:
    """Return a duel that goes on, about all of so many items on which two versions differ.

    Nobody has trained these versions: they have no files.
    """
    project = make.project(labels=NAMES)
    trained(project, 2)
    old, new = ModelVersion.objects.filter(project=project).order_by("number")
    ModelVersion.objects.filter(pk=old.pk).update(stage="champion")
    ModelVersion.objects.filter(pk=new.pk).update(stage="waiting", waits_for=100)
    Evaluation.objects.filter(model=new).update(champion=old)
    policy.change(project, {"duel": True, **changes})
    items = make.items(project, size)
    places = [{"item": item.pk, "probability": 1.0} for item in items]
    duel = Duel.objects.create(
        project=project,
        challenger=new,
        champion=old,
        label_set_id=project.label_set_pk,
        seed=1,
        items=10 * size,
        differing=size,
        asked=size,
        places=[place | {"champion": ["c0"], "challenger": ["c1"]} for place in places],
    )
    return Duel.objects.select_related("project", "challenger", "champion").get(
        pk=duel.pk
    )


def work(project: Project, kind: str) -> Job:
    """Have a project looked at twice, and do the one job of that kind that it asks for."""
    for _ in range(2):
        triggers.consider_project(project.pk)
    job = Job.objects.get(project=project, kind=kind, state="queued")
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def drawn(project: Project) -> Duel:
    assert work(project, "learn.draw").state == "done"
    return Duel.objects.select_related("challenger", "champion").get(ended_at=None)


def answer_all(duel: Duel, said: Answers) -> None:
    """Let people answer the queue until no item of the duel is open any more."""
    ranking.rank(duel.project)
    places = {place.item: (n, place) for n, place in enumerate(duel.whole)}
    who = make.member(duel.project)
    while duels.voted_on(duel) < duel.asked:
        lent = make.lease(who, 20)
        assert lent
        for assignment in lent:
            label = NAMES[0]
            if assignment.item_id in places:
                label = said(*places[assignment.item_id])
            make.vote(who, assignment, label)
        settle.settle_project(duel.project_id)


def judged(duel: Duel, said: Answers) -> tuple[Duel, TrainingRun]:
    answer_all(duel, said)
    assert work(duel.project, "learn.duel").state == "done"
    duel.refresh_from_db()
    duel.challenger.refresh_from_db()
    return duel, TrainingRun.objects.get(duel=duel)


def as_challenger(_number: int, place: DuelPlace) -> str:
    return place.challenger[0]


def as_either(number: int, place: DuelPlace) -> str:
    return (place.challenger if number % 2 else place.champion)[0]


def as_either_but_one(number: int, place: DuelPlace) -> str:
    return as_either(number + 1, place)


def test_c12_a_duel_asks_about_a_random_sample_of_where_two_versions_differ() -> None:
    project, version = waiting()
    open_ones = duels.unseen(project)
    lent = make.lease(make.member(project))

    duel = drawn(project)

    champion = registry.champion(project)
    assert champion is not None
    assert (duel.challenger, duel.champion) == (version, champion)
    # Whoever holds an item may have seen what the model says of it.
    assert duel.items == len(open_ones) - sum(
        assignment.item_id in open_ones for assignment in lent
    )
    assert 10 <= duel.differing == duel.asked == len(duel.places)
    said = {model.pk: answers_of(model, open_ones) for model in (champion, version)}
    expected = {
        pk
        for pk in open_ones
        if said[champion.pk][pk] != said[version.pk][pk]
        and pk not in {assignment.item_id for assignment in lent}
    }
    assert {place.item for place in duel.whole} == expected
    assert {place.probability for place in duel.whole} == {1.0}
    for place in duel.whole:
        assert tuple(place.champion) == said[champion.pk][place.item]
        assert tuple(place.challenger) == said[version.pk][place.item]
    # A second look draws no second one.
    triggers.consider_project(project.pk)
    assert not Job.objects.filter(kind="learn.draw", state="queued").exists()
    # Where they differ on hardly any, none is held, and none is drawn again.
    duel.delete()
    Item.objects.filter(pk__in=open_ones[5:]).update(votes_wanted=0)
    work(project, "learn.draw")
    alike = Duel.objects.get()
    assert (alike.verdict, alike.asked) == ("alike", 0)
    assert "open items only" in str(alike.explanation)
    triggers.consider_project(project.pk)
    assert not Job.objects.filter(kind="learn.draw", state="queued").exists()


def answers_of(version: ModelVersion, items: list[int]) -> dict[int, tuple[str, ...]]:
    """Return what the version's file says of items, computed here once more."""
    model, _ = loading.load(version)
    rows = store.load(version.project).rows_of(items)
    said = training.predicted_labels(model, model.probabilities(rows))
    return dict(zip(items, said, strict=True))


def test_c12_a_duel_promotes_the_better_version_and_says_by_what() -> None:
    project, version = waiting()
    duel = drawn(project)
    before = duel.champion

    duel, run = judged(duel, as_challenger)

    assert (duel.verdict, run.verdict, run.trigger) == ("promote", "promote", "duel")
    assert registry.champion(project) == version
    promotion = version.promotions.get()
    assert (promotion.before, promotion.run) == (before, run)
    assert (duel.better, duel.worse) == (duel.differing, 0)
    # All of them were asked about: the gain is known.
    gain = duel.differing / duel.items
    assert duel.gain == {"value": gain, "low": gain, "high": gain}
    assert duel.alpha == pytest.approx(0.05)
    assert f"Of {duel.asked} items on which it differs" in str(run.explanation)
    kept = files.read("judgments", run.judgment).decode()
    assert version.sha256 in kept
    assert before.sha256 in kept
    # Twice the same message, twice the same promotion: once.
    jobs.run(run.job_id)
    triggers.consider_project(project.pk)
    assert version.promotions.count() == 1
    assert TrainingRun.objects.filter(duel=duel).count() == 1


def test_c12_who_waits_is_judged_against_what_serves_before_a_duel() -> None:
    project, version = waiting()
    champion = registry.champion(project)
    assert duels.pair_due(project) == (version, champion)
    # As if a person had let another version serve since it was judged.
    Evaluation.objects.filter(model=version).update(champion=None)

    # The labels and slices on which it may not be worse are of that one.
    assert duels.pair_due(project) is None
    job = work(project, "learn.judge")

    assert "another version serves" in str(job.training_run.reason)
    version.refresh_from_db()
    assert (version.stage, version.evaluation.champion) == ("waiting", champion)
    assert duels.pair_due(project) == (version, champion)
    triggers.consider_project(project.pk)
    assert not Job.objects.filter(kind="learn.judge", state="queued").exists()


def test_c12_a_duel_promotes_no_version_that_is_only_as_good() -> None:
    duel, run = judged(held(40), as_either)

    assert (duel.better, duel.worse) == (20, 20)
    assert run.verdict == "not better"
    assert registry.champion(duel.project) == duel.champion
    assert duel.challenger.stage == "rejected"
    # Of so few that are split so evenly, none is shown to be better.
    close, last = judged(held(13), as_either_but_one)
    assert (close.better, close.worse, last.verdict) == (7, 6, "cannot tell")
    assert close.challenger.stage == "waiting"
    # Who may try again until chance is kind is wrong more often than said.
    assert duels.pair_due(close.project) is None


def test_c12_items_of_a_duel_come_first_and_blind() -> None:
    duel = held(suggestion_mode="reveal_after", exploration_rate=0, evaluation_rate=0.3)
    project, asked = duel.project, set(duel.asked_items)
    others = make.items(project, 20)
    Item.objects.filter(pk__in=[other.pk for other in others[10:]]).update(
        split="evaluation"
    )
    Prediction.objects.bulk_create(
        Prediction(
            project=project,
            item_id=pk,
            label="c0",
            confidence=1,
            model_number=1,
            was_trained_on=False,
        )
        for pk in [*asked, *(other.pk for other in others[:10])]
    )
    ranking.rank(project)

    rows = list(QueueEntry.objects.filter(project=project).order_by("rank"))

    firsts = [row for row in rows if row.reason != "evaluation"][: len(asked)]
    assert {row.item_id for row in firsts} == asked
    assert {(row.reason, row.suggestion) for row in firsts} == {("duel", None)}
    # Held-out items keep their share meanwhile.
    assert "evaluation" in {row.reason for row in rows[: len(asked)]}
    who = make.manager_of(project)
    lent = next(
        assignment for assignment in make.lease(who, 5) if assignment.item_id in asked
    )
    assert not suggestions.may_suggest(project, lent)
    # Nor does the champion have a vote in its own matter.
    Project.objects.filter(pk=project.pk).update(model_votes=True)
    project.refresh_from_db()
    opinions = skills.second_opinions(project).filter(item=lent.item_id)
    assert opinions.exists()
    make.vote(who, lent, "c1")
    assert not opinions.exists()


def test_c12_what_the_model_helped_to_settle_counts_for_neither() -> None:
    duel = held()
    answer_all(duel, as_challenger)
    first, second, *_ = duel.asked_items
    labels = Resolution.objects.filter(superseded_at=None)
    labels.filter(item=first).update(counted_model=1)
    labels.filter(item=second).update(is_ambiguous=True)

    truth = duels.truth_of(duel)

    assert truth.keys() == set(duel.asked_items) - {first, second}
    assert not labels.filter(item__in=truth, used_at=None).exists()


def _archive(duel: Duel) -> None:
    registry.archive(duel.challenger)


def _replace(duel: Duel) -> None:
    ModelVersion.objects.filter(pk=duel.champion_id).update(stage="archived")


def _other_labels(duel: Duel) -> None:
    drafts = [label_sets.LabelDraft(name) for name in (*NAMES, "c3")]
    user = make.manager_of(duel.project).user
    label_sets.revise(duel.project, user, drafts, {})


def _delete(duel: Duel) -> None:
    removal.delete_now(duel.project, duel.asked_items[: duel.asked // 5])


def _switch_off(duel: Duel) -> None:
    policy.change(duel.project, {"duel": False})


@pytest.mark.parametrize(
    ("ends", "why"),
    [
        (_archive, "does not wait any more"),
        (_replace, "does not serve now"),
        (_other_labels, "there are other labels now"),
        (_delete, "items are deleted"),
        (_switch_off, "wants no duel any more"),
    ],
)
def test_c12_a_duel_that_cannot_go_on_ends_and_releases_its_items(
    ends: Callable[[Duel], None], why: str
) -> None:
    duel = held()
    project = duel.project
    ranking.rank(project)
    assert QueueEntry.objects.filter(reason="duel").exists()

    ends(duel)
    for _ in range(2):
        duel_course.consider(project.pk)

    duel.refresh_from_db()
    assert duel.verdict == "no result"
    assert why in str(duel.explanation)
    ranking.rank(project)
    assert not QueueEntry.objects.filter(reason="duel").exists()
    assert QueueEntry.objects.filter(item__in=duel.asked_items).exists()


def test_c12_a_duel_whose_champion_is_replaced_before_the_verdict_promotes_none() -> (
    None
):
    duel = held()
    answer_all(duel, as_challenger)
    duel_course.consider(duel.project_id)
    run = TrainingRun.objects.get(duel=duel)
    ModelVersion.objects.filter(pk=duel.champion_id).update(stage="archived")

    jobs.run(run.job_id)

    run.refresh_from_db()
    duel.refresh_from_db()
    assert (run.verdict, duel.verdict) == ("no result", "no result")
    assert registry.champion(duel.project) is None


def test_c12_a_strict_gate_spends_one_test_on_a_duel() -> None:
    duel, run = judged(held(gate="strict"), as_either)

    assert (run.look, run.alpha) == gate.spend(None)
    assert duel.alpha == run.alpha
    assert run.verdict == "not better"


def test_c12_a_version_that_is_worse_on_a_part_wins_no_duel() -> None:
    duel = held()
    report = duel.challenger.evaluation.report
    part = {"kind": "label", "name": "c0", "items": 30, "better": 0, "worse": 9}
    report["parts"] = [{**part, "is_worse": True}]
    duel.challenger.evaluation.save(update_fields=["report"])

    duel, run = judged(duel, as_challenger)

    assert (run.verdict, duel.challenger.stage) == ("worse on a part", "rejected")
    assert "the label “c0”" in str(run.explanation)


def test_c12_too_close_after_the_first_look_the_duel_asks_on() -> None:
    duel = held(110)
    Duel.objects.filter(pk=duel.pk).update(asked=100)
    duel.refresh_from_db()
    duel, run = judged(duel, lambda n, _: "c1" if n % 5 < 3 else "c0")

    assert (run.verdict, duel.verdict, duel.asked, duel.ended_at) == (
        "go on",
        "go on",
        110,
        None,
    )
    assert "10 more are asked about" in str(run.explanation)
    # A vote that is taken back in time is waited for.
    answer_all(duel, lambda n, _: "c1" if n % 5 < 3 else "c0")
    duel_course.consider(duel.project_id)
    vote = Annotation.votes.filter(item=duel.asked_items[0]).get()
    change.undo(Membership.objects.get(user=vote.annotator), vote.pk, vote.version)
    settle.settle_project(duel.project_id)
    last = TrainingRun.objects.get(duel=duel, verdict="")
    jobs.run(last.job_id)
    last.refresh_from_db()
    assert (last.verdict, last.look) == ("go on", None)
    assert "109 of 110" in str(last.explanation)


def test_c12_no_run_starts_by_itself_while_a_duel_waits_for_answers() -> None:
    duel = held(retrain_first=2)
    project = duel.project
    ProjectCounter.add(project.pk, confident=2 * duel.asked - 1)

    assert duels.holds_back(project.pk, duel.labels_then + 2 * duel.asked - 1)
    assert triggers.consider(project.pk) is None
    # What nobody can answer does not hold it back for ever.
    ProjectCounter.add(project.pk, confident=1)
    assert triggers.consider(project.pk) is not None


def test_c12_one_duel_at_a_time_and_one_of_two() -> None:
    duel = held()
    again = Duel(
        project=duel.project,
        challenger=duel.challenger,
        champion=duel.champion,
        label_set=duel.label_set,
        seed=1,
        items=1,
        differing=0,
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save()
    duel.ended_at, duel.verdict = timezone.now(), "cannot tell"
    duel.save()
    again.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save()


def test_c12_without_the_setting_and_by_hand_there_is_no_duel() -> None:
    duel = held()
    project = duel.project
    assert duels.pair_due(project) is None
    duel.delete()
    policy.change(project, {"duel": False})
    assert duels.pair_due(project) is None
    policy.change(project, {"duel": True, "gate": "manual"})
    assert duels.pair_due(project) is None
    policy.change(project, {"gate": "balanced"})
    assert duels.pair_due(project) is not None


def test_c12_pages_and_api_say_what_a_duel_is_about_and_what_it_still_wants() -> None:
    duel = held()
    who = make.manager_of(duel.project).user
    call, client = make.Caller(who), Client()
    client.force_login(who)
    Duel.objects.filter(pk=duel.pk).update(answered=5)
    address = f"/projects/{duel.project.slug}/models/"

    (told, *_) = call("get", address[1:]).json()["results"]
    figures = call("get", f"{address[1:]}2/evaluation/").json()
    pages = [
        client.get(address + path).content.decode()
        for path in ("", "2/card/", "2/card.md", "2/against/1/")
    ]

    assert (told["duel"]["champion"], told["duel"]["wanted"]) == (1, 7)
    assert (told["duel"]["verdict"], told["duel"]["gain"]) == ("", None)
    assert figures["duel"] == told["duel"]
    for page in pages:
        assert "12 of 120 open items" in page
        assert "5; 7 more are wanted" in page
    judged(duel, as_either)
    after = call("get", f"{address[1:]}2/evaluation/").json()["duel"]
    assert (after["verdict"], after["wanted"]) == ("not better", 0)
    assert after["gain"] == {"value": 0, "low": 0, "high": 0}
    assert "That is not better" in client.get(f"{address}2/card/").content.decode()
