"""What a run, a promotion or a rollback would do is said, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activelearn.core import training
from activelearn.models import Duel, Evaluation, ModelVersion, TrainingRun
from activelearn.services.features import specs, store
from activelearn.services.training import dry_run, triggers
from activelearn.services.versions import loading, registry, switching
from labeling.errors import ConflictError
from labeling.models import Item, Job, Prediction, Resolution, User
from labeling.services.votes import gold
from tests import make
from tests.activelearn.test_loop import answer, one_more_label, versions, wine, work
from tests.test_list_queries import worked_on

pytestmark = pytest.mark.django_db

WRITES = ("INSERT", "UPDATE", "DELETE", "COPY")


def queries_of(get: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert get().status_code == 200
    return [query["sql"] for query in queries]


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_dry_run_says_what_the_run_then_does() -> None:
    project, truth = wine()
    answer(project, truth, 60)
    # The run judges nothing on it, and so the dry run does not count it.
    labels = Resolution.objects.filter(item__split="evaluation", superseded_at=None)
    unsure = labels.order_by("item")[0]
    labels.filter(pk=unsure.pk).update(is_ambiguous=True)

    dry = dry_run.dry_run(project)

    run, _ = triggers.request(project, None, "by hand")
    work(project)
    run.refresh_from_db()
    version = ModelVersion.objects.get(run=run)
    assert (dry.label_count, dry.sources) == (
        run.label_count,
        [("consensus", dry.label_count)],
    )
    assert sum(count for _, count in dry.names) == dry.label_count
    assert dry.held_out == version.evaluation.items + version.evaluation.left_out
    assert dry.held_out == labels.count() - 1
    assert (dry.new, dry.same_as, dry.seconds) == (None, None, None)
    assert not dry.has_new_features


def test_after_a_run_the_same_one_is_named_and_then_what_is_new() -> None:
    project, (version,) = versions(1)
    registry.promote(version, None)
    # The first run's model is as it was asked for: nothing has changed.
    again = dry_run.dry_run(project)
    one_more_label(project)
    item = Item.objects.filter(project=project, split="pool", state="settled").first()
    assert item is not None
    label = Resolution.objects.get(item=item, superseded_at=None)
    label.labels = ["c0" if label.labels == ["c1"] else "c1"]
    label.save()

    dry = dry_run.dry_run(project)

    assert again.same_as == version.run
    assert (again.new, again.changed, again.gone) == (0, 0, 0)
    assert "has learned from the same labels" in " ".join(map(str, again.concerns))
    assert dry.same_as is None
    assert (dry.new, dry.changed, dry.gone) == (1, 1, 0)
    assert dry.seconds is not None
    assert dry.seconds[0] <= dry.seconds[1]


def test_what_speaks_against_a_run_is_said() -> None:
    project = make.project(labels=("x", "y", "z"))
    for number in range(8):
        held_out = make.item(
            project, split="evaluation", data={"text": "just the same"}
        )
        gold.record(project, [(held_out, ("x",))])
        learned = make.item(
            project, data={"text": "just the same" if number == 0 else f"text {number}"}
        )
        gold.record(project, [(learned, ("x" if number < 6 else "y",))])

    said = " ".join(map(str, dry_run.dry_run(project).concerns))

    assert "Fewer than 5 labels to learn from: y, z." in said
    assert "nothing says how good a model is at it: y." in said
    assert "8 held-out items have a label; with fewer than 20" in said
    assert "8 of 8 held-out items are nearly the same" in said


def test_a_preview_of_a_switch_counts_what_it_changes() -> None:
    project, (first, second) = versions(2)
    registry.promote(first, None)

    switch = switching.preview(project, second.number, is_rollback=False)

    assert switch.versions == [first, second]
    assert switch.gain is not None
    evidence = ModelVersion.objects.get(pk=second.pk).evaluation
    assert switch.gain.items == evidence.items
    assert switch.gain.accuracy.low <= switch.gain.accuracy.value
    pool = list(
        Item.objects.filter(project=project).pool().values_list("pk", flat=True)
    )
    said = []
    for version in (first, second):
        model, spec = loading.load(version)
        rows = store.load(project, spec).rows_of(pool)
        said.append(training.predicted_labels(model, model.probabilities(rows)))
    changed = sum(then != now for then, now in zip(*said, strict=True))
    # The pool is smaller than the sample: all of it is asked.
    assert switch.relabeled is not None
    assert (switch.relabeled.sampled, switch.relabeled.changed) == (len(pool), changed)
    assert switch.pool == len(pool)

    # Of twelve that it fixes in one group, less is known than of as many others.
    pairs = first.evaluation.pairs
    fixed = [int(pk) for pk in pairs][:12]
    wrong = {str(pk): [pairs[str(pk)][0], ["none"]] for pk in fixed}
    Evaluation.objects.filter(model=first).update(pairs={**pairs, **wrong})
    alone = switching.preview(project, second.number, is_rollback=False).gain
    Item.objects.filter(pk__in=fixed).update(group_key="one")
    together = switching.preview(project, second.number, is_rollback=False).gain
    assert alone is not None
    assert together is not None
    assert (together.fixed, together.accuracy.value) == (
        alone.fixed,
        alone.accuracy.value,
    )
    assert alone.accuracy.low > 0 > together.accuracy.low


def test_a_switch_that_would_be_refused_is_refused() -> None:
    project, (first, second) = versions(2)
    registry.promote(first, None)

    for number, is_rollback in ((1, False), (1, True), (2, True)):
        with pytest.raises(ConflictError):
            switching.preview(project, number, is_rollback=is_rollback)
    registry.promote(second, None)
    back = switching.preview(project, 2, is_rollback=True)

    assert back.versions == [second, first]
    assert registry.rollback(second, None) == back.after


def test_no_preview_writes_anything() -> None:
    project, (first, second) = versions(2)
    registry.promote(first, None)
    registry.promote(second, None)
    manager = make.manager_of(project).user
    client, call = client_of(manager), make.Caller(manager)
    before = (Job.objects.count(), TrainingRun.objects.count())
    scores = Prediction.objects.count()
    page, api = f"/projects/{project.slug}/models/", f"projects/{project.slug}/"

    asked = [
        lambda: client.get(f"{page}retrain/"),
        lambda: client.get(f"{page}1/promote/"),
        lambda: client.get(f"{page}2/rollback/"),
        lambda: call("get", f"{api}training-runs/preview/"),
        lambda: call("get", f"{api}models/1/preview/promote/"),
        lambda: call("get", f"{api}models/2/preview/rollback/"),
    ]

    said = [sql for get in asked for sql in queries_of(get)]
    tables = ("activelearn_", "labeling_item", "labeling_job", "labeling_resolution")
    writes = [
        sql
        for sql in said
        if sql.lstrip().startswith(WRITES) and any(name in sql for name in tables)
    ]
    assert writes == []
    assert (Job.objects.count(), TrainingRun.objects.count()) == before
    assert Prediction.objects.count() == scores
    assert registry.champion(project) == second


def test_the_confirmation_promotes_and_says_what_it_replaces() -> None:
    project, (first, second) = versions(2)
    registry.promote(first, None)
    client = client_of(make.manager_of(project).user)
    address = f"/projects/{project.slug}/models/"

    page = client.get(f"{address}2/promote/").content.decode()
    listed = client.get(address).content.decode()

    assert "Version 2 serves in place of version 1." in page
    assert f'action="{address}"' in page
    assert f"{address}2/promote/" in listed
    assert f"{address}1/rollback/" in listed
    client.post(address, {"action": "promote", "number": 2})
    assert registry.champion(project) == second
    assert client.get(f"{address}2/promote/").status_code == 409
    assert client.get(f"{address}7/promote/").status_code == 404


def test_an_archive_is_confirmed_and_says_what_it_ends() -> None:
    project = worked_on(3)
    waiting, past, serving = ModelVersion.objects.filter(project=project)
    for version, stage in ((waiting, "waiting"), (serving, "champion")):
        ModelVersion.objects.filter(pk=version.pk).update(stage=stage)
    ModelVersion.objects.filter(pk=past.pk).update(promoted_at=timezone.now())
    Duel.objects.filter(challenger=waiting).update(ended_at=None, verdict="")
    client = client_of(make.manager_of(project).user)
    models = f"/projects/{project.slug}/models/"

    def said(version: ModelVersion) -> list[bool]:
        page = client.get(f"{models}{version.number}/archive/").content.decode()
        concerns = ("It does not wait any more", "Its duel ends", "A rollback still")
        return [concern in page for concern in concerns]

    call = make.Caller(make.manager_of(project).user)

    def foreseen(version: ModelVersion) -> dict[str, object]:
        path = f"projects/{project.slug}/models/{version.number}/preview/archive/"
        return dict(call("get", path).json())

    assert said(waiting) == [True, True, False]
    assert said(past) == [False, False, True]
    # Programs read the same.
    assert foreseen(waiting) == {
        "version": waiting.number, "waits": True, "has_duel": True, "goes_back": False,
    }  # fmt: skip
    assert foreseen(past) == {
        "version": past.number, "waits": False, "has_duel": False, "goes_back": True,
    }  # fmt: skip
    assert foreseen(serving)["status"] == 409
    assert client.get(f"{models}{serving.number}/archive/").status_code == 409
    listed = client.get(models).content.decode()
    links = [f"{models}{row.number}/archive/" in listed for row in (past, serving)]
    assert links == [True, False]
    form = {"action": "archive", "number": waiting.number, "reason": "too old"}
    client.post(models, form)
    waiting.refresh_from_db()
    assert (waiting.stage, waiting.archived_why) == ("archived", "too old")
    assert foreseen(waiting)["status"] == 409
    assert client.get(f"{models}{waiting.number}/archive/").status_code == 409
    admin = client_of(User.objects.create_superuser("root", password="pw"))
    press = f"/admin/activelearn/modelversion/{past.pk}/press/"
    told = admin.post(press, {"button": "foresee"}, follow=True).content.decode()
    assert "A rollback would still go back to it." in told
    admin.post(press, {"button": "archive", "reason": "done"})
    past.refresh_from_db()
    assert (past.archived_why, past.archived_by_id is not None) == ("done", True)


@pytest.mark.parametrize("most", [20, 200])
def test_a_preview_asks_a_sample_of_the_pool_each_item_once(most: int) -> None:
    project = make.project()
    for number in range(100):
        make.item(project, split="evaluation" if number % 4 == 0 else "pool")
    pool = set(Item.objects.filter(project=project).pool().values_list("pk", flat=True))

    drawn = specs.drawn(project, most)

    assert len(drawn) == len(set(drawn)) == min(most, len(pool))
    assert set(drawn) <= pool
    assert drawn == specs.drawn(project, most)
    with CaptureQueriesContext(connection) as queries:
        specs.drawn(project, most)
    is_sorted = any("hashint8extended" in query["sql"] for query in queries)
    assert is_sorted == (most > len(pool))


def test_previews_are_for_the_engineers_of_the_project() -> None:
    project = worked_on(2)
    expert = make.member(project, "expert").user
    elsewhere = make.manager_of(make.project()).user
    paths = (
        "training-runs/preview/",
        "models/1/preview/promote/",
        "models/1/preview/archive/",
    )
    pages = ("retrain/", "1/promote/", "1/rollback/", "1/archive/")

    for who, status in ((expert, 403), (elsewhere, 404)):
        for path in paths:
            reply = make.Caller(who)("get", f"projects/{project.slug}/{path}")
            assert reply.status_code == status
        for page in pages:
            shown = client_of(who).get(f"/projects/{project.slug}/models/{page}")
            assert shown.status_code == status


def test_a_dry_run_asks_no_more_for_many_labels_than_for_few() -> None:
    counts = []
    for many in (2, 9):
        project = worked_on(many)
        call = make.Caller(make.manager_of(project).user)
        get = partial(call, "get", f"projects/{project.slug}/training-runs/preview/")
        get()
        counts.append(len(queries_of(get)))

    assert counts[0] == counts[1]


def test_an_admin_reads_both_previews() -> None:
    project, (first, second) = versions(2)
    registry.promote(first, None)
    root = User.objects.create_superuser("root", password="pw")
    client = client_of(root)

    for path in (
        f"labeling/project/{project.pk}",
        f"activelearn/modelversion/{second.pk}",
    ):
        reply = client.post(f"/admin/{path}/press/", {"button": "preview"}, follow=True)
        page = reply.content.decode()
        assert (
            "It would learn from" in page or "would serve in place of version 1" in page
        )
    assert registry.champion(project) == first
