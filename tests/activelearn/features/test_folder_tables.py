"""Tables that the operator takes from a model2vec folder: listed, added, read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from activelearn.core import features as core
from activelearn.encoders import folders
from activelearn.services.features import (
    added,
    adding,
    files,
    folder_tables,
    in_force,
    store,
)
from activelearn.services.ordering import ranking
from activelearn.services.training import choosing
from labeling.errors import DamagedFileError, NotFoundError
from labeling.models import Job, Project
from labeling.services.work import jobs
from tests import make
from tests.activelearn.encoders.test_folders import changed, folder
from tests.activelearn.features.test_added import encode, models_page, texts

pytestmark = pytest.mark.django_db


def take(at: Path, *words: str) -> None:
    call_command("encoder", "take", str(at), "--license", "MIT", *words)


def cards(count: int) -> Project:
    """Return a project of texts that the table tells apart."""
    project = make.project(labels=("x", "y"), evaluation_rate=0)
    for number in range(count):
        words = ("the card", "block cards", "is")[number % 3]
        make.item(project, data={"text": f"{words} {number}"})
    return project


def test_a_command_takes_a_table_and_lists_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = folder(tmp_path / "potion")

    take(at)
    take(at, "--called", "again")
    call_command("encoder", "list")

    shown = capsys.readouterr().out
    assert "potion is there: 3 numbers" in shown
    assert "MIT, SHA-256" in shown
    assert "again: there (" in shown
    assert folder_tables.costs_of("potion").per_second > 1000
    with pytest.raises(CommandError, match="called potion"):
        take(at)
    with pytest.raises(CommandError, match="--license"):
        call_command("encoder", "take", str(at))
    other = folder(tmp_path / "unigram", changed("model", type="Unigram"))
    with pytest.raises(CommandError, match="only WordPiece"):
        take(other)


def test_it_is_offered_added_and_read_beside_the_words(
    tmp_path: Path, client: Client
) -> None:
    take(folder(tmp_path / "potion"))
    project = cards(30)
    client.force_login(make.manager_of(project).user)
    address = f"/api/projects/{project.slug}/representations/"

    before = models_page(project, client)
    given = json.dumps({"name": "folder", "source": "potion"})
    assert (
        client.post(address, given, content_type="application/json").status_code == 202
    )
    jobs.run(Job.objects.get(kind="learn.encode", state="queued").pk)
    choosing.choose(project, "folder", None)
    ranking.rank(project)

    assert 'name="source" value="potion"' in before
    assert "of “potion”" in before
    spec = added.specs_of(project)["folder"]
    # It is quick: nobody waits for it.
    assert in_force.name_today(project) == "folder"
    rows = store.load(project, spec).rows[:]
    assert rows.shape == (30, core.width(spec)) == (30, 2**17 + 2**16 + 3)
    assert rows.dense.any()
    (row,) = [
        each
        for each in client.get(address).json()["representations"]
        if each["name"] == "folder"
    ]
    assert (row["state"], row["source"], row["license"]) == ("ready", "potion", "MIT")
    assert row["per_second"] > 1000


def test_where_its_file_is_gone_orders_go_on_and_it_says_so(tmp_path: Path) -> None:
    take(folder(tmp_path / "potion"))
    project = cards(20)
    adding.add(project, "folder", None, "potion")
    assert encode(project).state == "done"
    choosing.choose(project, "folder", None)
    spec = added.specs_of(project)["folder"]
    folders.table.cache_clear()
    files.path_of(folder_tables.KIND, spec["encoder"]["sha256"]).unlink()

    with pytest.raises(DamagedFileError, match="assay encoder take"):
        store.load(project, spec)
    assert store.spec_of(project) != spec
    ranking.rank(project)


def test_one_that_nobody_has_taken_is_not_added() -> None:
    with pytest.raises(NotFoundError, match="no table so called"):
        adding.add(texts(1), "folder", None, "potion")
    assert np.isfinite(folder_tables.costs_of("potion").megabytes)
