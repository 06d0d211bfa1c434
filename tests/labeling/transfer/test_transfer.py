"""Import and export: good rows kept, bad rows named, nothing twice."""

from __future__ import annotations

import csv
import importlib
import io
import json
import resource
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone
from PIL import Image

from labeling import queries
from labeling.errors import InvalidInputError
from labeling.models import Annotation, ImportRun, Item, Job, Media, Project, User
from labeling.services.transfer import exporting, importing
from labeling.services.transfer.importing import images, readers
from labeling.services.transfer.importing.run import Tally
from labeling.services.transfer.importing.votes import Annotators
from labeling.services.votes import settle
from labeling.services.work import jobs
from tests import make

pytestmark = pytest.mark.django_db
# The package has a function of this name.
writing = importlib.import_module("labeling.services.transfer.importing.run")


def bring(
    project: Project,
    name: str,
    data: bytes,
    mapping: Mapping[str, str] | None = None,
    *,
    gold: bool = False,
) -> ImportRun:
    upload = importing.stage(project, None, name, [data])
    run = importing.start(upload, None, mapping or {}, {"gold": gold})
    jobs.run(run.job_id)
    return ImportRun.objects.select_related("job").get(pk=run.pk)


def lines(*rows: object) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def picture(side: int = 20, shade: int = 90, kind: str = "PNG") -> bytes:
    body = io.BytesIO()
    Image.new("L", (side, side), shade).save(body, kind)
    return body.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return body.getvalue()


def test_good_rows_are_kept_and_bad_rows_named() -> None:
    project = make.project()
    data = b'{"id": "a", "text": "one"}\nnonsense\n{"id": "b", "text": ""}\n[1]\n'

    run = bring(project, "x.jsonl", data + lines({"id": "c", "text": "two"}))

    assert (run.received, run.created, run.rejected) == (5, 2, 3)
    assert [error["row"] for error in run.errors] == [2, 3, 4]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "caf\xe9"}', "UTF-8"),
        (b'{"text": "a\\u0000b"}', "NUL"),
        (b'{"text": "\\ud800"}', "surrogate"),
        (b'{"text": 5}', "no text"),
        (b'{"text": "x", "metadata": 3}', "metadata"),
        (b'{"text": "x", "n": NaN}', "NaN"),
        (b"[" * 5000, "JSON"),
    ],
)
def test_a_poisoned_line_costs_only_itself(line: bytes, reason: str) -> None:
    project = make.project()

    run = bring(project, "x.jsonl", line + b'\n{"text": "good"}\n')

    assert run.created == 1
    assert reason in run.errors[0]["reason"]


DEEP = "[" * 40 + "]" * 40
VOTE = '[{"annotator": "a", "label": "x"%s}]'
BAD_CELLS = [
    ("metadata", '{"a": NaN}', "NaN"),
    ("metadata", '{"a": -1e999}', "NaN and infinity"),
    ("metadata", '{"a": 9007199254740993}', "beyond 2^53"),
    ("metadata", '{"a": "\\u0000"}', "A text holds a NUL"),
    ("metadata", '{"\\u0000": 1}', "A text holds a NUL"),
    ("metadata", '{"a": "\\ud800"}', "A text holds half"),
    ("metadata", f'{{"a": {DEEP}}}', "The JSON is nested"),
    ("metadata", "[" * 100_000, "metadata is not JSON"),
    ("metadata", f'{{"a": {"9" * 5000}}}', "metadata is not JSON"),
    ("metadata", "5", "metadata must be an object"),
    ("tags", f"fine,{'t' * 81}", "tag has more than 80"),
    ("id", "i" * 201, "external_id has more than 200"),
    ("group", "g" * 201, "group has more than 200"),
    ("votes", "[" * 100_000, "votes is not JSON"),
    ("votes", f'[{{"annotator": {DEEP}}}]', "The JSON is nested"),
    ("votes", '[{"annotator": "\\u0000", "label": "x"}]', "A text holds a NUL"),
    ("votes", '[{"annotator": "\\udfff", "label": "x"}]', "A text holds half"),
    ("votes", '[{"annotator": "a", "label": "\\u0000"}]', "A text holds a NUL"),
    ("votes", VOTE % ', "seconds": NaN', "NaN"),
    ("votes", VOTE % ', "seconds": 1e308', "seconds must be"),
    ("votes", VOTE % ', "seconds": -0.1', "seconds must be"),
    ("votes", VOTE % ', "created_at": "0001-01-01T00:00:00+14:00"', "created_at"),
    ("votes", VOTE % ', "created_at": "9999-12-31T23:59:59-12:00"', "created_at"),
    ("votes", VOTE % ', "created_at": "24:00"', "created_at"),
    (
        "votes",
        '[{"annotator": "a b", "label": "x"}, {"annotator": "a_b", "label": "x"}]',
        "voted twice",
    ),
]


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
@pytest.mark.parametrize(("column", "cell", "reason"), BAD_CELLS)
def test_a_bad_cell_costs_only_its_row(
    kind: str, column: str, cell: str, reason: str
) -> None:
    project = make.project()
    rows = [
        {"text": "before", column: ""},
        {"text": "bad", column: cell},
        {"text": "after", column: ""},
    ]
    body = io.StringIO()
    writer = csv.DictWriter(body, ["text", column])
    writer.writeheader()
    writer.writerows(rows)
    data = lines(*rows) if kind == "jsonl" else body.getvalue().encode()

    run = bring(project, f"x.{kind}", data)

    assert (run.created, run.rejected) == (2, 1)
    assert run.errors[0]["row"] == 2
    assert reason in run.errors[0]["reason"]


@pytest.mark.parametrize(
    "values",
    [
        {"metadata": {"a": "\x00"}},
        {"metadata": {"a": float("inf")}},
        {"tags": ["fine", "\x00"]},
        {"tags": ["t" * 81]},
        {"group": "\ud800"},
        {"id": "\x00"},
        {"votes": [{"annotator": "\x00", "label": "x"}]},
        {"votes": [{"annotator": "a", "label": "x", "created_at": "0001-01-01"}]},
    ],
)
def test_a_bad_value_costs_only_its_row(values: Mapping[str, object]) -> None:
    project = make.project()
    rows = [{"text": "before"}, {"text": "bad", **values}, {"text": "after"}]

    run = bring(project, "x.jsonl", lines(*rows))

    assert (run.created, run.rejected) == (2, 1)
    assert run.errors[0]["row"] == 2


def test_what_lies_at_the_limits_is_kept() -> None:
    project = make.project()
    row = {
        "external_id": "🧑" * 200,
        "text": "one",
        "metadata": '{"a": [1.7976931348623157e308, 5e-324, "\\ud83e\\uddd1"]}',
        "tags": ["🧑" * 80] * 60,
        "group": "🧑" * 200,
        "votes": [
            {"annotator": "a" * 100, "label": "x", "created_at": "1900-01-01"},
            {"annotator": "b", "label": "x", "created_at": "2999-12-31T23:59-12:00"},
        ],
    }

    run = bring(project, "x.jsonl", lines(row))

    assert run.errors == []
    assert project.items.get().metadata["a"][2] == "🧑"
    assert Annotation.objects.count() == 2


def test_a_row_too_large_for_the_database_costs_only_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writing, "MAX_ROW", 2**20)
    project = make.project(data_type="table")
    rows = [{"a": "before"}, {"a": "x" * 2**20}, {"a": "after"}]

    run = bring(project, "x.jsonl", lines(*rows))

    assert (run.created, run.rejected) == (2, 1)
    assert "data has more than 1,048,576" in run.errors[0]["reason"]


def test_a_parquet_value_that_python_does_not_know_costs_only_its_row() -> None:
    body = io.BytesIO()
    moments = pa.array([0, 2**62, 1], pa.timestamp("us"))
    pq.write_table(pa.table({"id": ["a", "b", "c"], "at": moments}), body)
    project = make.project(data_type="table")

    run = bring(project, "x.parquet", body.getvalue())

    assert (run.created, run.rejected) == (2, 1)
    assert run.errors[0]["row"] == 2


def test_a_preview_names_rows_that_cannot_be_shown() -> None:
    project = make.project()
    data = lines({"text": "one"}, {"text": "\ud800"})

    shown = importing.preview(importing.stage(project, None, "x.jsonl", [data]))

    assert shown.rows == [{"text": "one"}]
    assert [problem["row"] for problem in shown.problems] == [2]


def test_pictures_that_are_damaged_inside_cost_only_themselves() -> None:
    project = make.project(data_type="image")
    odd = io.BytesIO()
    Image.new("L", (9, 9)).save(odd, "PNG", exif=b"Exif\0\0XX*\0junk")
    files = {"a/1.png": picture(), "a/2.png": odd.getvalue(), "a/3.png": picture(40)}
    data = bytearray(zipped({**files, "a/4.png": picture(60)}))
    at = data.index(b"a/3.png") + len("a/3.png")
    data[at : at + 20] = bytes(20)

    run = bring(project, "x.zip", bytes(data))

    assert (run.created, run.rejected) == (2, 2)
    assert [error["row"] for error in run.errors] == [2, 3]
    assert {error["reason"][:12] for error in run.errors} == {"Not an image"}


def test_the_same_file_again_creates_nothing() -> None:
    project = make.project()
    data = lines(
        {"id": "a", "text": "one"}, {"text": "two"}, {"id": "z", "text": "two"}
    )

    first, again = bring(project, "x.jsonl", data), bring(project, "x.jsonl", data)

    assert (first.created, first.duplicates) == (2, 1)
    assert (again.created, again.duplicates) == (0, 3)


@pytest.mark.parametrize("characters", [1, 60, 2**24])
def test_nothing_is_lost_between_the_parts_of_a_file(
    monkeypatch: pytest.MonkeyPatch, characters: int
) -> None:
    monkeypatch.setattr(writing, "CHARACTERS", characters)
    project = make.project()
    bring(project, "x.jsonl", lines({"external_id": "b", "text": "row 4"}))
    rows = [{"text": f"row {n}"} for n in (*range(10), 3, 3)]

    run = bring(project, "y.jsonl", lines(*rows, {"text": ""}))

    assert (run.received, run.created, run.duplicates, run.rejected) == (13, 9, 3, 1)
    assert {one.data["text"] for one in project.items.all()} == {
        f"row {n}" for n in range(10)
    }


@pytest.mark.parametrize("column", ["text", "metadata"])
def test_long_rows_are_written_in_smaller_parts(
    monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    monkeypatch.setattr(writing, "CHARACTERS", 2500)
    parts = []
    report = writing._report

    def noting(found: ImportRun, tally: Tally) -> None:
        parts.append(tally.received)
        report(found, tally)

    monkeypatch.setattr(writing, "_report", noting)
    long = {"text": "a" * 990, "metadata": {"a": "a" * 980}}
    rows = [{"text": "t", column: long[column], "n": n} for n in range(6)]

    bring(make.project(), "x.jsonl", lines(*rows))

    assert parts == [3, 6]


def test_a_file_that_breaks_in_the_midst_says_so_and_keeps_what_came_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaking(kind: str, file: object) -> Iterator[readers.Raw]:
        del kind, file
        for n in range(5):
            yield readers.Raw(n, {"text": f"row {n}"})
        raise InvalidInputError("The file ends too early.")

    monkeypatch.setattr(writing, "CHARACTERS", 30)
    project = make.project()
    upload = importing.stage(project, None, "x.jsonl", [lines({"text": "one"})])
    run = importing.start(upload, None, {}, {"evaluation_share": 0.1})
    monkeypatch.setattr(readers, "read", breaking)

    with pytest.raises(InvalidInputError, match="too early"):
        jobs.run(run.job_id)

    run.refresh_from_db()
    assert (run.job.state, run.job.error) == ("failed", "The file ends too early.")
    assert run.created == project.items.count() == 4


@pytest.mark.django_db(transaction=True)
def test_the_same_rows_in_opposite_order_at_the_same_moment_are_kept_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both_write = Barrier(2)
    parse = writing.parse

    def meeting(raw: Mapping[str, object], *rest: object) -> object:
        if raw["text"] == "row 1000":
            with suppress(BrokenBarrierError):
                both_write.wait(timeout=2)
        return parse(raw, *rest)

    project = make.project()
    # More than what waits in the memory of either side of a COPY.
    rows = [{"text": f"row {n}", "more": "word " * 1000} for n in range(2000)]
    files = [lines(*rows), lines(*rows[::-1])]
    monkeypatch.setattr(writing, "parse", meeting)

    @make.threaded
    def send(data: bytes) -> ImportRun:
        return bring(project, "x.jsonl", data)

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(send, files))

    assert [run.job.state for run in runs] == ["done", "done"]
    assert sum(run.created for run in runs) == project.items.count() == 2000
    assert sum(run.duplicates for run in runs) == 2000


def test_csv_with_quotes_breaks_and_bad_bytes() -> None:
    project = make.project()
    data = b'id;text\n1;"a\nb"\n2;"c;d"\n3\n' + b"4;caf\xe9\n5;ok\n"

    run = bring(project, "x.csv", data)

    texts = Item.objects.order_by("external_id").values_list("data__text", flat=True)
    assert list(texts) == ["a\nb", "c;d", "ok"]
    assert run.rejected == 2


def test_a_table_with_the_line_ends_of_old_fails_with_its_reason() -> None:
    upload = importing.stage(make.project(), None, "x.csv", [b"a,b\rc,d\r"])
    run = importing.start(upload, None, {}, {})

    with pytest.raises(InvalidInputError, match="Not CSV: "):
        jobs.run(run.job_id)


def test_parquet_rows_are_read() -> None:
    body = io.BytesIO()
    table = pa.Table.from_pylist(
        [{"id": "a", "width": 1.5}, {"id": "b", "width": None}]
    )
    pq.write_table(table, body)
    project = make.project(data_type="table")

    run = bring(project, "x.parquet", body.getvalue())

    assert run.created == 1
    assert Item.objects.get().data == {"width": 1.5}


def test_html_stays_text() -> None:
    project = make.project()
    hostile = "<img src=x onerror=alert(1)>"

    bring(project, "x.jsonl", lines({"text": hostile, "id": hostile}))

    assert Item.objects.get().data["text"] == hostile


def test_class_folders_become_gold_when_asked_for() -> None:
    project = make.project(data_type="image", labels=("cat", "dog"))
    files = {"cat/1.png": picture(shade=10), "dog/2.png": picture(shade=200)}

    run = bring(project, "x.zip", zipped(files), gold=True)

    assert run.created == 2
    assert queries.progress(project).settled == 2


def test_bad_pictures_cost_only_themselves() -> None:
    project = make.project(data_type="image")
    bomb = io.BytesIO()
    Image.new("1", (13000, 13000)).save(bomb, "PNG")
    files = {
        "a/svg.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "a/bomb.png": bomb.getvalue(),
        "a/cut.png": picture()[:40],
        "a/zeros.png": bytes(24 * 2**20),
        "../../out.png": picture(shade=7),
        "a/good.jpg": picture(kind="JPEG"),
    }

    run = bring(project, "x.zip", zipped(files))

    assert (run.created, run.rejected) == (1, 4)
    assert all(
        ".." not in media
        for media in Item.objects.values_list("media__path", flat=True)
    )


def test_a_photo_stays_one_upright_and_without_what_else_was_in_it() -> None:
    project = make.project(data_type="image")
    photo, body = Image.new("RGB", (40, 20), "teal"), io.BytesIO()
    told = photo.getexif()
    told[0x0112] = 6  # turned by a quarter
    told[0x9286] = "taken at home"
    photo.save(body, "JPEG", exif=told)

    bring(project, "x.zip", zipped({"a.jpg": body.getvalue()}))

    media = Media.objects.get()
    with default_storage.open(media.path) as file, Image.open(file) as kept:
        assert (kept.format, kept.size, dict(kept.getexif())) == ("JPEG", (20, 40), {})
    assert (media.mime, media.width, media.height) == ("image/jpeg", 20, 40)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("x.parquet", b"PAR1junk", "Not a Parquet file that can be read: "),
        ("x.zip", b"PKjunk", "Not a ZIP file that can be read."),
    ],
)
def test_a_broken_file_fails_with_its_reason(name: str, data: bytes, why: str) -> None:
    project = make.project()
    upload = importing.stage(project, None, name, [data])
    run = importing.start(upload, None, {}, {})

    with pytest.raises(InvalidInputError, match="Not a"):
        jobs.run(run.job_id)

    run.job.refresh_from_db()
    assert run.job.state == "failed"
    assert run.job.error.startswith(why)
    call = make.Caller(make.manager_of(project).user)
    for path in (f"imports/{run.pk}/", f"jobs/{run.job_id}/"):
        told = call(
            "get", f"projects/{project.slug}/{path}", **{"Accept-Language": "de"}
        )
        assert told.json()["error"].startswith("Keine ")


def test_a_picture_that_was_cut_off_is_written_anew() -> None:
    data = zipped({"a.png": picture()})
    first, second = (make.project(data_type="image") for _ in range(2))
    bring(first, "x.zip", data)
    media = Media.objects.get()
    with default_storage.open(media.path) as file:
        whole = file.read()
    for part in (b"", whole[:9]):
        Path(default_storage.path(media.path)).write_bytes(part)

        bring(second, "x.zip", data)

        with default_storage.open(media.path) as file:
            assert file.read() == whole
    assert Media.objects.get() == second.items.get().media
    assert len(default_storage.listdir(media.path.rpartition("/")[0])[1]) == 1


def test_an_import_is_heard_of_between_slow_pictures_and_before_it_writes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writing, "BREATH", -1)
    told = []
    report = jobs.Progress.report

    def noting(self: jobs.Progress, **changes: object) -> None:
        depth = len(connection.savepoint_ids)
        told.append((Item.objects.count(), depth, changes.get("done")))
        report(self, **changes)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs.Progress, "report", noting)
    project = make.project(data_type="image")
    files = {f"{n}.png": picture(shade=20 * n) for n in range(3)}
    outside = len(connection.savepoint_ids)

    bring(project, "x.zip", zipped({**files, "bad.png": b"bad"}))

    assert told == [(0, outside, None)] * 4 + [(3, outside, 4)]


def test_an_import_that_is_cancelled_between_pictures_keeps_no_half_of_a_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writing, "BREATH", -1)
    store = images.store

    def cancelling(data: bytes) -> tuple[Media, str]:
        jobs.cancel(Job.objects.get())
        return store(data)

    monkeypatch.setattr(images, "store", cancelling)
    files = {f"{n}.png": picture(shade=20 * n) for n in range(3)}

    run = bring(make.project(data_type="image"), "x.zip", zipped(files))

    assert run.job.state == "cancelled"
    assert not Item.objects.exists()
    assert not Media.objects.exists()


def test_near_duplicates_share_a_group_and_a_side() -> None:
    project = make.project()
    bring(project, "x.jsonl", lines({"text": "Hello, World"}, {"text": "hello world!"}))

    assert Item.objects.values("group_key", "split").distinct().count() == 1


def test_small_files_give_enough_for_evaluation() -> None:
    project = make.project()

    run = bring(project, "x.jsonl", lines(*({"text": f"t {n}"} for n in range(100))))

    assert run.options["evaluation_share"] == pytest.approx(0.3)
    assert 10 < Item.objects.filter(split="evaluation").count() < 50


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
            exporting.stream(project, "csv", {}, raw=True),
        )
    )

    assert (safe, raw) == ("'=cmd", "=cmd")


def test_parquet_export_is_read_back() -> None:
    project = labeled_project()

    table = pq.read_table(
        io.BytesIO(b"".join(exporting.stream(project, "parquet", {})))
    )

    assert table.to_pylist()[0]["label"] == "x"


def test_import_and_export_over_http() -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)
    path = f"/api/projects/{project.slug}/imports/"
    answer = call.client.post(
        path,
        data=lines({"text": "one"}),
        content_type="application/x-ndjson",
        headers=call.headers,
    )

    assert answer.status_code == 202
    assert (
        call("get", f"projects/{project.slug}/imports/{answer.json()['id']}/").json()[
            "state"
        ]
        == "queued"
    )
    jobs.run(ImportRun.objects.get().job_id)
    for kind in exporting.FORMATS:
        exported = call("get", f"projects/{project.slug}/export/?format={kind}")
        assert exported.status_code == 200
        assert b"".join(exported.streaming_content)
    assert call("get", f"projects/{project.slug}/export/?format=exe").status_code == 400


def test_an_import_is_cancelled_over_http() -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)
    annotator = make.Caller(make.member(project).user)
    upload = importing.stage(project, None, "x.jsonl", [lines({"text": "one"})])
    run = importing.start(upload, None, {}, {})
    path = f"projects/{project.slug}/imports/{run.pk}/"

    assert call("post", path).status_code == 405
    assert annotator("post", f"{path}cancel/").status_code == 403
    assert call("post", f"{path}cancel/").json()["state"] == "cancelled"
    jobs.run(run.job_id)
    assert call("get", path).json()["state"] == "cancelled"
    assert not project.items.exists()


def test_pictures_are_for_members_only() -> None:
    project = make.project(data_type="image")
    bring(project, "x.zip", zipped({"a/1.png": picture()}))
    media = Item.objects.get().media
    assert media is not None
    sha256 = media.sha256
    path = f"projects/{project.slug}/media/{sha256}/"

    shown = make.Caller(make.member(project).user)("get", path)

    assert shown.headers["Content-Type"] == "image/png"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert make.Caller(make.user())("get", path).status_code == 404


def large(project: Project, width: int, height: int, kind: str = "PNG") -> str:
    """Bring a large picture; return where it is."""
    body = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(body, kind)
    bring(project, "x.zip", zipped({"a.png": body.getvalue()}))
    media = Item.objects.get(project=project).media
    assert media is not None
    return f"projects/{project.slug}/media/{media.sha256}/"


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_small_picture_is_made_once_with_the_same_care(kind: str) -> None:
    project = make.project(data_type="image")
    path = large(project, 900, 600, kind)
    call = make.Caller(make.member(project).user)

    whole, small, again = (
        call("get", path + size) for size in ("", "?size=256", "?size=256")
    )

    with Image.open(io.BytesIO(small.content)) as shown:
        assert (shown.format, shown.size) == ("WEBP", (256, 171))
    assert small.headers["Content-Type"] == "image/webp"
    assert len(small.content) < len(whole.content) / 4
    assert small.content == again.content
    for name in ("Cache-Control", "Content-Security-Policy", "X-Content-Type-Options"):
        assert small.headers[name] == whole.headers[name]
    _, files = default_storage.listdir(f"thumbnails/256/{path.split('/')[-2][:2]}")
    assert len(files) == 1
    assert make.Caller(make.user())("get", f"{path}?size=256").status_code == 404


def test_a_small_picture_that_was_cut_off_is_made_anew() -> None:
    project = make.project(data_type="image")
    path = large(project, 600, 900) + "?size=256"
    call = make.Caller(make.member(project).user)
    right = call("get", path).content
    name = f"thumbnails/256/{path.split('/')[-2][:2]}/{path.split('/')[-2]}.webp"
    default_storage.delete(name)
    default_storage.save(name, ContentFile(right[:100]))

    assert call("get", path).content == right
    with default_storage.open(name) as file:
        assert file.read() == right


def test_no_picture_is_made_larger_nor_of_any_other_size() -> None:
    project = make.project(data_type="image")
    path = large(project, 300, 200)
    call = make.Caller(make.member(project).user)

    assert call("get", f"{path}?size=1024").content == call("get", path).content
    for size in ("0", "255", "99999", "x", "256.0"):
        refused = call("get", f"{path}?size={size}")
        assert refused.status_code == 400
        assert "256, 1024" in refused.json()["errors"]["size"][0]


MIGRATED = {
    "external_id": "a",
    "text": "one",
    "votes": [
        {"annotator": "Jane Doe", "label": "x", "seconds": 2.5},
        {"annotator": "tom", "label": "y", "created_at": "2024-05-01T10:00:00Z"},
    ],
}


def test_past_votes_arrive_once_from_inactive_accounts() -> None:
    project = make.project(overlap=2)

    for _ in range(2):
        bring(project, "x.jsonl", lines(MIGRATED))

    votes = Annotation.objects.order_by("pk").values_list(
        "annotator__username", "annotator__is_active", "labels", "seconds", "reason"
    )
    assert list(votes) == [
        ("Jane_Doe", False, ["x"], 2.5, "import"),
        ("tom", False, ["y"], None, "import"),
    ]
    settle.settle_project(project.pk)
    assert Item.objects.get().state == Item.State.DISPUTED
    assert queries.progress(project).votes == 2


def test_past_votes_never_use_a_strangers_account() -> None:
    stranger = make.user("tom")
    project = make.project()

    bring(project, "x.jsonl", lines(MIGRATED))

    assert not stranger.annotations.exists()
    assert Annotation.objects.filter(annotator__username=f"tom@{project.slug}").exists()


@pytest.mark.django_db(transaction=True)
def test_past_votes_of_one_name_come_into_two_projects_at_the_same_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    projects = [make.project(), make.project()]
    both_ask = Barrier(2, timeout=5)
    named = Annotators.named

    def meeting(self: Annotators, names: Iterable[str]) -> dict[str, User]:
        both_ask.wait()
        return named(self, names)

    monkeypatch.setattr(Annotators, "named", meeting)

    @make.threaded
    def send(project: Project) -> ImportRun:
        return bring(project, "x.jsonl", lines(MIGRATED))

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(send, projects))

    assert [(run.job.state, run.created) for run in runs] == [("done", 1)] * 2
    assert Annotation.objects.values("annotator").distinct().count() == 4


@pytest.mark.parametrize(
    "votes",
    [
        "nonsense",
        7,
        [7],
        [{"label": "x"}],
        [{"annotator": "a", "label": "unknown"}],
        [{"annotator": "a"}],
        [{"annotator": "a", "label": "x"}, {"annotator": "a", "label": "y"}],
        [{"annotator": "a", "label": "x", "seconds": "NaN"}],
        [{"annotator": "a", "label": "x", "created_at": "yesterday"}],
    ],
)
def test_a_row_with_votes_that_cannot_be_kept_is_named(votes: object) -> None:
    project = make.project()

    run = bring(
        project,
        "x.jsonl",
        lines({"id": "a", "text": "one", "votes": votes}, {"id": "b", "text": "two"}),
    )

    assert (run.created, run.rejected) == (1, 1)
    assert run.errors[0]["row"] == 1


def test_imported_files_are_deleted_and_waiting_ones_kept() -> None:
    project = make.project()
    run = bring(project, "x.jsonl", lines({"text": "one"}))
    waiting = importing.stage(project, None, "y.jsonl", [lines({"text": "two"})])

    assert importing.forget_files() == 1

    run.refresh_from_db()
    assert run.upload is None
    assert default_storage.exists(waiting.path)


@pytest.fixture(scope="module")
def zeros(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a ZIP of one MiB that unpacks to one GiB, as a list and as a picture."""
    file = tmp_path_factory.mktemp("zeros") / "zeros.zip"
    block = bytes(2**24)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in ("items.jsonl", "a/zeros.png"):
            with archive.open(name, "w", force_zip64=True) as entry:
                for _ in range(64):
                    entry.write(block)
        archive.writestr("a/good.png", picture())
    return file


def test_a_gigabyte_of_zeros_is_refused_in_flat_memory(zeros: Path) -> None:
    project = make.project(data_type="image")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    run = bring(project, "zeros.zip", zeros.read_bytes())

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 120 * 1024  # KiB
    assert (run.created, run.rejected) == (0, 1)
    assert "too long" in run.errors[0]["reason"]


def test_a_list_of_many_rows_is_read_in_flat_memory() -> None:
    project = make.project()
    rows = (
        json.dumps({"external_id": str(n), "text": f"{n} {'word ' * 200}"})
        for n in range(5000)
    )
    data = "\n".join(rows).encode()
    bring(project, "first.jsonl", data[: data.index(b"\n", len(data) // 5)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    run = bring(project, "x.jsonl", data)

    assert run.created + run.duplicates == 5000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40 * 1024


def test_the_import_command_waits_for_a_worker_that_was_quicker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = make.project()
    upload = importing.stage(project, None, "x.jsonl", [lines({"text": "one"})])
    run = importing.start(upload, None, {}, {})
    claimed = jobs.claim(run.job_id)
    assert claimed is not None
    waited = []

    def worker_ends(seconds: float) -> None:
        waited.append(seconds)
        importing.run(claimed)
        Job.objects.update(state="done", finished_at=timezone.now())

    monkeypatch.setattr("labeling.services.work.jobs.time.sleep", worker_ends)

    assert jobs.finish(run.job_id).state == "done"
    assert waited == [jobs.PAUSE]
    assert Item.objects.filter(project=project).count() == 1
