"""A table's specification: from a random sample, renewed when outgrown, and kept."""

from __future__ import annotations

import random
import threading

import pytest

from activelearn.core import features as core
from activelearn.core import tables
from activelearn.models import FeatureShard, FeatureSpec, ModelVersion
from activelearn.services.features import specs, store
from activelearn.services.ordering import ranking
from activelearn.services.predictions import serving
from activelearn.services.training import triggers
from activelearn.services.versions import loading, registry
from labeling.models import Item, Project
from tests import make
from tests.activelearn.test_loop import answer, work

pytestmark = pytest.mark.django_db


def add(project: Project, rows: list[dict[str, object]]) -> list[int]:
    """Let rows come in at once; return their items."""
    before = Item.objects.count()
    made = Item.objects.bulk_create(
        Item(
            project=project,
            external_id=str(before + number),
            data=row,
            content_hash=f"{before + number:064d}",
            group_key=str(before + number),
            split="evaluation" if number % 4 == 3 else "pool",
        )
        for number, row in enumerate(rows)
    )
    return [item.pk for item in made]


def incomes(count: int) -> list[dict[str, object]]:
    chance = random.Random(count)
    return [
        {"income": chance.randrange(1000, 50_000), "region": chance.choice("nesw")}
        for _ in range(count)
    ]


def test_c20_types_and_scales_are_those_of_the_whole_table() -> None:
    project = make.project(data_type="table")
    # The first rows are unlike the others, as in a file that is sorted.
    add(project, [{"income": 1, "region": "n"}] * 200 + incomes(1800))

    spec = store.spec_of(project)

    region, income = (column for column in reversed(spec["columns"]))
    assert 20_000 < income["center"] < 26_000
    assert sorted(region["values"]) == ["e", "n", "s", "w"]
    assert specs.newest(project).rows == 1500  # type: ignore[union-attr]


def test_c20_the_sample_is_drawn_by_the_seed_and_from_the_pool_alone() -> None:
    project = make.project(data_type="table")
    add(project, incomes(400))
    drawn = specs.sample(project, 50)
    add(project, [])

    assert specs.sample(project, 50) == drawn
    Project.objects.filter(pk=project.pk).update(seed=project.seed + 1)
    assert specs.sample(Project.objects.get(pk=project.pk), 50) != drawn
    pool = Item.objects.filter(project=project).pool().values_list("data", flat=True)
    assert all(row in list(pool) for row in drawn)


def test_k12_a_first_import_of_one_row_does_not_fix_the_features() -> None:
    project = make.project(data_type="table", labels=("good", "bad"))
    add(project, [{"income": 900, "region": "n", "case": "c-1"}])
    ranking.rank(project)
    rows = [row | {"case": f"c-{n}"} for n, row in enumerate(incomes(400))]
    ids = add(project, rows)
    truth = {
        pk: "good" if int(str(row["income"])) > 25_000 else "bad"
        for pk, row in zip(ids, rows, strict=True)
    }
    truth[Item.objects.earliest("pk").pk] = "bad"
    ranking.rank(project)
    answer(project, truth, 150)
    triggers.request(project, None, "")
    work(project)

    assert ModelVersion.objects.get().evaluation.accuracy > 0.85
    seen = {
        c.name: c for c in specs.seen_in(FeatureSpec.objects.latest("number")).columns
    }
    assert seen["income"].read_as == "number"
    assert seen["case"].unused == "identifier"


def test_k12_an_older_model_goes_on_with_its_specification() -> None:
    project, champion = with_champion()
    first = store.spec_of(project)
    add(project, [{"income": n, "region": "x"} for n in range(1_000_000, 1_000_400)])

    ranking.rank(project)

    second = store.spec_of(project)
    assert champion.spec_hash == core.hash_of(first) != core.hash_of(second)
    kept = set(FeatureShard.objects.values_list("spec_hash", flat=True))
    assert kept == {core.hash_of(first), core.hash_of(second)}
    assert loading.load(champion)[1] == first
    question = serving.Question("", {"income": 49_000, "region": "n"})
    assert serving.predict(project, [question])[0].label == "good"


def with_champion() -> tuple[Project, ModelVersion]:
    project = make.project(data_type="table", labels=("good", "bad"))
    rows = incomes(200)
    ids = add(project, rows)
    ranking.rank(project)
    is_good = (int(str(row["income"])) > 25_000 for row in rows)
    truth = dict(zip(ids, ("good" if good else "bad" for good in is_good), strict=True))
    answer(project, truth, 120)
    triggers.request(project, None, "")
    work(project)
    champion = ModelVersion.objects.get()
    registry.promote(champion, None)
    return project, champion


def test_k12_rows_that_are_like_the_others_renew_nothing() -> None:
    project = make.project(data_type="table")
    add(project, incomes(400))
    store.load(project)
    add(project, incomes(160))

    store.load(project)

    row = FeatureSpec.objects.get()
    # They have been looked at, and are not looked at again.
    assert row.last_item == Item.objects.latest("pk").pk


def test_k12_new_categories_renew_the_specification() -> None:
    project = make.project(data_type="table")
    add(project, incomes(400))
    store.load(project)
    add(project, [row | {"region": "abroad"} for row in incomes(160)])

    store.load(project)

    assert [row.number for row in FeatureSpec.objects.all()] == [2, 1]
    region = store.spec_of(project)["columns"][1]
    assert "abroad" in region["values"]


@pytest.mark.django_db(transaction=True)
def test_k12_workers_that_make_a_specification_at_once_agree() -> None:
    project = make.project(data_type="table")
    add(project, incomes(40))
    made = []
    start = threading.Barrier(4)

    @make.threaded
    def decide() -> None:
        start.wait()
        made.append(core.hash_of(store.spec_of(project)))

    threads = [threading.Thread(target=decide) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(made) == {FeatureSpec.objects.get().sha256}


def test_nothing_is_decided_without_any_row() -> None:
    project = make.project(data_type="table")

    assert store.spec_of(project) == tables.table_spec([], 0)[0]
    assert not FeatureSpec.objects.exists()
    assert len(store.load(project).ids) == 0
