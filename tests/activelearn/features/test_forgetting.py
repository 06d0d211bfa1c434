"""What was computed from deleted items is forgotten; what remains still learns."""

from __future__ import annotations

import os
import time
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from activelearn.core.joined import csr_of
from activelearn.models import FeatureShard, ModelVersion
from activelearn.services.features import files, forgetting, store
from activelearn.services.ordering import ranking
from activelearn.services.training import triggers
from activelearn.services.versions import registry, requests
from labeling.models import Prediction
from labeling.services.projects import removal
from tests import make
from tests.activelearn.test_loop import answer, versions, wine, work

pytestmark = pytest.mark.django_db


def age(sha256: str, kind: str = "features") -> None:
    path = files.path_of(kind, sha256)
    long_ago = time.time() - 2 * files.KEPT
    os.utime(path, (long_ago, long_ago))


def test_features_of_deleted_items_leave_their_files() -> None:
    project, truth = wine()
    before = store.load(project).ids
    shard = FeatureShard.objects.get()
    gone = list(truth)[:10]
    removal.delete_now(project, gone)

    assert forgetting.forget_all() == 10

    table = store.load(project)
    ids, rows = table.ids, table.rows
    assert set(before) - set(ids) == set(gone)
    assert rows.shape[0] == len(ids) == len(truth) - 10
    assert FeatureShard.objects.get().sha256 != shard.sha256
    assert forgetting.forget_all() == 0


def test_files_that_no_row_names_go_when_nobody_can_be_reading_them() -> None:
    project, truth = wine()
    store.load(project)
    old = FeatureShard.objects.get().sha256
    removal.delete_now(project, list(truth)[:10])

    forgetting.forget_all()
    assert files.path_of("features", old).exists()
    for sha256 in (old, FeatureShard.objects.get().sha256):
        age(sha256)
    forgetting.forget_all()

    assert not files.path_of("features", old).exists()
    assert len(store.load(project).ids) == len(truth) - 10


@pytest.mark.parametrize("why", ["joined", "items deleted", "no model reads it"])
def test_whoever_has_loaded_a_table_reads_old_files_on(why: str) -> None:
    project, _ = wine()
    store.load(project)
    make.items(project, 3)
    table = store.load(project)
    rows = csr_of(table.rows[:])
    # As an order that loads its table and reads the rows later.
    table.rows._kept.clear()
    table.rows._last = -1, None
    old = list(FeatureShard.objects.values_list("sha256", flat=True))
    assert len(old) == 2
    for sha256 in old:
        age(sha256)
    if why == "joined":
        long_ago = timezone.now() - timedelta(days=2)
        FeatureShard.objects.update(created_at=long_ago)
    elif why == "items deleted":
        removal.delete_now(project, table.ids[[0, -1]].tolist())
    else:
        FeatureShard.objects.update(spec_hash="of an older model")

    forgetting.forget_all()

    assert not FeatureShard.objects.filter(sha256__in=old).exists()
    assert (csr_of(table.rows[:]) != rows).nnz == 0
    for sha256 in old:
        age(sha256)
    forgetting.forget_all()
    assert not any(files.path_of("features", sha256).exists() for sha256 in old)


def test_a_file_that_is_written_again_counts_as_new() -> None:
    sha256 = files.save("features", b"rows")
    age(sha256)

    files.save("features", b"rows")

    assert files.forget("features", set()) == 0
    assert files.read("features", sha256) == b"rows"


def test_the_loop_goes_on_without_the_items_that_were_deleted() -> None:
    project, (champion, *_) = versions(1)
    registry.promote(champion, None)
    truth = project.items.order_by("pk").values_list("pk", flat=True)
    gone = list(truth)[::4]

    removal.delete_now(project, gone)
    forgetting.forget_all()
    ranking.rank(project)
    requests.request_scores(champion)
    work(project)

    scored = set(Prediction.objects.values_list("item", flat=True))
    assert scored
    assert not scored & set(gone)
    assert ModelVersion.objects.filter(stage="champion").count() == 1
    ids = store.load(project).ids
    assert not np.isin(ids, gone).any()


def test_new_labels_start_a_run_also_after_many_were_deleted() -> None:
    project, truth = wine()
    answer(project, truth, 60)
    triggers.consider(project.pk)
    work(project)
    runs = project.training_runs.filter(trigger="labels").count()
    labeled = project.items.filter(state="settled")
    removal.delete_now(project, list(labeled.values_list("pk", flat=True)))

    triggers.consider(project.pk)
    answer(project, truth, 60)
    triggers.consider(project.pk)

    assert project.training_runs.filter(trigger="labels").count() == runs + 1
