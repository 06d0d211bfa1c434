"""From labels to a champion: ranking, triggers, training, promotion."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sklearn.datasets import load_wine

from activelearn.core.strategies import ordering
from activelearn.models import ModelVersion, RankingFit, TrainingRun
from activelearn.services.features import files
from activelearn.services.labels import snapshots
from activelearn.services.ordering import ranking
from activelearn.services.predictions import serving
from activelearn.services.training import retrain, triggers
from activelearn.services.versions import registry
from labeling.errors import ConflictError, DamagedFileError
from labeling.models import Item, Job, Prediction, Project, QueueEntry, Resolution
from labeling.services.votes import gold, settle
from labeling.services.work import jobs
from tests import make
from tests.doubles import interrupted

pytestmark = pytest.mark.django_db

NAMES = ("c0", "c1", "c2")
UNMIXED = {"exploration_rate": 0, "evaluation_rate": 0}


def wine(*, every: int = 3, **policy: Any) -> tuple[Project, dict[int, str]]:
    """Return a project of 178 wines, each but ``every``th for the pool, and the truth."""
    bunch = load_wine()
    # So many held-out items are asked for that a first model is judged, by any chance.
    policy = {"evaluation_rate": 0.35, **policy}
    project = make.project(data_type="table", labels=NAMES, **policy)
    truth = {}
    for number, (values, target) in enumerate(
        zip(bunch.data, bunch.target, strict=True)
    ):
        item = make.item(
            project,
            data=dict(zip(bunch.feature_names, map(float, values), strict=True)),
            split="evaluation" if number % every == 0 else "pool",
        )
        truth[item.pk] = NAMES[target]
    return project, truth


def answer(project: Project, truth: dict[int, str], count: int) -> None:
    who = make.member(project)
    while count > 0:
        for assignment in make.lease(who, min(count, 50)):
            make.vote(who, assignment, truth[assignment.item_id])
            count -= 1
    settle.settle_project(project.pk)


def work(project: Project) -> None:
    while (
        job := Job.objects.filter(project=project, state="queued")
        .order_by("pk")
        .first()
    ):
        jobs.run(job.pk)


def test_without_labels_typical_items_come_first() -> None:
    project, _ = wine(**UNMIXED)

    ranking.rank(project)

    assert QueueEntry.objects.order_by("rank").first().reason == "cold"  # type: ignore[union-attr]
    assert QueueEntry.objects.filter(reason="evaluation").exists()


def test_the_first_in_the_queue_is_what_the_model_is_least_sure_of() -> None:
    project, truth = wine(**UNMIXED)
    ranking.rank(project)
    answer(project, truth, 40)

    ranking.rank(project)

    first = QueueEntry.objects.filter(is_first=True).order_by("rank")[0]
    assert first.reason == "model"


@pytest.mark.parametrize("batch", ["spread", "ranked"])
@pytest.mark.parametrize("strategy", ["margin", "least_confidence", "entropy"])
def test_every_strategy_orders_the_whole_queue(strategy: str, batch: str) -> None:
    project, truth = wine(strategy=strategy, batch=batch, **UNMIXED)
    ranking.rank(project)
    answer(project, truth, 40)

    ranking.rank(project)

    entries = QueueEntry.objects.filter(is_first=True)
    assert entries.order_by("rank")[0].reason == "model"
    assert entries.count() == Item.objects.filter(votes=0).count()
    newest = RankingFit.objects.filter(project=project).latest("pk")
    assert newest.strategy == strategy


@pytest.mark.parametrize("labels", [0, 40])
def test_every_entry_of_an_order_tells_its_probability(labels: int) -> None:
    project, truth = wine(min_votes=2, overlap=2)
    ranking.rank(project)
    for _ in range(2):
        answer(project, truth, labels)

    ranking.rank(project)

    entries = QueueEntry.objects.filter(project=project)
    reasons = set(entries.values_list("reason", flat=True))
    assert reasons == {"model" if labels else "cold", "random", "evaluation", "second"}
    assert all(
        chance is not None and 0 < chance <= 1
        for chance in entries.values_list("probability", flat=True)
    )


def test_chance_draws_from_the_whole_pool_and_differently_each_time() -> None:
    project, truth = wine(exploration_rate=0.5)
    ranking.rank(project)
    answer(project, truth, 40)
    pool = Item.objects.filter(project=project, split="pool", votes=0).count()
    drawn: list[tuple[int, ...]] = []

    for _ in range(8):
        ranking.rank(project, ordering.OrderLimits(window=20))
        chance = QueueEntry.objects.filter(reason="random").order_by("rank")
        drawn.append(tuple(chance.values_list("item", flat=True)))
        ours = QueueEntry.objects.exclude(reason="evaluation")
        assert ours.count() == 20
        for entry in chance:
            before = ours.filter(rank__lt=entry.rank).count()
            assert entry.probability == 1 / (pool - before)

    assert len(set(drawn)) == 8
    # The model's own twenty are the same each time: its labels are.
    assert len({pk for ids in drawn for pk in ids}) > 40


def test_labels_start_a_run_and_the_better_model_takes_over() -> None:
    project, truth = wine(retrain_first=20)
    answer(project, truth, 110)

    triggers.consider(project.pk)
    triggers.consider(project.pk)
    work(project)

    run = TrainingRun.objects.get()
    assert (run.verdict, run.trigger) == ("promote", "labels")
    champion = registry.champion(project)
    assert champion is not None
    assert champion.evaluation.accuracy > 0.8
    assert Prediction.objects.filter(project=project, model_number=1).exists()
    assert not Prediction.objects.filter(item__split="evaluation").exists()
    learned = dict(Prediction.objects.values_list("item", "was_trained_on"))
    rows = snapshots.read(champion.snapshot)
    # Where the project does not let it vote, it says nothing of its own labels.
    assert champion.crossfit == ""
    assert {pk for pk, known in learned.items() if known} == set(rows)
    assert not all(learned.values())
    items = list(
        Item.objects.filter(project=project)[:3].values_list("data", flat=True)
    )
    answers = serving.predict(project, [serving.Question("", item) for item in items])
    assert {answer.decision for answer in answers} <= {"accept", "review"}


def test_labeled_items_that_come_in_during_a_run_are_for_the_next_one() -> None:
    project, truth = wine()
    answer(project, truth, 110)
    data = Item.objects.filter(project=project)[0].data
    run, _ = triggers.request(project, None, "by hand")
    come = []

    def come_in() -> None:
        for split in ("pool", "evaluation"):
            fresh = make.item(project, data=data, split=split)
            gold.record(project, [(fresh, ["c0"])])
            come.append(fresh.pk)

    retrain.run(interrupted(run.job, after="snapshot", then=come_in))

    run.refresh_from_db()
    assert run.verdict
    assert run.snapshot is not None
    assert len(come) == 2
    assert not set(snapshots.read(run.snapshot)) & set(come)
    outcomes = ModelVersion.objects.get(run=run).evaluation.outcomes
    assert not {int(pk) for pk in outcomes} & set(come)


def test_no_held_out_label_means_no_promotion() -> None:
    project, truth = wine(retrain_first=20)
    Item.objects.filter(split="evaluation").delete()
    answer(project, truth, 60)

    triggers.request(project, None, "by hand")
    work(project)

    assert TrainingRun.objects.get().verdict == "cannot tell"
    assert registry.champion(project) is None


def one_more_label(project: Project) -> Item:
    """Add an item that is like another one, with its label: something to learn from."""
    known = Resolution.objects.filter(
        project=project, superseded_at=None, item__split="pool"
    ).select_related("item")[0]
    more = make.item(project, data=known.item.data)
    gold.record(project, [(more, known.labels)])
    return more


def versions(count: int) -> tuple[Project, list[ModelVersion]]:
    project, truth = wine()
    answer(project, truth, 110)
    for number in range(count):
        if number:
            one_more_label(project)
        triggers.request(project, None, "again")
        work(project)
    return project, list(ModelVersion.objects.order_by("number"))


def number_of_champion(project: Project) -> int | None:
    champion = registry.champion(project)
    return champion.number if champion else None


def test_rollback_brings_the_earlier_champion_back() -> None:
    project, (first, second) = versions(2)
    registry.promote(first, None)
    registry.promote(second, None)

    assert registry.rollback(second, None) == first

    stages = ModelVersion.objects.order_by("number").values_list("stage", flat=True)
    assert list(stages) == ["champion", "archived"]
    assert registry.rollback(second, None) == first
    assert number_of_champion(project) == 1


def test_rollback_goes_back_step_by_step_and_never_forward() -> None:
    project, (first, second, third) = versions(3)
    for version in (first, second, third):
        registry.promote(version, None)

    assert registry.rollback(third, None) == second
    assert registry.rollback(second, None) == first
    with pytest.raises(ConflictError, match="earlier"):
        registry.rollback(first, None)

    registry.promote(third, None)
    assert registry.rollback(third, None) == first
    with pytest.raises(ConflictError, match="earlier"):
        registry.rollback(first, None)
    assert number_of_champion(project) == 1


def test_rollback_of_what_does_not_serve_changes_nothing() -> None:
    project, (first, second) = versions(2)
    registry.promote(first, None)
    registry.promote(second, None)

    assert registry.rollback(first, None) == second
    assert number_of_champion(project) == 2


@pytest.mark.django_db(transaction=True)
def test_rollback_by_many_at_once_is_one_step() -> None:
    project, models = versions(3)
    for model in models:
        registry.promote(model, None)

    @make.threaded
    def back(_: int) -> int:
        return registry.rollback(registry.version(project, 3), None).number

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(back, range(8))) == {2}
    assert number_of_champion(project) == 2


def test_rollback_over_http_names_what_is_to_serve_no_longer() -> None:
    project, models = versions(3)
    call = make.Caller(make.manager_of(project).user)
    for model in models:
        registry.promote(model, None)

    for _ in range(2):
        told = call("post", f"projects/{project.slug}/models/3/rollback/")
        assert (told.status_code, told.json()["number"]) == (200, 2)


def test_the_champion_cannot_be_archived() -> None:
    _, (first,) = versions(1)
    registry.promote(first, None)

    with pytest.raises(ConflictError):
        registry.archive(first)


def test_s32_a_damaged_model_is_refused_and_the_champion_stays() -> None:
    project, (first, second) = versions(2)
    registry.promote(first, None)
    path = files.path_of("models", second.sha256)
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f\x7f")

    if first.sha256 != second.sha256:
        with pytest.raises(DamagedFileError):
            registry.promote(second, None)
    assert registry.champion(project) == first


def test_two_requests_make_one_waiting_run() -> None:
    project, _ = wine()

    first, is_new = triggers.request(project, None, "a")
    second, is_newer = triggers.request(project, None, "b")

    assert (first, is_new, is_newer) == (second, True, False)


@pytest.mark.django_db(transaction=True)
def test_g8_a_threshold_fires_once_whoever_looks() -> None:
    project, truth = wine(retrain_first=20)
    answer(project, truth, 60)

    @make.threaded
    def look(_: int) -> bool:
        return triggers.consider(project.pk) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(look, range(16))) == 1
    assert TrainingRun.objects.count() == 1


def test_the_registry_over_http() -> None:
    project, _ = versions(1)
    call = make.Caller(make.manager_of(project).user)
    base = f"projects/{project.slug}"

    assert call("post", f"{base}/models/1/promote/").json()["stage"] == "champion"
    assert call("get", f"{base}/models/").json()["results"][0]["number"] == 1
    assert call("get", f"{base}/training-runs/").json()["results"][0]["state"] == "done"
    assert call("post", f"{base}/models/9/promote/").status_code == 404
    assert call("post", f"{base}/models/1/rollback/").status_code == 409
    one_more_label(project)
    annotator = make.Caller(make.member(project).user)
    assert annotator("post", f"{base}/models/1/promote/").status_code == 403
    assert call("post", f"{base}/training-runs/", {"reason": "x"}).status_code == 202
    assert call("post", f"{base}/training-runs/", {"reason": "y"}).status_code == 200


def test_what_the_model_is_not_sure_of_joins_the_queue_once() -> None:
    project, _ = versions(1)
    Project.objects.update(confidence=1.0)
    project.refresh_from_db()
    before = Item.objects.count()
    question = serving.Question("new-1", {"alcohol": 12.9})

    told = [serving.predict(project, [question])[0].decision for _ in range(2)]

    assert told == ["review", "review"]
    joined = Item.objects.get(external_id="new-1")
    assert (joined.split, joined.state) == ("pool", "open")
    assert Item.objects.count() == before + 1


def test_a_sure_prediction_leaves_no_item() -> None:
    project, _ = versions(1)
    Project.objects.update(confidence=0.0)
    project.refresh_from_db()
    before = Item.objects.count()

    asked = [serving.Question("new-1", {"alcohol": 13.0})]
    (answer,) = serving.predict(project, asked)

    # Only of a calibrated model is a share of answers right; others leave it to people.
    assert Item.objects.count() == before + (not answer.is_calibrated)
    assert answer.decision == ("accept" if answer.is_calibrated else "review")


def texts(mode: str) -> Project:
    """A project of texts with a serving model and a new order."""
    project = make.project(
        labels=("money", "post"), suggestion_mode=mode, evaluation_rate=0.35
    )
    truth = {}
    for number in range(240):
        label, word = (("money", "refund"), ("post", "parcel"))[number % 2]
        item = make.item(
            project,
            data={"text": f"My {word} of day {number} is late."},
            split="evaluation" if number % 6 < 2 else "pool",
        )
        truth[item.pk] = label
    ranking.rank(project)
    # Of these about 50 are held out: enough for the gate, whatever chance does.
    answer(project, truth, 150)
    triggers.consider(project.pk)
    work(project)
    ranking.rank(project)
    return project


def test_suggestions_come_with_the_words_that_speak_for_them() -> None:
    project = texts("assist")

    rows = list(QueueEntry.objects.filter(project=project).select_related("item"))

    told = [(row.item.data["text"], row.suggestion) for row in rows if row.suggestion]
    assert told
    for text, suggestion in told:
        word = {"money": "refund", "post": "parcel"}[suggestion["label"]]
        assert word in str(text)
        assert suggestion["words"][0] == word
    blind = {row.reason: row.suggestion for row in rows if row.reason != "model"}
    assert blind == {"random": None, "evaluation": None}


def test_words_are_told_only_where_the_suggestion_is_shown_beforehand() -> None:
    project = texts("reveal_after")

    entries = QueueEntry.objects.filter(project=project).exclude(suggestion=None)
    told = list(entries.values_list("suggestion", flat=True))

    assert told
    assert not any("words" in dict(suggestion or {}) for suggestion in told)
