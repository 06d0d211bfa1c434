"""Every item has exactly one row of features, whoever computes them and dies at it."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from PIL import Image
from pytest_django.fixtures import Settings

from activelearn.core.features import Table
from activelearn.core.joined import csr_of
from activelearn.models import FeatureShard
from activelearn.services.features import files, store
from labeling.models import Item, Media, Project
from labeling.services.projects import removal
from tests import make
from tests.activelearn.features.test_unread import noise, picture
from tests.doubles import watch_files

ROUNDS = 40


def add(project: Project, count: int) -> None:
    """Let some texts come in at once."""
    before = Item.objects.count()
    Item.objects.bulk_create(
        Item(
            project=project,
            external_id=str(number),
            data={"text": f"text {number}"},
            content_hash=f"{number:064d}",
            group_key=str(number),
        )
        for number in range(before, before + count)
    )


def assert_whole(project: Project) -> None:
    """Look at the files themselves: each item once."""
    kept: list[int] = []
    for shard in FeatureShard.objects.filter(project=project):
        packed = np.load(io.BytesIO(files.read("features", shard.sha256)))
        kept += packed["ids"].tolist()
        assert packed["indptr"].size - 1 == shard.items == packed["ids"].size
    assert kept == list(project.items.order_by("pk").values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_c14_trainers_at_once_leave_no_item_out_and_take_none_twice() -> None:
    project = make.project()
    ended = threading.Event()

    @make.threaded
    def compute() -> None:
        while not ended.is_set():
            store.load(project)

    threads = [threading.Thread(target=compute) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(ROUNDS):
        add(project, 7)
    ended.set()
    for thread in threads:
        thread.join()

    table = store.load(project)
    ids, rows = table.ids, table.rows

    assert len(ids) == rows.shape[0] == 7 * ROUNDS
    assert_whole(project)


TRAINER = """
import sys
import django
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
django.setup()
settings.LEARN_ROOT = sys.argv[1]
from activelearn.services.features import store
from labeling.models import Project
while True:
    store.load(Project.objects.get())
    print(flush=True)
"""


@contextmanager
def trainer() -> Iterator[subprocess.Popen[bytes]]:
    """Another process that computes features of the one project, again and again."""
    path = settings.DATABASES["default"]
    place = f"postgresql://{path['USER']}@/{connection.settings_dict['NAME']}"
    with subprocess.Popen(
        [sys.executable, "-c", TRAINER, str(settings.LEARN_ROOT)],
        env=os.environ
        | {
            "DATABASE_URL": f"{place}?host={path['HOST']}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        },
        stdout=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.django_db(transaction=True)
def test_c14_trainers_that_are_killed_anywhere_leave_one_row_per_item() -> None:
    project = make.project()
    chance = random.Random(7)
    add(project, 5)
    with trainer() as first, trainer() as second:
        for process in (first, second):
            assert process.stdout
            assert process.stdout.readline()
            for _ in range(chance.randrange(3, 9)):
                add(project, 40)
            process.kill()

    ids = store.load(project).ids

    assert len(ids) == Item.objects.count()
    assert_whole(project)


def kept(project: Project, ids: list[int], *, first: int, last: int) -> None:
    """Keep a file of rows as an earlier release has left it."""
    body = io.BytesIO()
    np.savez(
        body,
        ids=np.array(ids, dtype=np.int64),
        data=np.zeros(0, np.float32),
        indices=np.zeros(0, np.int32),
        indptr=np.zeros(len(ids) + 1, np.int32),
        shape=np.array([len(ids), 2**17 + 2**16]),
        dense=np.zeros((len(ids), 256), np.float16),
    )
    FeatureShard.objects.create(
        project=project,
        spec=store.spec_of(project),
        spec_hash=store.hash_of(store.spec_of(project)),
        first_item=first,
        last_item=last,
        items=len(ids),
        sha256=files.save("features", body.getvalue()),
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "ranges",
    [
        # Places of the items in each file: a gap, a double, an item that is missing
        # within a file, one that is there twice within it; and all of it at once.
        [[0, 1, 2], [5, 6]],
        [[0, 1, 2, 3], [2, 3, 4]],
        [[0, 2, 3]],
        [[0, 1, 1, 2]],
        [[0, 2], [1, 2, 3], [6, 6, 7], [9]],
    ],
)
def test_c14_what_an_earlier_release_left_out_or_doubled_is_mended(
    ranges: list[list[int]],
) -> None:
    project = make.project()
    ids = [item.pk for item in make.items(project, 10)]
    for places in ranges:
        own = [ids[place] for place in places]
        kept(project, own, first=own[0], last=own[-1])

    table = store.load(project)

    assert table.ids.tolist() == ids
    assert_whole(project)


@pytest.mark.django_db
def test_c14_what_is_whole_is_not_computed_anew() -> None:
    project = make.project()
    ids = [item.pk for item in make.items(project, 10)]
    store.load(project)
    before = list(FeatureShard.objects.values_list("pk", "sha256"))
    removal.delete_now(project, ids[2:4])

    store.load(project)

    assert list(FeatureShard.objects.values_list("pk", "sha256")) == before


@pytest.mark.django_db
def test_a_picture_that_cannot_be_decoded_costs_its_own_row_alone() -> None:
    project = make.project(data_type="image")
    body = io.BytesIO()
    Image.effect_noise((40, 40), 60).save(body, "PNG")
    for number, data in enumerate((body.getvalue(), b"no picture", body.getvalue())):
        path = default_storage.save(f"{number}.png", ContentFile(data))
        media = Media.objects.create(
            sha256=f"{number:064d}",
            path=path,
            mime="image/png",
            size=len(data),
            width=40,
            height=40,
        )
        make.item(project, data={"image": path}, media=media)

    rows = csr_of(store.load(project).rows[:]).toarray()

    assert [bool(row.any()) for row in rows] == [True, False, True]


@pytest.mark.django_db
def test_the_look_for_gaps_reads_no_items_that_have_a_row() -> None:
    project, other = make.project(), make.project()
    for _ in range(40):
        add(project, 99)
        # So that between two files lies an item, which is not the project's.
        add(other, 1)
    ids = [*project.items.order_by("pk").values_list("pk", flat=True)]
    FeatureShard.objects.bulk_create(
        FeatureShard(
            project=project,
            spec={},
            spec_hash="x",
            first_item=ids[start],
            last_item=ids[start + 98],
            items=99,
            sha256=str(start),
        )
        for start in range(0, len(ids), 99)
    )
    values: dict[str, Any] = {"project": project.pk, "spec_hash": "x"}

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE labeling_item, activelearn_featureshard")
        cursor.execute("SET LOCAL enable_seqscan = off")
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {store._SQL['first_gap']}"
        cursor.execute(explain, values)
        [[plan]] = cursor.fetchone()

    # Four or so for each of 41 gaps, and what other tests have left in the index; before,
    # each gap read all the items behind it: 80,000.
    assert plan["Plan"]["Actual Rows"] == 0
    assert plan["Plan"]["Shared Hit Blocks"] < 20_000


def pictures(project: Project, count: int) -> list[Item]:
    """Let some pictures come in."""
    return [picture(project, f"{number}.png", noise()) for number in range(count)]


BETWEEN_TRANSACTIONS = """
    SELECT pid, xact_start IS NULL FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
      AND pid <> pg_backend_pid()
"""


@pytest.mark.django_db(transaction=True)
def test_rows_are_computed_and_waited_for_in_no_transaction(settings: Settings) -> None:
    project = make.project(data_type="image")
    pictures(project, 2)
    # By connection: whether it was once seen outside of a transaction.
    outside: dict[int, bool] = {}
    waiting: list[Future[Table]] = []

    @make.threaded
    def look() -> None:
        for _ in range(20):
            with connection.cursor() as cursor:
                cursor.execute(BETWEEN_TRANSACTIONS)
                for pid, is_outside in cursor.fetchall():
                    outside[pid] = outside.get(pid, False) or is_outside
            time.sleep(0.05)

    with ThreadPoolExecutor(2) as others:

        def tell(_piece: bytes) -> None:
            if not waiting:
                waiting.append(others.submit(make.threaded(store.load), project))
                others.submit(look).result()

        watch_files(settings, tell)
        table = store.load(project)

    assert waiting[0].result().ids.tolist() == table.ids.tolist()
    assert len(outside) >= 2
    assert all(outside.values())
    assert FeatureShard.objects.count() == 1


@pytest.mark.django_db
def test_what_another_worker_has_kept_meanwhile_is_not_kept_twice(
    settings: Settings,
) -> None:
    project = make.project(data_type="image")
    ids = [item.pk for item in pictures(project, 2)]

    def tell(_piece: bytes) -> None:
        # As a worker does whose turn began when this one had lost the connection.
        if not FeatureShard.objects.exists():
            kept(project, ids, first=ids[0], last=ids[-1])

    watch_files(settings, tell)

    assert store.load(project).ids.tolist() == ids
    assert FeatureShard.objects.count() == 1
