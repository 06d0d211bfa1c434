"""Vectors that came with the items are read, compared, chosen, and counted."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pytest
from django.test import Client

from activelearn.core import features as core
from activelearn.core.joined import JoinedRows
from activelearn.models import AddedEncoder, FeatureShard, ModelVersion
from activelearn.services.features import added, adding, payloads, store
from activelearn.services.ordering import ranking
from activelearn.services.predictions import serving
from activelearn.services.training import choosing, encoding, triggers
from activelearn.services.versions import registry
from labeling.errors import ConflictError, NotFoundError
from labeling.models import (
    Item,
    Job,
    OutsidePrediction,
    PredictionSource,
    Project,
    Unread,
)
from labeling.services.work import jobs
from tests import make
from tests.activelearn.features.test_added import encode, models_page, texts
from tests.activelearn.features.test_choices import compare, labeled
from tests.activelearn.features.test_unread import noise, picture
from tests.activelearn.test_loop import work
from tests.labeling.transfer.files import bring, lines

pytestmark = pytest.mark.django_db

SIZE = 8


def source(project: Project, vectors: Mapping[int, np.ndarray]) -> PredictionSource:
    """Let predictions of a source have come with vectors, by item."""
    made, _ = PredictionSource.objects.get_or_create(
        project=project, name="gpu", defaults={"embedding_size": SIZE}
    )
    for pk, vector in vectors.items():
        OutsidePrediction.objects.create(
            source=made,
            item_id=pk,
            labels=["x"],
            embedding=vector.astype("<f4").tobytes(),
        )
    return made


def drawn(project: Project) -> dict[int, np.ndarray]:
    """Return vectors for all items that lie far from zero."""
    rng = np.random.default_rng(0)
    pks = (
        Item.objects.filter(project=project).order_by("pk").values_list("pk", flat=True)
    )
    return {pk: 100 + 5 * rng.normal(size=SIZE) for pk in pks}


def add(project: Project) -> core.Spec:
    adding.add(project, "vectors", None, "gpu")
    assert encode(project).state == "done"
    return added.specs_of(project)["vectors"]


def test_vectors_lie_in_their_middle_and_who_has_none_is_there_too() -> None:
    project = texts(40)
    vectors = drawn(project)
    without = min(vectors)
    del vectors[without]
    source(project, vectors)

    spec = add(project)

    table = store.load(project, spec)
    rows = table.rows[:]
    assert isinstance(rows, JoinedRows)
    assert rows.shape == (40, core.width(spec)) == (40, 2**17 + 2**16 + SIZE)
    dense = rows.dense.astype(np.float64)
    assert np.abs(dense[1:].mean(axis=0)).max() < 0.01
    assert (dense[1:] ** 2).sum(axis=1).mean() == pytest.approx(4, rel=0.01)
    assert not dense[0].any()
    assert "No vector came with it" in str(Unread.objects.get(item=without))
    # The same again, to the bit.
    items = list(Item.objects.filter(project=project).order_by("pk"))
    assert (payloads.rows_of(items, spec).dense == rows.dense).all()


def test_a_vector_that_came_later_is_read() -> None:
    project = texts(40)
    vectors = drawn(project)
    last = max(vectors)
    later = {last: vectors.pop(last)}
    source(project, vectors)
    spec = add(project)
    store.load(project, spec)
    encoding.consider(project.pk)
    before = FeatureShard.objects.get(spec_hash=core.hash_of(spec))

    source(project, later)
    encoding.consider(project.pk)

    assert not FeatureShard.objects.filter(pk=before.pk).exists()
    assert store.load(project, spec).rows_of([last]).dense.any()
    assert not Unread.objects.exists()


def test_vectors_that_know_the_labels_are_chosen_by_the_comparison() -> None:
    project = labeled()
    # The folds are drawn by it.
    Project.objects.filter(pk=project.pk).update(seed=1)
    project.refresh_from_db()
    is_x = {
        item.pk: "ሰላም" in item.data["text"]
        for item in Item.objects.filter(project=project)
    }
    rng = np.random.default_rng(0)
    source(
        project,
        {pk: rng.normal(size=SIZE) + (8 if hit else -8) for pk, hit in is_x.items()},
    )
    compare(project)

    spec = add(project)
    compare(project)

    assert store.spec_of(project) == spec
    ranking.rank(project)
    triggers.request(project, None, "a first one")
    work(project)
    version = ModelVersion.objects.get()
    assert version.spec_hash == core.hash_of(spec)
    registry.promote(version, None)
    with pytest.raises(ConflictError, match="vectors that came with the items"):
        serving.predict(project, [serving.Question("", {"text": "a question"})])


def test_vectors_stand_beside_pictures_too() -> None:
    project = make.project(data_type="image")
    for number in range(3):
        picture(project, f"{project.pk}-{number}.png", noise())
    source(project, drawn(project))

    spec = add(project)
    choosing.choose(project, "vectors", None)

    table = store.load(project)
    assert table.spec_hash == core.hash_of(spec)
    assert table.rows.shape == (3, core.width(core.IMAGE_SPEC) + SIZE)
    # Beside pictures they weigh 1.
    dense = table.rows[:].dense.astype(np.float64)
    assert (dense**2).sum(axis=1).mean() == pytest.approx(1, rel=0.02)


def test_a_source_of_few_items_or_of_no_vector_is_refused() -> None:
    project = texts(10)
    vectors = drawn(project)
    source(project, {pk: vectors[pk] for pk in list(vectors)[:4]})
    PredictionSource.objects.create(project=project, name="plain")

    with pytest.raises(ConflictError, match="Of 10 items 4 have a vector"):
        adding.add(project, "vectors", None, "gpu")
    for name in ("plain", "other", ""):
        with pytest.raises(NotFoundError):
            adding.add(project, "vectors", None, name)
    assert not AddedEncoder.objects.exists()


def test_vectors_that_are_all_the_same_are_refused_in_words() -> None:
    project = texts(10)
    source(project, dict.fromkeys(drawn(project), np.ones(SIZE)))
    adding.add(project, "vectors", None, "gpu")

    with pytest.raises(ConflictError, match="the same of all"):
        encode(project)

    assert Job.objects.get(kind="learn.encode").state == "failed"
    # It is left alone for a while.
    encoding.consider(project.pk)
    assert Job.objects.filter(kind="learn.encode").count() == 1


def test_added_again_they_are_read_as_they_are_now() -> None:
    project = texts(10)
    vectors = drawn(project)
    source(project, vectors)
    before = store.load(project, add(project)).rows[:].dense

    first, second = list(vectors)[:2]
    swapped = {first: vectors[second], second: vectors[first]}
    for pk, vector in swapped.items():
        OutsidePrediction.objects.filter(item=pk).update(
            embedding=vector.astype("<f4").tobytes()
        )
    adding.remove(project, "vectors")
    after = store.load(project, add(project)).rows[:].dense

    assert (after[0] == before[1]).all()
    assert (after[1] == before[0]).all()


def test_an_engineer_adds_the_vectors_of_a_source_on_the_page_or_by_a_program(
    client: Client,
) -> None:
    project = texts(10)
    source(project, drawn(project))
    client.force_login(make.manager_of(project).user)

    before = models_page(project, client)
    client.post(
        f"/projects/{project.slug}/models/",
        {"action": "add-encoder", "name": "vectors", "source": "gpu"},
    )
    jobs.run(Job.objects.get(kind="learn.encode").pk)
    after = models_page(project, client)
    address = f"/api/projects/{project.slug}/representations/"
    given = json.dumps({"name": "vectors", "source": "gpu"})
    again = client.post(address, given, content_type="application/json")

    assert "of “gpu”" in before
    assert 'name="source" value="gpu"' in before
    assert "10 of 10 items have one" in after
    (row,) = [
        each for each in again.json()["representations"] if each["name"] == "vectors"
    ]
    assert (row["source"], row["state"], row["seen"]) == ("gpu", "ready", 10)


def test_vectors_that_came_with_the_items_of_an_import_are_added_and_chosen(
    client: Client,
) -> None:
    project = make.project(labels=("x", "y"), evaluation_rate=0)
    rows = [
        {"text": f"please block the card number {n}", "embedding": [n, 100 - n, n % 7]}
        for n in range(40)
    ]
    del rows[3]["embedding"]
    bring(project, "items.jsonl", lines(*rows))
    client.force_login(make.manager_of(project).user)

    before = models_page(project, client)
    client.post(
        f"/projects/{project.slug}/models/",
        {"action": "add-encoder", "name": "vectors"},
    )
    jobs.run(Job.objects.get(kind="learn.encode").pk)
    after = models_page(project, client)

    assert "vectors that came with the texts" in before
    assert "39 of 40 items have one" in after
    spec = added.specs_of(project)["vectors"]
    rows = store.load(project, spec).rows[:].dense
    assert np.count_nonzero(rows.any(axis=1)) == 39
    choosing.choose(project, "vectors", None)
    assert store.spec_of(project) == spec
    ranking.rank(project)
    # What comes later is read, too.
    late = Item.objects.get(data__text="please block the card number 3")
    bring(project, "more.jsonl", lines({**late.data, "embedding": [3, 97, 3]}))
    encoding.consider(project.pk)
    assert store.load(project, spec).rows_of([late.pk]).dense.any()
