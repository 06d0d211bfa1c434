"""Files as people have them: each case of the field reports, with the right value."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from labeling.models import ImportRun, Item, Project, Resolution
from labeling.services.transfer import importing
from labeling.services.transfer.importing import delimiters, dialect, readers, reading
from labeling.services.transfer.importing.dialect import ValueTerms
from labeling.services.transfer.importing.raw import FileError
from labeling.services.work import jobs
from tests import make
from tests.labeling.transfer.files import bring, zipped
from tests.test_pages import browser

pytestmark = pytest.mark.django_db
TERMS = ValueTerms("text", frozenset({"good", "bad"}))


def rows_of(
    name: str, data: bytes, terms: ValueTerms = TERMS, **said: Any
) -> list[dict[str, Any] | str]:
    """Return the rows of a file, and of those that cannot be read the reason."""
    file = io.BytesIO(data)
    way = reading.understand(name, file, terms, reading.ReadingChoice(**said))
    file.seek(0)
    return [
        dict(raw.values) if raw.values is not None else str(raw.problem)
        for raw in readers.read(way, file)
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_k1_c04_the_delimiter_is_found(delimiter: str) -> None:
    lines = ["text,label", "hello there; you,good", '"not, good",bad']
    data = "\n".join(lines).replace(",", delimiter).replace('"', '"')

    rows = rows_of("x.csv", data.encode()) if delimiter != ";" else None

    if rows is not None:
        expected = f"not{delimiter} good"
        assert rows[1] == {"text": expected, "label": "bad"}
    assert rows_of("x.csv", b"text|label\nhello there, you|good\nnot good|bad") == [
        {"text": "hello there, you", "label": "good"},
        {"text": "not good", "label": "bad"},
    ]


@pytest.mark.parametrize(
    ("name", "data", "rows"),
    [
        pytest.param(
            "x.csv",
            b"sep=;\ntext;label\nhello;good",
            [{"text": "hello", "label": "good"}],
            id="c05-sep",
        ),
        pytest.param(
            "x.csv",
            b'"text","label\n(given)"\nhello,good\nbye,bad',
            [
                {"text": "hello", "label\n(given)": "good"},
                {"text": "bye", "label\n(given)": "bad"},
            ],
            id="c06-header-of-two-lines",
        ),
        pytest.param(
            "x.csv",
            b"text,label\rhello,good\rbye,bad\r",
            [{"text": "hello", "label": "good"}, {"text": "bye", "label": "bad"}],
            id="c08-old-macs",
        ),
        pytest.param(
            "x.csv",
            "text,label\nGrüße,good\n".encode("utf-16"),
            [{"text": "Grüße", "label": "good"}],
            id="c10-utf16",
        ),
        pytest.param(
            "x.csv",
            "text,label\nGrüße,good\n".encode("utf-16-le"),
            [{"text": "Grüße", "label": "good"}],
            id="c10-utf16-without-a-mark",
        ),
        pytest.param(
            "unicode.txt",
            "text\tlabel\nGrüße\tgood\n".encode("utf-16"),
            [{"text": "Grüße", "label": "good"}],
            id="c10-excel-unicode-text",
        ),
        pytest.param(
            "x.jsonl",
            '{"text": "Grüße"}\n{"text": "b"}\n'.encode("utf-16"),
            [{"text": "Grüße"}, {"text": "b"}],
            id="c10-json-lines",
        ),
        pytest.param(
            "x.csv",
            "text,label\nplain,good\nGrüße,bad\n".encode("cp1252"),
            [{"text": "plain", "label": "good"}, {"text": "Grüße", "label": "bad"}],
            id="c11-windows",
        ),
        pytest.param(
            "x.csv",
            ("text,label\n" + "这部电影非常好看我很喜欢,good\n" * 3).encode("gbk"),
            [{"text": "这部电影非常好看我很喜欢", "label": "good"}] * 3,
            id="c11-chinese",
        ),
        pytest.param(
            "x.csv",
            ("text,label\n" + "Очень хороший фильм всем советую,good\n").encode(
                "cp1251"
            ),
            [{"text": "Очень хороший фильм всем советую", "label": "good"}],
            id="c11-russian",
        ),
        pytest.param(
            "x.csv",
            "text;label\nПривет, мир;good\nOK;bad\n".encode("cp1251"),
            [{"text": "Привет, мир", "label": "good"}, {"text": "OK", "label": "bad"}],
            id="c11-a-few-words-of-russian",
        ),
        pytest.param(
            "x.csv",
            ("text,label\n" + "Zażółć gęślą jaźń proszę bardzo,good\n").encode(
                "cp1250"
            ),
            [{"text": "Zażółć gęślą jaźń proszę bardzo", "label": "good"}],
            id="c11-polish",
        ),
        pytest.param(
            "x.csv",
            b"I love it,good\nI hate it,bad",
            [
                {"text": "I love it", "label": "good"},
                {"text": "I hate it", "label": "bad"},
            ],
            id="c22-no-header",
        ),
        pytest.param(
            "x.csv",
            b"text\nHello, world\nGood morning",
            [{"text": "Hello, world"}, {"text": "Good morning"}],
            id="c23-one-column",
        ),
        pytest.param(
            "lines.txt",
            b"Terrible service.\nReally great, thanks.\n\n",
            [{"text": "Terrible service."}, {"text": "Really great, thanks."}],
            id="c23-txt",
        ),
        pytest.param(
            "x.csv",
            "\x0c\n\u2028\ntext,label\nhello,good".encode(),
            [{"text": "hello", "label": "good"}],
            id="lines-end-where-the-reader-ends-them",
        ),
        pytest.param(
            "x.csv",
            b"\xef\xbb\xbftext,label\n" + "é,good\n".encode() * 12 + b"ab\xe9,bad",
            [
                *[{"text": "é", "label": "good"}] * 12,
                "Not UTF-8 at byte 3 of the line.",
            ],
            id="a-mark-moves-no-byte-of-other-lines",
        ),
        pytest.param(
            "x.csv",
            b"\n\n  \ntext,label\nhello,good",
            [{"text": "hello", "label": "good"}],
            id="empty-lines-first",
        ),
        pytest.param(
            "x.json",
            b'[{"text": "hello"}, {"text": "bye"}]',
            [{"text": "hello"}, {"text": "bye"}],
            id="j01-list",
        ),
        pytest.param(
            "x.json",
            json.dumps([{"text": "hello", "n": [1, 2.5, None]}], indent=2).encode(),
            [{"text": "hello", "n": [1, 2.5, None]}],
            id="j01-indented",
        ),
        pytest.param(
            "data",
            b'{\n "text": "hello"\n}\n{"text": "bye"}',
            [{"text": "hello"}, {"text": "bye"}],
            id="objects-after-each-other",
        ),
        pytest.param(
            "x.csv",
            b'[\n{"a": 1},\n{"a": 2}\n]',
            [{"a": 1}, {"a": 2}],
            id="j02-never-csv-what-begins-like-json",
        ),
        pytest.param(
            "x.csv",
            b'id,text\n1,"It said 5 and stopped\n2,second\n3,third\n4,fourth',
            [
                "A quote that is opened here is never closed.",
                {"id": "2", "text": "second"},
                {"id": "3", "text": "third"},
                {"id": "4", "text": "fourth"},
            ],
            id="k2-c14-a-quote-never-closed",
        ),
        pytest.param(
            "x.csv",
            b'text,label\n"He said \\"yes\\"",good\n"a, b",bad',
            [
                {"text": 'He said "yes"', "label": "good"},
                {"text": "a, b", "label": "bad"},
            ],
            id="k2-c16-backslash",
        ),
        pytest.param(
            "x.csv",
            b'text,label\n"a"b,good\nc,bad',
            [
                "There is something between a closing quote and the delimiter.",
                {"text": "c", "label": "bad"},
            ],
            id="k2-text-behind-a-quote",
        ),
        pytest.param(
            "x.csv",
            b"text,text,label\nfirst,second,good",
            [{"text": "first", "text_2": "second", "label": "good"}],
            id="k3-c18-two-columns-of-one-name",
        ),
        pytest.param(
            "x.jsonl",
            b'{"text": "a", "text": "b"}\n{"text": "c"}',
            ["“text” stands there twice.", {"text": "c"}],
            id="k3-two-values-of-one-name",
        ),
        pytest.param(
            "x.json",
            b'[{"text": "a", "text": "b"}, {"text": "c"}, 5]',
            ["“text” stands there twice.", {"text": "c"}, "Not a JSON object."],
            id="k3-two-values-in-a-list",
        ),
        pytest.param(
            "x.jsonl",
            b'{"text": "hello", "score": NaN, "n": [Infinity]}',
            [{"text": "hello", "score": None, "n": [None]}],
            id="k6-j06-nan",
        ),
        pytest.param(
            "x.csv",
            b"text,label\ncaf\xc3\xa9,good\n" * 20 + b"caf\xe9,bad\nok,good",
            [{"text": "café", "label": "good"}, {"text": "text", "label": "label"}] * 19
            + [
                {"text": "café", "label": "good"},
                "Not UTF-8 at byte 4 of the line.",
                {"text": "ok", "label": "good"},
            ],
            id="one-damaged-line-of-utf8",
        ),
    ],
)
def test_a_file_is_read_as_people_mean_it(
    name: str, data: bytes, rows: list[dict[str, Any] | str]
) -> None:
    assert rows_of(name, data) == rows


@pytest.mark.django_db
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_k1_most_rows_may_lack_a_cell_where_cells_are_in_quotes(delimiter: str) -> None:
    project = make.project()
    names = delimiter.join(f'"{name}"' for name in ("id", "text", "label", "note"))
    short = delimiter.join(f'"{cell}"' for cell in ("a", "x y", "n"))
    whole = delimiter.join(f'"{cell}"' for cell in ("b", "its text", "x", "n"))

    run = bring(
        project, "x.csv", f"{names}\n{short}\n{short}\n{short}\n{whole}".encode()
    )

    assert (run.created, run.rejected) == (1, 3)
    assert Item.objects.get(project=project).data == {"text": "its text", "note": "n"}


@pytest.mark.parametrize(
    "text",
    [
        '"Well," he said.\n"No," she said.\nBoth left.\n',
        '"one"\n"two"\n',
        'He said "no", twice\nand, then, left\n',
        '"a" b\n"c" d\n',
    ],
)
def test_k1_prose_with_quotes_has_no_delimiter(text: str) -> None:
    assert delimiters.delimiter_of("x.txt", text) == dialect.NO_DELIMITER


PROSE: Final = {
    "only one line can be read, and has a comma": (
        "She walked, and it rained.\n"
        '"Where are you going?" he asked.\n'
        '"Then stay!" he cried.\n'
    ),
    "the same line is the last one": (
        '"Where are you going?" he asked.\n'
        '"Then stay!" he cried.\n'
        "She walked, and it rained.\n"
    ),
    "with semicolons": 'He ran; she stood.\n"Stop!" he said.\n"Why?" she said.\n',
    "most lines are said by nobody": (
        "It rained.\nShe walked, and he, too, got wet.\n"
        '"No," she said, "not now."\n"Wait!" he said.\nThe end, at last.\n'
    ),
    "old Macs": 'He ran, at last.\r"Stop!" he said.\r"Why?" she said.\r',
}


@pytest.mark.parametrize("name", ["x.csv", "x.txt", "x"])
@pytest.mark.parametrize("text", PROSE.values(), ids=PROSE)
def test_k1_prose_in_which_somebody_speaks_is_one_text_per_line(
    text: str, name: str
) -> None:
    lines_ = [line for line in re.split("[\r\n]", text) if line]

    assert rows_of(name, text.encode()) == [{"text": line} for line in lines_]


@pytest.mark.parametrize(
    "text",
    [
        'text,label\n"Great" product,good\n"Meh" is all,bad\n',
        'text\n"Where?" he asked.\nShe walked, and it rained.\n',
        # Most records are as wide as each other.
        '"a, b","c"\n"d","e"\n"f" said g,"h"\n',
        '"a, b",c\nd,e\n"He" said,f\n',
    ],
)
def test_k1_a_table_with_a_broken_record_is_no_prose(text: str) -> None:
    file = io.BytesIO(text.encode())

    assert readers.understand("x.csv", file, TERMS).format == "csv"


def test_k1_c12_a_header_in_another_encoding_names_the_columns() -> None:
    data = "Größe,Gewicht\n12,80\n13,81\n14,82\n".encode("cp1252")

    rows = rows_of("x.csv", data, ValueTerms("table"))

    assert rows[0] == {"Größe": "12", "Gewicht": "80"}


def test_what_a_person_says_beats_every_guess() -> None:
    data = "text;label\nGrüße;good".encode("cp1252")

    assert rows_of("x.csv", data, delimiter=",")[-1] == {"text": "Grüße;good"}
    assert rows_of("x.txt", data, delimiter=";") == [{"text": "Grüße", "label": "good"}]
    assert rows_of("x.csv", data, has_header=False)[0] == {
        "text": "text",
        "column_2": "label",
    }
    assert rows_of("x.csv", data, encoding="cp1251")[0] != {
        "text": "Grüße",
        "label": "good",
    }


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (gzip.compress(gzip.compress(b'{"text":"hello"}')), "gzip"),
        (zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "Excel"),
        (b"%PDF-1.7", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel 97"),
    ],
    ids=["gzip", "xlsx", "pdf", "xls"],
)
def test_x01_x02_a_file_of_another_kind_is_named_before_anything_is_kept(
    data: bytes, why: str
) -> None:
    project = make.project()

    with pytest.raises(FileError, match=why):
        importing.stage(project, None, "x.csv", [data])


def test_k6_q01_texts_stored_as_bytes_are_texts() -> None:
    body = io.BytesIO()
    texts = pa.array([b"hello", "Grüße".encode(), b"\xff"], pa.binary())
    pq.write_table(pa.table({"text": texts, "age": [1.0, float("nan"), 3.0]}), body)

    run = bring(make.project(), "x.parquet", body.getvalue())

    kept = Item.objects.order_by("pk").values_list("data", flat=True)
    assert list(kept) == [{"text": "hello", "age": 1.0}, {"text": "Grüße", "age": None}]
    assert "no text" in str(run.refusals[0].reason)


def test_k6_j07_long_ids_keep_each_digit() -> None:
    row = b'{"external_id": 1478720431326732291, "text": "a tweet", "to": 9007199254740993}'

    bring(make.project(), "x.jsonl", row)

    item = Item.objects.get()
    assert item.external_id == "1478720431326732291"
    assert item.data["to"] == "9007199254740993"


def test_k6_c27_k7_c29_labels_are_found_as_people_write_them() -> None:
    numbers = make.project(labels=("0", "1"))
    several = make.project(
        task_type=Project.TaskType.MULTI, labels=("News", "sport", "a, b")
    )
    bring(numbers, "x.csv", b"text,label\nt1,1.0\nt2,\nt3,0.0", gold=True)
    rows = b'text,label\na,"news, Sport"\nb,NEWS|sport\nc,"[""news""]"\nd,"a, b"'
    bring(several, "x.csv", rows, gold=True)

    def known(project: Project) -> dict[str, list[str]]:
        known = Resolution.objects.filter(item__project=project)
        return dict(known.values_list("item__data__text", "labels"))

    assert known(numbers) == {"t1": ["1"], "t3": ["0"]}
    assert known(several) == {
        "a": ["News", "sport"],
        "b": ["News", "sport"],
        "c": ["News"],
        "d": ["a, b"],
    }


def test_k3_c19_names_of_columns_count_without_case_and_spaces() -> None:
    project = make.project(labels=("good", "bad"))

    run = bring(project, "x.csv", b"Text, Label\nhello, good", gold=True)

    assert run.created == 1
    assert Resolution.objects.get().labels == ["good"]


def test_k3_two_columns_for_one_thing_are_refused_by_name() -> None:
    mapping = {"title": "text", "body": "text"}

    run = bring(make.project(), "x.csv", b"title,body\na,b", mapping)

    assert "Two columns are the text" in str(run.refusals[0].reason)


def test_k4_o15_a_column_of_one_of_our_names_stays_data_where_a_person_says_so() -> (
    None
):
    project = make.project(data_type="table")
    data = b"title,votes,rating\nFilm A,1200,7.1"

    run = bring(project, "x.csv", data, {"votes": "data"})

    assert run.rejected == 0
    assert Item.objects.get().data == {
        "title": "Film A",
        "votes": "1200",
        "rating": "7.1",
    }


def test_k5_c26_labels_that_are_not_used_are_counted_and_said() -> None:
    run = bring(make.project(), "x.csv", b"text,label\na,good\nb,bad\nc,")

    assert any("2 rows have labels that were not used" in str(n) for n in run.notes)


def test_k5_c30_the_id_of_another_item_is_refused_by_name() -> None:
    project = make.project()
    rows = b"external_id,text\nx1,first version\nx1,second version\n"

    run = bring(project, "x.csv", rows)
    again = bring(project, "x.csv", b"external_id,text\nx1,third\nx2,first version")

    assert (run.created, run.duplicates, run.rejected) == (1, 0, 1)
    assert run.refusals[0].row == 2
    assert str(run.refusals[0].reason) == "“x1” is the id of another item."
    assert (again.created, again.duplicates, again.rejected) == (0, 1, 1)


def test_how_a_file_was_read_is_said() -> None:
    data = "text;label\nGrüße;good".encode("cp1252")

    run = bring(make.project(), "x.csv", data)

    assert "Read as a table in CP1252 with “;” between cells." in map(str, run.notes)


CELLS = st.text(
    st.characters(
        codec="utf-8", exclude_characters="\x00\ufeff", exclude_categories=["Cc"]
    )
    | st.sampled_from(['"', ",", ";", "\t", "|", "\n", "\\"]),
    max_size=12,
)


@hypothesis_settings(max_examples=150)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=8),
    delimiter=st.sampled_from(dialect.DELIMITERS),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_table_in_any_dialect_comes_back_as_it_was_written(
    rows: list[tuple[str, str, str]], delimiter: str, encoding: str
) -> None:
    body = io.StringIO(newline="")
    writer = csv.writer(body, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "label", "note"), *rows])

    read = rows_of("x.csv", body.getvalue().encode(encoding), delimiter=delimiter)

    assert len(read) == len(rows)
    for row, values in zip(rows, read, strict=True):
        if any(row):
            assert values == dict(zip(("text", "label", "note"), row, strict=True))


@hypothesis_settings(max_examples=150)
@given(
    st.binary(max_size=200), st.sampled_from(["x.csv", "x.txt", "x.jsonl", "x.json"])
)
def test_any_bytes_are_read_or_refused_in_words(data: bytes, name: str) -> None:
    try:
        rows = rows_of(name, data)
    except FileError:
        return
    assert all(rows)


def test_on_the_page_the_reading_is_shown_and_another_one_chosen() -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)
    url = f"/projects/{project.slug}/import/"
    data = "text;label\nПривет;good".encode("cp1251")
    sent = client.post(url, {"file": SimpleUploadedFile("x.csv", data)})

    key = {"upload": sent["Location"].partition("=")[2]}
    chosen = {"encoding": "cp1251", "delimiter": ";", "header": "yes"}
    shown = client.post(url, {**key, **chosen}, follow=True)
    wrong = client.post(url, {**key, "encoding": "klingon"})
    client.post(url, {**key, "role:label": "data"})
    jobs.run(ImportRun.objects.get().job_id)

    assert "Привет" in shown.content.decode()
    chosen_option = '<option value="cp1251" selected>Cyrillic (Windows-1251)</option>'
    assert chosen_option in " ".join(shown.content.decode().split())
    assert wrong.status_code == 400
    assert Item.objects.get().data == {"text": "Привет", "label": "good"}


def test_by_the_api_the_reading_is_said_and_what_is_none_is_named() -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)
    data = "text;label\nПривет;good".encode("cp1251")

    def send(**said: str) -> Any:
        file = SimpleUploadedFile("x.csv", data)
        path = f"/api/projects/{project.slug}/imports/"
        return call.client.post(path, {"file": file, **said}, headers=call.headers)

    wrong = send(encoding="klingon", delimiter="ab", header="perhaps")
    asked = send(encoding="cp1251", delimiter=";", header="yes")
    jobs.run(ImportRun.objects.get().job_id)

    assert wrong.status_code == 400
    assert set(wrong.json()["errors"]) == {"encoding", "delimiter", "header"}
    assert asked.status_code == 202
    assert Item.objects.get().data["text"] == "Привет"


def test_by_the_command_columns_get_roles_and_notes_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make.project()
    file = tmp_path / "x.csv"
    file.write_bytes("review;votes\nGrüße;12".encode("cp1252"))
    roles = ["--map", "review=text", "--map", "votes=data"]

    call_command("import", project.slug, str(file), *roles, "--delimiter", ";")

    assert Item.objects.get().data == {"text": "Grüße", "votes": "12"}
    assert "Read as a table in CP1252" in capsys.readouterr().err


def test_maps_of_parquet_are_objects_and_lose_no_value() -> None:
    kind = pa.map_(pa.string(), pa.int64())
    table = {
        "text": ["a", "b"],
        "m": pa.array([[("k", 1), ("l", 2)], [("k", 1), ("k", 2)]], kind),
    }

    assert rows_of("x.parquet", parquet_of(pa.table(table))) == [
        {"text": "a", "m": {"k": 1, "l": 2}},
        "A map has a key twice: one of its values would be lost.",
    ]


def test_k3_two_columns_of_parquet_with_one_name_are_both_kept() -> None:
    some = [pa.array(["one"]), pa.array(["two"])]
    table = pa.Table.from_arrays(some, names=["text", "text"])

    assert rows_of("x.parquet", parquet_of(table)) == [{"text": "one", "text_2": "two"}]


def parquet_of(table: Any) -> bytes:
    body = io.BytesIO()
    pq.write_table(table, body)
    return body.getvalue()


def test_a_header_of_millions_of_columns_is_refused_before_it_takes_memory() -> None:
    wide = b"text" + b"," * 100_000
    narrow = b",".join(b"a column with a long name %d" % n for n in range(30_000))

    for data in (wide + b"\n", wide, narrow + b"," * 7_000_000 + b"\n"):
        with pytest.raises(FileError, match="columns; at most 20,000 may be"):
            rows_of("x.csv", data)


@pytest.mark.parametrize("kind", ["text", "table"])
def test_a_column_alone_is_said_to_be_one(kind: str) -> None:
    project = make.project(data_type=kind)
    call = make.Caller(make.manager_of(project).user)

    shown = call.client.post(
        f"/api/projects/{project.slug}/imports/",
        {"file": SimpleUploadedFile("x.csv", b"text\none\ntwo\n"), "dry_run": "1"},
        headers=call.headers,
    ).json()

    assert shown["notes"] == ["Read as a table of one column in UTF-8."]
    assert shown["delimiter"] == ""


def test_what_has_no_encoding_states_none() -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)
    file = parquet_of(pa.table({"text": ["a"]}))

    shown = call.client.post(
        f"/api/projects/{project.slug}/imports/",
        {"file": SimpleUploadedFile("x.parquet", file), "dry_run": "1"},
        headers=call.headers,
    ).json()

    assert (shown["encoding"], shown["delimiter"]) == ("", "")


def test_empty_lines_behind_the_line_of_excel_are_no_header() -> None:
    for data in (b"sep=;\n\ntext;n\na;1\n", b"\nsep=\n\n\ntext;n\na;1\n"):
        assert rows_of("x.csv", data) == [{"text": "a", "n": "1"}]


def test_a_number_of_too_many_digits_is_named_in_words_of_ours() -> None:
    data = b'[{"text": "a"}, ' + b"9" * 5000 + b"]"

    with pytest.raises(FileError, match="row 1: a number has too many digits"):
        rows_of("x.json", data)


def test_k1_each_row_below_a_header_of_ours_may_lack_a_cell() -> None:
    data = b"external_id,text,label,note\na,,\nb,x,\n"

    assert rows_of("x.csv", data) == ["3 cells where 4 are expected."] * 2


def test_k1_each_line_of_json_may_be_damaged() -> None:
    data = b'{"text": "no end\n{"text": "no end\n{"text"'

    assert rows_of("x.jsonl", data) == ["Not JSON."] * 3
    # One object in several lines is one.
    assert rows_of("x.json", b'{"text":\n "a"}\n') == [{"text": "a"}]
