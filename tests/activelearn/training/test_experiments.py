"""What a run is made of: written down whole, done once, made again bit for bit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from activelearn.core import artifact
from activelearn.models import ModelVersion, Snapshot, TrainingRun
from activelearn.services.features import files, store
from activelearn.services.labels import snapshots
from activelearn.services.training import experiments, reproducing, retrain, triggers
from labeling.errors import DamagedFileError
from labeling.models import Annotation, Item, Job, Project, Resolution
from labeling.services.work import jobs
from tests import make
from tests.activelearn.test_loop import answer, one_more_label, versions, wine, work
from tests.doubles import watched

pytestmark = pytest.mark.django_db


def trained() -> tuple[Project, ModelVersion]:
    project, (version,) = versions(1)
    return project, version


def test_c22_a_snapshot_says_what_was_learned_from_which_votes() -> None:
    project, truth = wine()
    answer(project, truth, 20)

    snapshot = snapshots.take(project, store.load(project))

    whole = json.loads(files.read("snapshots", snapshot.sha256))
    assert whole["label_set"] == {
        "id": project.label_set_id,
        "labels": ["c0", "c1", "c2"],
    }
    assert len(whole["rows"]) == snapshot.items > 0
    for item, content, labels, source, weight, resolution, votes, shares in whole[
        "rows"
    ]:
        assert shares is None
        label = Resolution.objects.get(pk=resolution)
        assert (label.item_id, label.labels, label.source) == (item, labels, source)
        assert Item.objects.get(pk=item).content_hash == content
        (vote,) = votes
        assert Annotation.votes.get(pk=vote).item_id == item
        assert weight == 1
    assert snapshots.hash_now(project) == snapshot.sha256


def test_c22_a_vote_that_changes_no_label_makes_another_snapshot() -> None:
    project, truth = wine()
    answer(project, truth, 20)
    before = snapshots.hash_now(project)
    pool = Annotation.votes.filter(project=project, item__split="pool")

    Annotation.with_repeats.filter(pk=pool[0].pk).update(reason="repeat")

    assert snapshots.hash_now(project) != before


def test_c22_snapshots_of_earlier_releases_are_read() -> None:
    project = make.project()
    data = json.dumps([[3, ["x"]], [5, ["y"]]]).encode()
    sha256 = files.save("snapshots", data)
    old = Snapshot(project=project, sha256=sha256, items=2, label_set=project.label_set)

    content = snapshots.content_of(old)

    assert (content.labels, content.contents) == ({3: ("x",), 5: ("y",)}, {})


def test_c22_a_damaged_snapshot_teaches_nothing() -> None:
    project, version = trained()
    path = files.path_of("snapshots", version.snapshot.sha256)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"c0"', b'"c1"', 1))

    assert snapshots.read(version.snapshot)
    # Made again from what there is, to the last bit.
    assert path.read_bytes() == whole

    path.unlink()
    Resolution.objects.filter(project=project, item__split="pool")[0].delete()
    with pytest.raises(DamagedFileError, match="damaged or gone"):
        snapshots.read(version.snapshot)


def test_c22_the_same_experiment_is_answered_with_the_run_that_did_it() -> None:
    project, version = trained()
    who = make.manager_of(project).user
    call, at = make.Caller(who), f"projects/{project.slug}/training-runs/"
    client = Client()
    client.force_login(who)

    told = call("post", at, {"reason": "once more"})
    page = client.post(f"/projects/{project.slug}/models/", {"action": "train"})

    assert (told.status_code, told.json()["id"]) == (200, version.run_id)
    assert told.json()["state"] == "done"
    assert page.status_code == 409
    assert "has learned from the same labels" in page.content.decode()
    assert TrainingRun.objects.count() == 1
    one_more_label(project)
    assert call("post", at, {"reason": "one more label"}).status_code == 202


def test_c22_what_another_run_has_just_done_is_not_done_again() -> None:
    project, truth = wine()
    answer(project, truth, 60)
    first, _ = triggers.request(project, None, "a")
    progress = watched(jobs.claim(first.job_id))
    second, is_new = triggers.request(project, None, "b")
    assert is_new
    retrain.run(progress)
    Job.objects.filter(pk=first.job_id).update(state="done", finished_at=timezone.now())

    jobs.run(second.job_id)

    second.refresh_from_db()
    assert (second.verdict, second.same_as) == ("same", first)
    assert f"#{first.pk}" in str(second.explanation)
    assert ModelVersion.objects.count() == 1


@pytest.mark.parametrize("part", ["seed", "labels"])
def test_c22_another_seed_or_label_is_another_experiment(part: str) -> None:
    project, version = trained()
    assert experiments.finished_now(project) == version.run

    if part == "seed":
        project.seed += 1
    else:
        label = Resolution.objects.filter(item__split="pool")[0]
        label.labels = ["c0" if label.labels != ["c0"] else "c1"]
        label.save()

    assert experiments.finished_now(project) is None


def told(project: Project, version: ModelVersion, capsys: Any) -> str:
    call_command("reproduce", project.slug, str(version.number))
    return str(capsys.readouterr().out)


def test_a_version_is_made_again_bit_for_bit(capsys: Any) -> None:
    project, version = trained()
    # What comes later plays no part.
    one_more_label(project)
    project.seed += 1
    project.save()

    said = told(project, version, capsys)

    assert "the same, bit for bit" in said
    assert version.sha256 in said


def test_what_is_otherwise_than_then_is_told(capsys: Any) -> None:
    project, version = trained()
    assert version.run.experiment is not None
    version.run.experiment["environment"]["numpy"] = "1.0"
    version.run.save()

    assert "environment numpy: 1.0 then" in told(project, version, capsys)


def test_another_model_is_told_with_how_far_it_is() -> None:
    project, version = trained()
    model, spec = artifact.load(files.read("models", version.sha256), version.sha256)
    model.bias[0] += 0.01
    data = artifact.dump(model, spec)
    version.sha256 = files.save("models", data)
    version.save()

    made = reproducing.reproduce(version)

    assert not made.is_same
    assert made.change is not None
    assert 0 < made.change < 0.01
    with pytest.raises(CommandError, match="another model"):
        call_command("reproduce", project.slug, str(version.number))


@pytest.mark.parametrize("change", ["content", "deleted"])
def test_items_that_are_no_longer_what_was_learned_from_are_told(change: str) -> None:
    project, version = trained()
    item = Item.objects.filter(pk=next(iter(snapshots.read(version.snapshot))))
    if change == "content":
        item.update(content_hash="f" * 64)
    else:
        item.delete()

    with pytest.raises(CommandError, match=r"^(The content of )?1 of the \d+ items"):
        call_command("reproduce", project.slug, str(version.number))


def test_a_version_of_an_earlier_release_is_made_again(capsys: Any) -> None:
    project, version = trained()
    # They had one strength for all kinds of data.
    TrainingRun.objects.update(strength={"value": 10.0, "labels": 100, "losses": {}})
    one_more_label(project)
    triggers.request(project, None, "one more label")
    work(project)
    version = ModelVersion.objects.latest("number")
    rows = [[pk, list(names)] for pk, names in snapshots.read(version.snapshot).items()]
    version.snapshot.sha256 = files.save("snapshots", json.dumps(rows).encode())
    version.snapshot.save()
    version.run.experiment = None
    version.run.save()

    said = told(project, version, capsys)

    assert "the same, bit for bit" in said
    assert "did not record" in said
    assert "earlier release" in said


def test_a_version_that_is_not_there_is_told() -> None:
    project = make.project()

    with pytest.raises(CommandError, match="no version 7"):
        call_command("reproduce", project.slug, "7")
