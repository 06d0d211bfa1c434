"""Export: the state of one moment, read at once, sent at leisure, with its proof."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import resource
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from labeling.errors import InvalidInputError
from labeling.models import Annotation, Assignment, Item, Membership, Project
from labeling.services.queue import chosen
from labeling.services.transfer import exporting
from labeling.services.transfer.exporting.rows import STATEMENTS
from labeling.services.votes import change, settle
from tests import make

pytestmark = pytest.mark.django_db
HOSTILE = "=1+1 \t\n\r\\ \\N \\t \"'‘ null \x01\x7f\u2028 é 😀,"


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which temporary files are, named or not."""
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def is_empty(folder: Path) -> bool:
    """Whether no file in the folder is named, nor open without a name."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    opened = [link.readlink() for link in links]
    return not any(folder in path.parents for path in (*folder.iterdir(), *opened))


def told(pieces: Iterator[bytes] | exporting.Export) -> list[dict[str, Any]]:
    return [json.loads(line) for line in b"".join(pieces).splitlines()]


def answered_project(
    count: int = 3, *, overlap: int = 1
) -> tuple[Project, Membership, Annotation, Assignment]:
    """Return a project of which one person has answered the first item and holds the last."""
    project = make.project(free_choice=True, overlap=overlap, min_votes=overlap)
    items = make.items(project, count)
    who = make.member(project)
    names = [items[0].external_id, items[-1].external_id]
    first, last = chosen.lease(who, names).assignments
    return project, who, make.vote(who, first, "x").annotation, last


@contextmanager
def beside(work: Callable[[], None]) -> Iterator[None]:
    """Let another connection write after each statement since the snapshot was taken."""
    with ThreadPoolExecutor(1) as other:

        def step(execute: Any, sql: str, *others: Any) -> Any:
            done = execute(sql, *others)
            if "set_config" in sql:
                other.submit(make.threaded(work)).result(20)
            return done

        with connection.execute_wrapper(step):
            yield


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", exporting.FORMATS)
def test_what_is_written_meanwhile_is_not_in_an_export(kind: str) -> None:
    project, who, vote, held = answered_project()
    settle.settle_project(project.pk)
    before = b"".join(exporting.stream(project, kind, {}))
    standing, free = [vote], [held]

    def write() -> None:
        change.edit(who, standing[0].pk, standing[0].version, {"labels": ["y"]})
        undone = change.undo(who, standing[0].pk, standing[0].version + 1)
        standing[0] = make.vote(who, free[0], "y").annotation
        assert undone is not None
        free[0] = undone
        make.item(project)
        settle.settle_project(project.pk)

    with beside(write):
        export = exporting.stream(project, kind, {})
    write()

    assert b"".join(export) == before
    assert Annotation.votes.filter(undone_at=None).count() == 1
    assert b"".join(exporting.stream(project, kind, {})) != before


@pytest.mark.django_db(transaction=True)
def test_a_vote_that_moves_from_item_to_item_is_in_each_export_once() -> None:
    project, who, vote, held = answered_project(2500, overlap=2)

    @make.threaded
    def move(vote: Annotation, held: Assignment) -> None:
        for _ in range(50):
            with transaction.atomic():
                free = change.undo(who, vote.pk, vote.version)
                vote = make.vote(who, held, "x").annotation
            assert free is not None
            held = free

    exports = []
    with ThreadPoolExecutor(1) as other:
        moving = other.submit(move, vote, held)
        while not moving.done():
            exports.append(told(exporting.stream(project, "jsonl", {})))
        moving.result()

    assert len(exports) > 1
    for rows in exports:
        assert len(rows) == 2500
        assert sum(len(row["votes"]) for row in rows) == 1


@pytest.mark.django_db(transaction=True)
def test_no_snapshot_is_open_once_the_first_byte_is_sent() -> None:
    project, *_ = answered_project()
    call = make.Caller(make.manager_of(project).user)

    answer = call("get", f"projects/{project.slug}/export/?format=jsonl")
    first = next(answer.streaming_content)

    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute(
            "SELECT state FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            " AND (state <> 'idle' OR backend_xmin IS NOT NULL)"
        )
        assert cursor.fetchall() == []
    other.close()
    assert first
    answer.close()


@pytest.mark.parametrize("read", [0, 1])
def test_a_client_that_goes_away_leaves_no_file(spool: Path, read: int) -> None:
    project, *_ = answered_project()
    call = make.Caller(make.manager_of(project).user)
    answer = call("get", f"projects/{project.slug}/export/")

    for _ in range(read):
        next(answer.streaming_content)
    assert not is_empty(spool)
    answer.close()

    assert is_empty(spool)


def test_an_export_that_is_refused_or_read_to_its_end_leaves_no_file(
    spool: Path,
) -> None:
    project, *_ = answered_project()

    with pytest.raises(InvalidInputError):
        exporting.stream(project, "jsonl", {"split": "nonsense"})
    told(exporting.stream(project, "jsonl", {}))

    assert is_empty(spool)


@pytest.mark.django_db(transaction=True)
def test_an_export_that_would_hold_its_snapshot_for_too_long_is_given_up(
    settings: Settings, spool: Path
) -> None:
    settings.EXPORT_MAX_SECONDS = 1
    project, *_ = answered_project()
    call = make.Caller(make.manager_of(project).user)
    path = f"projects/{project.slug}/export/"
    other = connection.copy()
    other.set_autocommit(False)
    with other.cursor() as cursor:
        cursor.execute("LOCK TABLE labeling_annotation IN ACCESS EXCLUSIVE MODE")

    answer = call("get", path)
    other.rollback()
    other.close()

    assert (answer.status_code, answer.json()["code"]) == (503, "takes_too_long")
    assert "EXPORT_MAX_SECONDS" in answer.json()["detail"]
    assert is_empty(spool)
    assert len(told(call("get", path).streaming_content)) == 3


@pytest.mark.django_db(transaction=True)
def test_a_database_that_goes_away_is_no_long_export() -> None:
    project, *_ = answered_project()
    call = make.Caller(make.manager_of(project).user)
    other = connection.copy()

    def leave() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    with beside(leave):
        answer = call("get", f"projects/{project.slug}/export/")
    connection.close()
    other.close()

    assert (answer.status_code, answer.json()["code"]) == (503, "try_again")


def test_a_full_disk_is_told_in_words(spool: Path) -> None:
    project, *_ = answered_project()
    call = make.Caller(make.manager_of(project).user)
    path = f"projects/{project.slug}/export/"
    most = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (10, most[1]))
    try:
        answer = call("get", path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)

    assert (answer.status_code, answer.json()["code"]) == (507, "no_space")
    assert is_empty(spool)
    assert len(told(call("get", path).streaming_content)) == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", exporting.FORMATS)
def test_an_export_says_what_proves_it(kind: str) -> None:
    project, *_ = answered_project()
    call = make.Caller(make.manager_of(project).user)
    begun = timezone.now()

    answer = call("get", f"projects/{project.slug}/export/?format={kind}")
    body = b"".join(answer.streaming_content)

    assert answer["X-Export-SHA256"] == hashlib.sha256(body).hexdigest()
    assert answer["X-Export-Rows"] == "3"
    assert begun <= datetime.fromisoformat(answer["X-Export-At"]) <= timezone.now()
    assert answer["Content-Length"] == str(len(body))
    assert (
        answer["Content-Disposition"] == f'attachment; filename="{project.slug}.{kind}"'
    )


def test_the_command_writes_a_file_and_says_what_proves_it(
    tmp_path: Path, spool: Path
) -> None:
    project, *_ = answered_project()
    file, said = tmp_path / "all.jsonl", io.StringIO()

    call_command("export", project.slug, output=file, stderr=said)

    assert len(told(iter([file.read_bytes()]))) == 3
    assert said.getvalue().startswith("3 rows as of 20")
    assert hashlib.sha256(file.read_bytes()).hexdigest() in said.getvalue()
    spool.rmdir()
    with pytest.raises(CommandError, match="No such file"):
        call_command("export", project.slug, output=file)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "abc"),
        ("split=evaluation", "bc"),
        ("state=settled", "ac"),
        ("split=evaluation&state=settled", "c"),
        ("split=evaluation&state=disputed", ""),
    ],
)
def test_an_export_has_the_chosen_items_with_their_votes(
    query: str, names: str
) -> None:
    project = make.project(free_choice=True)
    who = make.member(project)
    for name, split, state in (
        ("a", "pool", "settled"),
        ("b", "evaluation", "open"),
        ("c", "evaluation", "settled"),
    ):
        item = make.item(project, external_id=name, split=split)
        make.vote(who, chosen.lease(who, [name]).assignments[0], "x")
        Item.objects.filter(pk=item.pk).update(state=state)
    call = make.Caller(make.manager_of(project).user)

    answer = call("get", f"projects/{project.slug}/export/?{query}")

    rows = told(answer.streaming_content)
    assert [(row["external_id"], len(row["votes"])) for row in rows] == [
        (name, 1) for name in names
    ]
    assert answer["X-Export-Rows"] == str(len(names))


def test_an_unknown_filter_is_refused_before_anything_is_sent() -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)

    answer = call("get", f"projects/{project.slug}/export/?state=done")

    assert answer.status_code == 400
    assert "settled" in answer.json()["errors"]["state"][0]


@pytest.mark.parametrize("task_type", ["single", "multi"])
def test_any_text_comes_through_as_it_is(task_type: str) -> None:
    labels = ("x", 'y "\\ z')
    project = make.project(task_type=task_type, labels=labels)
    item = make.item(
        project,
        external_id=HOSTILE,
        data={"text": HOSTILE, "n": [1, 2.5, None, True]},
        metadata={HOSTILE: {}},
        tags=[HOSTILE, ""],
    )
    who = make.member(project, who=make.user("back\\slash é"))
    given = labels if task_type == "multi" else labels[1:]
    make.vote(who, make.lease(who)[0], *given)
    settle.settle_project(project.pk)

    line = b"".join(exporting.stream(project, "jsonl", {}))
    pieces = exporting.stream(project, "csv", {}, exporting.CsvStyle(raw=True))
    [cells] = csv.DictReader(io.StringIO(b"".join(pieces).decode(), newline=""))
    file = io.BytesIO(b"".join(exporting.stream(project, "parquet", {})))
    [values] = pq.read_table(file).to_pylist()

    row = json.loads(line)
    assert line.decode() == json.dumps(row, ensure_ascii=False) + "\n"
    assert row["external_id"] == HOSTILE
    assert (row["data"], row["tags"]) == (item.data, item.tags)
    assert row["metadata"] == item.metadata
    assert row["label"] == (sorted(given) if task_type == "multi" else given[0])
    assert row["votes"][0]["annotator"] == "back\\slash é"
    assert values["confidence"] == row["confidence"] == 1
    assert b'"confidence": 1.0, ' in line
    for flat in (cells, values):
        assert flat["external_id"] == HOSTILE
        assert flat["id"] in (item.pk, str(item.pk))
        for name in ("data", "tags", "metadata", "votes", "soft_label"):
            assert json.loads(flat[name]) == row[name]


def test_a_vote_of_no_item_of_the_project_is_not_passed_over_in_silence() -> None:
    _, _, vote, _ = answered_project()
    other = make.project()
    make.items(other, 2)
    Annotation.votes.filter(pk=vote.pk).update(project=other)

    with pytest.raises(RuntimeError, match=str(vote.item_id)):
        exporting.stream(other, "jsonl", {})


@pytest.mark.parametrize("kind", exporting.FORMATS)
def test_a_large_export_needs_no_more_memory(kind: str) -> None:
    project = make.project()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO labeling_item (project_id, external_id, data, metadata, tags,"
            " content_hash, group_key, split, state, votes, votes_wanted, is_unsettled,"
            " flags, created_at) SELECT %s, n, jsonb_build_object('text',"
            " repeat(n || ' word ', 800)), '{}', '{}', n, n, 'pool', 'open', 0, 1, false,"
            " 0, now() FROM generate_series(1, 6000) n",
            [project.pk],
        )
    # What is imported on the way stays.
    exporting.stream(answered_project()[0], kind, {}).file.close()

    tracemalloc.start()
    size = sum(len(piece) for piece in exporting.stream(project, kind, {}))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kind == "parquet" or size > 40 * 2**20
    assert most < 10 * 2**20


def labeled_project() -> Project:
    project = make.project()
    make.item(project, data={"text": "=1+1"}, external_id="=cmd")
    who = make.member(project)
    make.vote(who, make.lease(who)[0], "x")
    from labeling.services.votes import settle

    settle.settle_project(project.pk)
    return project


def test_every_exported_row_says_where_its_label_comes_from() -> None:
    project = labeled_project()

    row = json.loads(b"".join(exporting.stream(project, "jsonl", {})))

    assert set(row) == set(exporting.COLUMNS)
    assert (row["label"], row["label_source"], row["confidence"]) == (
        "x",
        "consensus",
        1,
    )
    assert row["votes"][0]["labels"] == ["x"]


def test_s26_formulas_are_made_harmless_in_csv_unless_raw() -> None:
    project = labeled_project()

    safe, raw = (
        next(csv.DictReader(io.StringIO(b"".join(pieces).decode())))["external_id"]
        for pieces in (
            exporting.stream(project, "csv", {}),
            exporting.stream(project, "csv", {}, exporting.CsvStyle(raw=True)),
        )
    )

    assert (safe, raw) == ("'=cmd", "=cmd")


def test_parquet_export_is_read_back() -> None:
    project = labeled_project()

    table = pq.read_table(
        io.BytesIO(b"".join(exporting.stream(project, "parquet", {})))
    )

    assert table.to_pylist()[0]["label"] == "x"


@pytest.mark.parametrize(("are_all", "reads"), [(True, False), (False, True)])
def test_votes_are_joined_with_their_items_only_where_some_are_chosen(
    *, are_all: bool, reads: bool
) -> None:
    values = {"project": 1, "state": None, "split": None, "are_all": are_all}
    query = STATEMENTS["copy_votes"].removeprefix("COPY (").rpartition(")")[0]
    query = query.rpartition(")")[0]

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {query}", values)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "labeling_annotation" in plan
    assert ("labeling_item" in plan) == reads
