"""Encoders that the operator has installed, by the entry points of packages."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from django.test import Client

from activelearn.core import features as core
from activelearn.models import AddedEncoder, ModelVersion
from activelearn.services.features import (
    added,
    adding,
    choices,
    in_force,
    programs,
    store,
)
from activelearn.services.ordering import ranking
from activelearn.services.predictions import serving
from activelearn.services.training import choosing, encoding, triggers
from activelearn.services.versions import registry
from labeling.errors import ConflictError, NotFoundError
from labeling.models import Job
from labeling.services.work import jobs
from tests import make
from tests.activelearn.features.test_added import encode, models_page, texts
from tests.activelearn.features.test_choices import labeled
from tests.activelearn.test_loop import work

pytestmark = pytest.mark.django_db

CODE = """
def counted(texts):
    return [[len(text), text.count("a"), text.count(" ")] for text in texts]

def ragged(texts):
    return [[1.0] * (1 + len(text)) for text in texts]

def few(texts):
    return [[1.0, 2.0]]

def angry(texts):
    raise RuntimeError("no weights")
"""
NAMES = ("counted", "ragged", "few", "angry")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a package with encoders; return where."""
    (tmp_path / "letters_of_mine.py").write_text(CODE)
    entries = [f"{name} = letters_of_mine:{name}" for name in NAMES]
    entries.append("gone = letters_of_mine:gone")
    write_package(tmp_path, "1.0", "[assay.encoders]\n" + "\n".join(entries))
    monkeypatch.syspath_prepend(tmp_path)
    programs._program.cache_clear()
    return tmp_path


def write_package(folder: Path, version: str, entries: str = "") -> None:
    about = folder / "letters_of_mine-1.0.dist-info"
    about.mkdir(exist_ok=True)
    if entries:
        (about / "entry_points.txt").write_text(entries + "\n")
    (about / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: letters-of-mine\n"
        f"Version: {version}\nLicense-Expression: MIT\n"
    )
    (about / "RECORD").write_text("letters_of_mine.py,,2500000\n")


@pytest.mark.usefixtures("installed")
def test_an_installed_program_is_offered_added_chosen_and_serves(
    client: Client,
) -> None:
    project = labeled(60, items=70)
    client.force_login(make.manager_of(project).user)
    address = f"/api/projects/{project.slug}/representations/"

    before = models_page(project, client)
    given = json.dumps({"name": "program", "source": "counted"})
    told = client.post(address, given, content_type="application/json")
    jobs.run(Job.objects.get(kind="learn.encode", state="queued").pk)
    after = client.get(address).json()["representations"]

    assert 'name="source" value="counted"' in before
    assert "MIT" in before
    assert "2.5 MB" in before
    assert told.status_code == 202
    (row,) = [each for each in after if each["name"] == "program"]
    assert (row["source"], row["state"], row["seen"]) == ("counted", "ready", 70)
    # Measured on the items that were asked first.
    assert row["per_second"] > 0
    spec = added.specs_of(project)["program"]
    assert "per_second" not in spec["encoder"]
    choosing.choose(project, "program", None)
    ranking.rank(project)
    triggers.request(project, None, "a first one")
    work(project)
    version = ModelVersion.objects.get()
    assert version.spec_hash == core.hash_of(spec)
    registry.promote(version, None)
    assert serving.predict(project, [serving.Question("", {"text": "a question"})])


@pytest.mark.usefixtures("installed")
def test_what_it_says_lies_beside_the_words() -> None:
    project = texts(30)
    adding.add(project, "program", None, "counted")
    assert encode(project).state == "done"

    spec = added.specs_of(project)["program"]
    rows = store.load(project, spec).rows[:]

    assert rows.shape == (30, core.width(spec)) == (30, 2**17 + 2**16 + 3)
    assert np.abs(rows.dense.astype(np.float64).mean(axis=0)).max() < 0.01


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ragged", "made no vectors"),
        ("few", r"\(1, 2\), 2 texts"),
        ("angry", "RuntimeError: no weights"),
        ("gone", "AttributeError"),
    ],
)
def test_one_that_makes_no_vectors_is_refused_in_words(name: str, why: str) -> None:
    given = programs.given_of(name)
    assert given is not None
    with pytest.raises(ConflictError, match=why):
        programs.vectors_of(["a", "bc"], given)


def test_one_that_is_not_installed_is_not_added() -> None:
    project = texts(1)
    with pytest.raises(NotFoundError, match="no program so called"):
        adding.add(project, "program", None, "counted")
    assert not AddedEncoder.objects.exists()


def test_orders_go_on_where_another_version_is_installed(installed: Path) -> None:
    project = texts(20)
    adding.add(project, "program", None, "counted")
    encode(project)
    choosing.choose(project, "program", None)
    assert in_force.name_today(project) == "program"

    write_package(installed, "2.0")

    # Its rows would not be those of before: until it is added again, words count.
    assert in_force.name_today(project) == choices.quick_of(project, None)
    ranking.rank(project)
    encoding.consider(project.pk)
    assert not Job.objects.filter(kind="learn.encode", state="queued").exists()
    spec = added.specs_of(project)["program"]
    with pytest.raises(ConflictError, match=r"version 1\.0 any more"):
        programs.vectors_of(["a"], spec["encoder"])
    adding.remove(project, "program")
    adding.add(project, "program", None, "counted")
    assert encode(project).state == "done"
