"""Chunks into the database: each content once, whatever comes between."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Event
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from labeling import queries
from labeling.messages import message
from labeling.models import Gold, ImportRun, Item, Job, Media, Project
from labeling.services.transfer import exporting, importing
from labeling.services.transfer.importing import Limits
from labeling.services.transfer.importing.raw import FileError, Raw
from labeling.services.transfer.importing.write import Writer, Written, terms_of
from labeling.services.votes import gold
from labeling.services.work import jobs
from labeling.services.work.progress import Progress
from labeling.signals import items_changed
from tests import doubles, make
from tests.labeling.transfer.files import bring, lines, picture, start, zipped

pytestmark = pytest.mark.django_db
Commits = Callable[..., Any]


def test_the_same_file_again_creates_nothing() -> None:
    project = make.project()
    data = lines(
        {"id": "a", "text": "one"}, {"text": "two"}, {"id": "z", "text": "two"}
    )

    first, again = bring(project, "x.jsonl", data), bring(project, "x.jsonl", data)

    assert (first.created, first.duplicates) == (2, 1)
    assert (again.created, again.duplicates) == (0, 3)


@pytest.mark.parametrize("characters", [1, 60, 2**24])
def test_nothing_is_lost_between_the_parts_of_a_file(characters: int) -> None:
    project = make.project()
    bring(project, "x.jsonl", lines({"external_id": "b", "text": "row 4"}))
    rows = [{"text": f"row {n}"} for n in (*range(10), 3, 3)]

    run = bring(
        project,
        "y.jsonl",
        lines(*rows, {"text": ""}),
        limits=Limits(chunk_characters=characters),
    )

    assert (run.received, run.created, run.duplicates, run.rejected) == (13, 9, 3, 1)
    assert {item.data["text"] for item in project.items.all()} == {
        f"row {n}" for n in range(10)
    }


@pytest.mark.parametrize("column", ["text", "metadata"])
def test_long_rows_are_written_in_smaller_parts(column: str) -> None:
    long = {"text": "a" * 990, "metadata": {"a": "a" * 980}}
    rows = [{"text": "t", column: long[column], "n": n} for n in range(6)]
    run = start(make.project(), "x.jsonl", lines(*rows))
    progress = doubles.watched(jobs.claim(run.job_id), look=Item.objects.count)

    importing.run(progress, Limits(chunk_characters=2500))

    assert [(report.done, report.seen) for report in progress.reports] == [
        (3, 3),
        (6, 6),
    ]


@pytest.mark.django_db(transaction=True)
def test_the_same_rows_in_opposite_order_at_the_same_moment_are_kept_once(
    settings: Settings,
) -> None:
    both_read = Barrier(2)

    def meet(piece: bytes) -> None:
        if b'"row 1000"' in piece:
            with suppress(BrokenBarrierError):
                both_read.wait(timeout=30)

    doubles.watch_files(settings, meet)
    project = make.project()
    # More than what waits in the memory of either side of a COPY.
    rows = [{"text": f"row {n}", "more": "word " * 1000} for n in range(2000)]
    files = [lines(*rows), lines(*rows[::-1])]

    @make.threaded
    def send(data: bytes) -> ImportRun:
        return bring(project, "x.jsonl", data)

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(send, files))

    assert [run.job.state for run in runs] == ["done", "done"]
    assert sum(run.created for run in runs) == project.items.count() == 2000
    assert sum(run.duplicates for run in runs) == 2000
    assert not both_read.broken  # nobody waits for a turn to read


def test_the_next_rows_are_read_while_some_are_written() -> None:
    run = start(make.project(), "x.jsonl", lines({"text": "x"}))
    read: list[int] = []
    is_read = Event()
    seen: list[list[int]] = []

    def rows() -> Iterator[Raw]:
        for number in range(1, 6):
            read.append(number)
            if number == 3:
                is_read.set()
            yield Raw(number, {"text": f"row {number}"})

    def count(_written: Written) -> None:
        is_read.wait(10)
        seen.append(read.copy())

    progress = doubles.watched(jobs.claim(run.job_id))
    writer = Writer(run, terms_of(run, Limits(chunk_rows=2)), progress, count)

    assert [written.created for written in writer.write_all(rows())] == [2, 2, 1]
    # One chunk ahead, and no more: two are in memory.
    assert seen[0] in ([1, 2, 3], [1, 2, 3, 4])


def test_what_cannot_be_read_ahead_costs_nothing_that_was_written() -> None:
    run = start(make.project(), "x.jsonl", lines({"text": "x"}))

    def rows() -> Iterator[Raw]:
        yield Raw(1, {"text": "row 1"})
        raise FileError(message("The list has no end."))

    progress = doubles.watched(jobs.claim(run.job_id))
    writer = Writer(run, terms_of(run, Limits(chunk_rows=1)), progress)
    with pytest.raises(FileError):
        list(writer.write_all(rows()))

    assert Item.objects.count() == 1


def _writing(texts: list[str], chunk_rows: int) -> tuple[Writer, Iterator[Raw]]:
    run = start(make.project(), "x.jsonl", lines({"text": "x"}))
    progress = doubles.watched(jobs.claim(run.job_id))
    terms = terms_of(run, Limits(chunk_rows=chunk_rows))
    raws = [Raw(number, {"text": text}) for number, text in enumerate(texts, 1)]
    return Writer(run, terms, progress), iter(raws)


def test_the_learner_hears_of_items_each_time_they_are_twice_as_many_and_at_the_end(
    django_capture_on_commit_callbacks: Commits,
) -> None:
    heard: list[int] = []

    def hear(project_id: int, **_: object) -> None:
        heard.append(project_id)

    items_changed.connect(hear)
    try:
        writer, raws = _writing([f"row {n}" for n in range(9)], 1)
        with django_capture_on_commit_callbacks(execute=True), writer:
            assert len(list(writer.write_all(raws))) == 9
        assert heard == [writer.project.pk] * 4  # 1, 3, 7 and 9 rows

        heard.clear()
        writer, raws = _writing(["one", "two"], 1)

        def broken() -> Iterator[Raw]:
            yield from raws
            raise FileError(message("The list has no end."))

        with (
            django_capture_on_commit_callbacks(execute=True),
            pytest.raises(FileError),
            writer,
        ):
            list(writer.write_all(broken()))
        assert len(heard) == 2  # 1 row, and the 2 that were written

        heard.clear()
        writer, _none = _writing([], 1)
        writer.progress.job.attempt = 2
        with django_capture_on_commit_callbacks(execute=True), writer:
            pass
        assert len(heard) == 1  # for what a killed attempt may have written
    finally:
        items_changed.disconnect(hear)


def test_the_planner_knows_of_many_new_rows_at_once() -> None:
    def known() -> float:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT reltuples FROM pg_class WHERE relname = 'labeling_likeness'"
            )
            return float(cursor.fetchone()[0])

    writer, raws = _writing([f"row {n}" for n in range(1100)], 2000)
    before = known()
    list(writer.write_all(iter([next(raws)])))
    assert known() == before  # few are read by any plan

    list(writer.write_all(raws))
    assert known() >= 1000


@pytest.mark.django_db(transaction=True)
def test_a_chunk_waits_for_no_disk_and_what_follows_does() -> None:
    seen: list[str] = []

    def look(_written: Written | None = None) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            seen.append(cursor.fetchone()[0])

    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
    try:
        writer, raws = _writing(["row 1", "row 2"], 1)
        writer.count = look
        list(writer.write_all(raws))
        look()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET synchronous_commit")

    assert seen == ["off", "off", "on"]


def test_class_folders_become_gold_when_asked_for() -> None:
    project = make.project(data_type="image", labels=("cat", "dog"))
    files = {"cat/1.png": picture(shade=10), "dog/2.png": picture(shade=200)}

    run = bring(project, "x.zip", zipped(files), gold=True)

    assert run.created == 2
    assert queries.progress(project).settled == 2


def test_an_import_is_heard_of_between_slow_pictures_and_before_it_writes() -> None:
    files = {f"{n}.png": picture(shade=20 * n) for n in range(3)}
    data = zipped({**files, "bad.png": b"bad"})
    run = start(make.project(data_type="image"), "x.zip", data)
    outside = len(connection.savepoint_ids)
    progress = doubles.watched(
        jobs.claim(run.job_id),
        look=lambda: (Item.objects.count(), len(connection.savepoint_ids)),
    )

    importing.run(progress, Limits(heartbeat_seconds=-1))

    assert [(report.done, report.seen) for report in progress.reports] == [
        *[(None, (0, outside))] * 4,
        # With the counts of the attempt, in their transaction.
        (4, (3, outside + 1)),
    ]


def test_an_import_that_is_cancelled_between_pictures_keeps_no_half_of_a_part() -> None:
    files = {f"{n}.png": picture(shade=20 * n) for n in range(3)}
    run = start(make.project(data_type="image"), "x.zip", zipped(files))

    def handler(progress: Progress) -> dict[str, Any]:
        watched = doubles.watched(progress, cancel_at=2)
        return importing.run(watched, Limits(heartbeat_seconds=-1))

    with doubles.kind("test", handler):
        Job.objects.filter(pk=run.job_id).update(kind="test")
        jobs.run(run.job_id)

    run.job.refresh_from_db()
    assert run.job.state == "cancelled"
    assert not Item.objects.exists()
    assert not Media.objects.exists()


def test_near_duplicates_share_a_group_and_a_side() -> None:
    project = make.project()
    bring(project, "x.jsonl", lines({"text": "Hello, World"}, {"text": "hello world!"}))

    assert Item.objects.values("group_key", "split").distinct().count() == 1


def exported(project: Project, kind: str) -> bytes:
    return b"".join(exporting.stream(project, kind, {}))


def test_c11_labels_of_an_export_come_back_as_they_were() -> None:
    names = ("x", "y", "z; w")
    sets: list[tuple[str, ...]] = [("x", "z; w"), ("y",), ()]
    first = make.project(labels=names, task_type="multi")
    for number, labels in enumerate(sets):
        gold.record(first, [(make.item(first, external_id=str(number)), labels)])
    make.item(first, external_id="unlabeled")
    body = exported(first, "csv")
    rows = [json.loads(line) for line in exported(first, "jsonl").splitlines()]
    named = ("external_id", "label")
    packed = lines(*({**{n: row[n] for n in named}, **row["data"]} for row in rows))
    others = (
        "id",
        "label_source",
        "confidence",
        "soft_label",
        "split",
        "state",
        "votes",
    )
    mapping = {**dict.fromkeys(others, "ignore"), "data": "text"}

    for name, file in (("rows.csv", body), ("rows.jsonl", packed)):
        again = make.project(labels=names, task_type="multi")
        bring(again, name, file, mapping, gold=True)

        known = Gold.objects.filter(item__project=again)
        told = dict(known.values_list("item__external_id", "labels"))
        assert told == {
            str(number): sorted(labels) for number, labels in enumerate(sets)
        }
