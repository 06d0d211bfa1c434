"""Small files of features are joined, and every item keeps exactly one row."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from activelearn.core.features import Ids
from activelearn.core.joined import csr_of
from activelearn.models import FeatureShard
from activelearn.services.features import compacting, files, forgetting, store
from labeling.models import Project
from tests import make
from tests.activelearn.features.test_one_row import add, assert_whole, kept


def age() -> None:
    FeatureShard.objects.update(created_at=timezone.now() - timedelta(days=2))


def filled(*sizes: int) -> Project:
    """Return a project into which some texts came at a time, each time with a file."""
    project = make.project()
    for size in sizes:
        add(project, size)
        store.load(project)
    assert FeatureShard.objects.filter(project=project).count() == len(sizes)
    return project


@pytest.mark.django_db
def test_files_of_single_items_become_one_with_the_same_rows() -> None:
    project = filled(1, 1, 3, 1)
    before = store.load(project)
    values = csr_of(before.rows[:])
    FeatureShard.objects.filter(items=3).update(unread=2)
    age()

    forgetting.forget_all()

    after = store.load(project)
    assert after.ids.tolist() == before.ids.tolist()
    assert (csr_of(after.rows[:]) != values).nnz == 0
    assert (after.rows.dense[:] == before.rows.dense[:]).all()
    shard = FeatureShard.objects.get()
    assert (shard.items, shard.unread) == (6, 2)
    assert (shard.first_item, shard.last_item) == (after.ids[0], after.ids[-1])
    assert_whole(project)
    # The next item comes behind them.
    add(project, 1)
    assert len(store.load(project).ids) == 7


@pytest.mark.django_db
def test_new_files_and_those_of_other_projects_and_specifications_stay_apart() -> None:
    project, other = filled(1, 1), filled(1)
    assert compacting.compact(project) == 0
    age()
    newest = FeatureShard.objects.filter(project=project).last()
    assert newest is not None
    FeatureShard.objects.filter(pk=newest.pk).update(spec_hash="another")

    assert compacting.compact(project) == compacting.compact(other) == 0

    assert FeatureShard.objects.count() == 3


@pytest.mark.django_db
def test_files_are_joined_up_to_the_size_of_one() -> None:
    project = filled(2, 2, 2, 3, 5, 1)
    age()

    assert compacting.compact(project, most=4) == 1

    sizes = list(FeatureShard.objects.values_list("items", flat=True))
    assert sizes == [4, 2, 3, 5, 1]
    assert_whole(project)


@pytest.mark.django_db
def test_an_item_that_comes_in_late_between_two_files_gets_its_row() -> None:
    project = make.project()
    ids = [item.pk for item in make.items(project, 5)]
    kept(project, ids[:2], first=ids[0], last=ids[1])
    kept(project, ids[3:], first=ids[3], last=ids[4])
    age()
    # As where the one in the middle is not yet committed.
    assert compacting.compact(project) == 1

    assert store.load(project).ids.tolist() == ids

    assert_whole(project)


@pytest.mark.django_db
@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_a_damaged_file_is_not_joined(harm: str) -> None:
    project = filled(2, 2)
    age()
    path = files.path_of("features", FeatureShard.objects.all()[1].sha256)
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1])

    assert compacting.compact(project) == 0

    assert len(store.load(project).ids) == 4
    assert_whole(project)


def until(ended: threading.Event, step: Callable[[], None]) -> threading.Thread:
    @make.threaded
    def work() -> None:
        while not ended.is_set():
            step()

    return threading.Thread(target=work)


@pytest.mark.django_db(transaction=True)
def test_whoever_reads_and_computes_meanwhile_has_each_item_once() -> None:
    project = make.project()
    ended = threading.Event()
    failed: list[Ids] = []

    def compute() -> None:
        table = store.load(project)
        if len(np.unique(table.ids)) != table.rows[:].shape[0]:
            failed.append(table.ids)

    def join() -> None:
        age()
        compacting.compact(project)

    threads = [until(ended, step) for step in (compute, compute, join)]
    for thread in threads:
        thread.start()
    for _ in range(15):
        add(project, 3)
    ended.set()
    for thread in threads:
        thread.join()

    assert not failed
    assert len(store.load(project).ids) == 45
    assert_whole(project)
