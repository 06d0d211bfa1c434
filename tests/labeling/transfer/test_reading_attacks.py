"""Files that a first reading of ours merged, cut, lost or could not bear."""

from __future__ import annotations

import io
import json
import re
import resource
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from labeling.errors import ConflictError
from labeling.models import ImportRun, Item, Job, Resolution, Upload
from labeling.services.transfer import importing
from labeling.services.transfer.importing import listed, reading
from labeling.services.transfer.importing.dialect import ValueTerms
from labeling.services.transfer.importing.raw import FileError
from labeling.services.transfer.importing.reading import ReadingChoice
from labeling.services.work import jobs
from tests import make
from tests.labeling.transfer.files import bring, lines, start
from tests.labeling.transfer.test_reading import TERMS, rows_of
from tests.test_pages import browser

pytestmark = pytest.mark.django_db
TABLE = ValueTerms("table")
GOOD = {"text": "Grüße", "label": "good"}


def test_deep_json_in_a_list_is_refused_before_it_takes_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    deep = b"[" * 200_000 + b"]" * 200_000

    with pytest.raises(FileError, match="after row 1"):
        rows_of("x.json", b'[{"text": "a"}, {"text": "b", "m": ' + deep + b"}]")

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_the_rows_before_a_list_is_cut_are_kept() -> None:
    project = make.project()
    rows = [{"text": f"row {n}", "more": "word " * 500} for n in range(2500)]

    # The first rows, which are looked at before, are whole.
    run = start(project, "x.json", json.dumps(rows).encode()[:-3000])
    with pytest.raises(FileError, match="after row 2498"):
        jobs.run(run.job_id)

    run.refresh_from_db()
    assert run.created == run.received == project.items.count() == 2498
    assert Job.objects.get(pk=run.job_id).state == Job.State.FAILED


def test_values_of_a_list_are_as_those_of_lines() -> None:
    values = [
        '{"text": "a", "n": NaN, "m": -Infinity}',
        '{"text": "b", "n": 123456789012345678901234567890}',
        '{"text": "c", "n": {"k": 1, "k": 2}}',
        '{"text": "half \\ud800 of it"}',
        "5",
        '"five"',
        '{"text": "d"}',
    ]

    listed_rows = rows_of("x.json", f"[{', '.join(values)}]".encode())

    assert listed_rows == rows_of("x.jsonl", "\n".join(values).encode())
    assert listed_rows[:3] == [
        {"text": "a", "n": None, "m": None},
        {"text": "b", "n": 123456789012345678901234567890},
        "“k” stands there twice.",
    ]


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64])
def test_a_value_that_is_cut_between_two_reads_is_whole(piece: int) -> None:
    values: list[Any] = [
        {"text": 'say "é" \\ \ud83d\ude00', "n": [True, None, -1.5e-7]},
        {"a": {"b": [[]]}},
        {},
    ]
    data = json.dumps(values, indent=1)

    read = [value for value, _twice in listed.values(io.StringIO(data), 1000, piece)]

    assert read == json.loads(data)
    numbers = listed.values(io.StringIO("12 345 [6, 78]"), 1000, piece)
    assert [value for value, _twice in numbers] == [12, 345, 6, 78]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'[{"text": "a"}, {"text": oops}]', "after row 1: Expecting value"),
        (b'[{"text": "a"}, {"text": "b"}', "Behind row 2 the list has no end"),
        (b'[{"text": "' + b"a" * 9_000_000, "A value is too long"),
        (b'[{"text": "a"}] and more', "after row 1"),
    ],
    ids=["no-value", "no-end", "too-long", "more-behind"],
)
def test_what_is_no_json_is_named_with_its_place(data: bytes, why: str) -> None:
    with pytest.raises(FileError, match=why):
        rows_of("x.json", data)


def test_a_long_value_takes_a_time_in_proportion() -> None:
    data = json.dumps([{"text": "a" * 7_000_000}, {"text": "b"}])
    begun = time.process_time()

    assert len(rows_of("x.json", data.encode())) == 2
    assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    ("data", "terms", "rows"),
    [
        pytest.param(
            b",income,region\n0,12,a\n1,13,b\n",
            TABLE,
            [
                {"": "0", "income": "12", "region": "a"},
                {"": "1", "income": "13", "region": "b"},
            ],
            id="an-index-has-no-name",
        ),
        pytest.param(
            b"country,2019,2020\nA,x,2\nB,y,4\n",
            TABLE,
            [
                {"country": "A", "2019": "x", "2020": "2"},
                {"country": "B", "2019": "y", "2020": "4"},
            ],
            id="years-are-names",
        ),
        pytest.param(
            b"1,2\n3,4\n",
            TABLE,
            [{"column_1": "1", "column_2": "2"}, {"column_1": "3", "column_2": "4"}],
            id="numbers-are-none",
        ),
        pytest.param(
            b"I love it,Good\nI hate it, BAD",
            TERMS,
            [
                {"text": "I love it", "label": "Good"},
                {"text": "I hate it", "label": " BAD"},
            ],
            id="labels-of-another-case-are-values",
        ),
        pytest.param(
            b"good\nbad", TERMS, [{"text": "good"}, {"text": "bad"}], id="one-column"
        ),
        pytest.param(
            b"Preis, EUR;Name\n1,50;x\n2,50;y",
            TABLE,
            [{"Preis, EUR": "1,50", "Name": "x"}, {"Preis, EUR": "2,50", "Name": "y"}],
            id="a-comma-in-each-line",
        ),
        pytest.param(
            b"text,label\nhello\rworld,good\nx,bad\n",
            TERMS,
            [
                "There is a line end in a cell that is not in quotes.",
                {"text": "x", "label": "bad"},
            ],
            id="a-single-cr-ends-no-line",
        ),
        pytest.param(
            b'text,label\n"He said \\"yes\\"",good\n"C:\\temp\\new",bad\n"end\\\\",bad',
            TERMS,
            [
                {"text": 'He said "yes"', "label": "good"},
                {"text": "C:\\temp\\new", "label": "bad"},
                {"text": "end\\", "label": "bad"},
            ],
            id="a-backslash-escapes-quotes-alone",
        ),
        pytest.param(
            b"sep=\r\ntext,label\r\nhello,good",
            TERMS,
            [{"text": "hello", "label": "good"}],
            id="sep-of-nothing",
        ),
        pytest.param(
            "text,label\nПривет мир,good\n".encode("utf-16-le"),
            TERMS,
            [{"text": "Привет мир", "label": "good"}],
            id="utf16-of-another-alphabet-without-a-mark",
        ),
        pytest.param(
            ("text,label\n" + "这部电影非常好看我很喜欢" * 9 + ",good\n").encode(
                "utf-16-be"
            ),
            TERMS,
            [{"text": "这部电影非常好看我很喜欢" * 9, "label": "good"}],
            id="utf16-of-chinese-without-a-mark",
        ),
    ],
)
def test_a_table_is_read_as_people_mean_it(
    data: bytes, terms: ValueTerms, rows: list[dict[str, Any] | str]
) -> None:
    assert rows_of("x.csv", data, terms) == rows


def test_a_table_in_a_file_of_text_is_a_table() -> None:
    table = b"id;text;label\n1;hello;good\n2;bye;bad"

    assert rows_of("x.txt", table)[0] == {"id": "1", "text": "hello", "label": "good"}
    assert rows_of("x.txt", b"a,b\n1,2", TABLE) == [{"a": "1", "b": "2"}]
    assert rows_of("x.txt", b"Hello, you.\nBye, you.")[0] == {"text": "Hello, you."}


@pytest.mark.parametrize(
    ("written", "said"),
    [("utf-8-sig", "utf-8"), ("utf-16", "UTF16"), ("utf-16", "utf-16-le")],
)
def test_a_mark_is_no_part_of_a_name_whatever_is_said(written: str, said: str) -> None:
    choice = importing.choice_of(said, "", "")
    data = "text,label\nGrüße,good\n".encode(written)

    assert rows_of("x.csv", data, encoding=choice.encoding) == [GOOD]
    file = io.BytesIO(data)
    assert not reading.understand("x.csv", file, TERMS, choice).has_lines or (
        said == "utf-8"
    )


def test_what_is_said_holds_also_for_what_begins_like_json() -> None:
    rows = rows_of("x.jsonl", b"{a};b\n1;2\n", TABLE, delimiter=";", has_header=True)

    assert rows == [{"{a}": "1", "b": "2"}]


@pytest.mark.parametrize("name", [b"a\\u0000", b"a\\ud800"])
def test_a_name_that_cannot_be_kept_is_refused_with_its_row(name: bytes) -> None:
    row = b'{"%b": 1, "%b": 2}\n{"text": "ok"}' % (name, name)

    run = bring(make.project(), "x.jsonl", row)

    assert (run.job.state, run.created, run.rejected) == ("done", 1, 1)
    assert str(run.refusals[0].reason) == "“a\ufffd” stands there twice."


def test_excels_line_with_a_nul_is_no_error_of_ours() -> None:
    run = bring(make.project(), "x.csv", b"sep=\x00\ntext,label\nhi,good\n")

    assert run.created == 1


def test_tags_beyond_the_limit_are_refused_with_their_row() -> None:
    run = bring(make.project(), "x.jsonl", lines({"text": "a", "tags": ["t"] * 51}))

    assert str(run.refusals[0].reason) == "More than 50 tags."


def test_numbers_keep_each_digit_and_are_names_and_texts() -> None:
    project = make.project()
    rows = lines(
        {"text": 5, "external_id": 7.0, "by": {"ids": [1478720431326732291]}},
        {"text": "b", "external_id": {"x": 1}},
    )

    upload = importing.stage(project, None, "x.jsonl", [rows])
    shown = importing.preview(upload)
    run = bring(project, "x.jsonl", rows)

    item = Item.objects.get()
    assert item.data == {"text": "5", "by": {"ids": ["1478720431326732291"]}}
    assert item.external_id == "7"
    assert shown.problems == []
    assert str(run.refusals[0].reason) == "external_id must be a text or a number."


def test_which_columns_there_are_is_said_where_none_is_the_text() -> None:
    run = bring(make.project(), "x.csv", b"review,label\nhi,good", {"Review": "text"})

    why = "No column is the text: say which of these is: “review”, “label”."
    assert str(run.refusals[0].reason) == why
    assert any("does not have: Review" in str(note) for note in run.notes)


def test_a_file_is_imported_once_and_then_read_as_it_was() -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)
    url = f"/projects/{project.slug}/import/"
    upload = importing.stage(project, None, "x.csv", [b"text,label\na,good"])

    first = client.post(url, {"upload": upload.pk, "role:text": "text"})
    second = client.post(url, {"upload": upload.pk, "role:text": "text"})
    with pytest.raises(ConflictError):
        importing.choose(upload, ReadingChoice(delimiter=";"))
    jobs.run(ImportRun.objects.get().job_id)

    assert (first.status_code, second.status_code) == (302, 409)
    assert Item.objects.count() == 1


def test_on_the_page_a_reading_that_does_not_fit_leaves_the_choice() -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)
    url = f"/projects/{project.slug}/import/"
    upload = importing.stage(project, None, "x.csv", ['text\n"a"b,é\n'.encode()])
    bad = {"upload": str(upload.pk), "encoding": "utf-16"}

    wrong = client.post(url, {**bad, "delimiter": ",", "header": "yes"})
    broken = importing.stage(project, None, "x.csv", [b'"a"b,c\nd,e\n'])
    said = {"upload": broken.pk, "delimiter": ",", "header": "yes"}
    unread = client.post(url, {**said, "encoding": "utf-8"}, follow=True)

    for page in (wrong, unread):
        assert page.status_code == 400
        assert "Read it so" in page.content.decode()


def test_on_the_page_a_column_of_two_lines_gets_its_role_and_many_columns_go() -> None:
    project = make.project(data_type="table")
    client = browser(make.manager_of(project).user)
    url = f"/projects/{project.slug}/import/"
    names = [f"c{number}" for number in range(1500)]
    data = ",".join(['"label\n(given)"', *names]) + "\n" + ",".join(["x"] * 1501)
    upload = importing.stage(project, None, "x.csv", [data.encode()])
    roles = {f"role:{name}": name for name in names}

    # As browsers send line ends of names.
    sent = {"upload": upload.pk, **roles, "role:label\r\n(given)": "ignore"}
    form = "application/x-www-form-urlencoded"
    assert client.post(url, urlencode(sent), content_type=form).status_code == 302
    jobs.run(ImportRun.objects.get().job_id)

    assert set(Item.objects.get().data) == set(names)


def test_on_the_page_some_columns_of_very_many_get_roles_and_all_are_imported() -> None:
    project = make.project(data_type="table")
    client = browser(make.manager_of(project).user)
    url = f"/projects/{project.slug}/import/"
    names = [f"c{number}" for number in range(12_000)]
    data = ",".join(names) + "\n" + ",".join(["1"] * 12_000)
    upload = importing.stage(project, None, "x.csv", [data.encode()])

    page = client.get(url, {"upload": str(upload.pk)}).content.decode()
    shown = re.findall(r'name="(role:[^"]*)"', page)
    sent = {"upload": upload.pk, **dict.fromkeys(shown, "data")}
    form = "application/x-www-form-urlencoded"
    answer = client.post(url, urlencode(sent), content_type=form)
    jobs.run(ImportRun.objects.get().job_id)

    assert "10000 more columns are not shown" in page.replace(",", "")
    assert len(shown) == 2000
    assert answer.status_code == 302
    assert set(Item.objects.get().data) == set(names)


def send(project_slug: str, call: make.Caller, data: bytes, **said: str) -> Any:
    file = SimpleUploadedFile("x.csv", data)
    path = f"/api/projects/{project_slug}/imports/"
    return call.client.post(path, {"file": file, **said}, headers=call.headers)


def test_by_the_api_a_dry_run_shows_the_first_rows_and_keeps_nothing() -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)
    data = "review;label\nПривет;good\n;bad\n".encode("cp1251")

    shown = send(
        project.slug,
        call,
        data,
        dry_run="1",
        encoding="cp1251",
        dialect='{"delimiter": ";", "header": true}',
        map='{"review": "text"}',
    )

    assert shown.status_code == 200
    answer = shown.json()
    assert (answer["encoding"], answer["delimiter"]) == ("cp1251", ";")
    assert answer["columns"][0] == {"name": "review", "role": "text"}
    assert answer["rows"][0] == {"review": "Привет", "label": "good"}
    assert not Upload.objects.exists()
    assert not ImportRun.objects.exists()


def test_by_the_api_what_labels_are_is_said() -> None:
    project = make.project(labels=("good", "bad"))
    call = make.Caller(make.manager_of(project).user)

    send(project.slug, call, b"text,label\na,good", labels_are="gold")
    send(project.slug, call, b"text,label\nb,good", labels_are="data")
    send(project.slug, call, b"text,label\nc,good", gold="True")
    for run in ImportRun.objects.order_by("pk"):
        jobs.run(run.job_id)

    assert Resolution.objects.filter(labels=["good"]).count() == 2
    assert Item.objects.get(data__text="b").data == {"text": "b", "label": "good"}


@pytest.mark.parametrize(
    "said",
    [
        {"dryrun": "1"},
        {"dry_run": "perhaps"},
        {"gold": "maybe"},
        {"labels_are": "right"},
        {"map": "[]"},
        {"dialect": '{"quote": "x"}'},
        {"encoding": "idna"},
        {"encoding": "unicode_escape"},
    ],
    ids=lambda said: "-".join(said.values()),
)
def test_by_the_api_an_option_that_is_none_is_refused(said: dict[str, str]) -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)

    answer = send(project.slug, call, b"text\na", **said)

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {*said}
    assert not Upload.objects.exists()


def test_by_the_command_a_dry_run_prints_the_first_rows(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make.project()
    file = tmp_path / "x.csv"
    file.write_bytes("review;label\nGrüße;good".encode("cp1252"))

    call_command("import", project.slug, str(file), "--map=review=text", "--dry-run")

    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("Read as a table in CP1252 with “;”")
    assert printed[1:] == [
        "review: text",
        "label: label",
        "label good (1 rows): ?",
        '{"review": "Grüße", "label": "good"}',
    ]
    assert not Upload.objects.exists()


def test_k5_c33_c35_another_answer_for_a_known_content_is_refused_by_name() -> None:
    project = make.project(labels=("good", "bad"))
    rows = b"external_id,text,label\nc1,thanks,good\nc2,thanks,bad\nc3,thanks,good\n"

    first = bring(project, "x.csv", rows, gold=True)
    again = bring(project, "x.csv", b"external_id,text,label\nc1,thanks,bad", gold=True)

    why = "“c1” has this content, and its known answer is good: it stays."
    assert (first.created, first.duplicates, first.rejected) == (1, 1, 1)
    assert [(r.row, str(r.reason)) for r in first.refusals] == [(2, why)]
    assert (again.created, again.duplicates, again.rejected) == (0, 0, 1)
    assert str(again.refusals[0].reason) == why
    assert Resolution.objects.get().labels == ["good"]
