"""Files that gzip has folded are read as what is in them, or refused by name."""

from __future__ import annotations

import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import LazySettings

from labeling.models import Item
from labeling.services.transfer import importing
from labeling.services.transfer.importing import ReadingChoice, gzipped
from labeling.services.transfer.importing.raw import FileError
from labeling.services.transfer.limits import Limits
from tests import make
from tests.labeling.transfer.files import bring, lines, zipped

pytestmark = pytest.mark.django_db


def parquet() -> bytes:
    body = io.BytesIO()
    pq.write_table(pa.table({"text": ["hello", "bye"]}), body)
    return body.getvalue()


ROWS = [{"text": "hello"}, {"text": "bye"}]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.csv.gz", b"text\nhello\nbye\n"),
        ("x.tsv.gz", b"text\tn\nhello\t1\nbye\t2\n"),
        ("x.jsonl.gz", lines(*ROWS)),
        ("x.json.gz", b'[{"text": "hello"}, {"text": "bye"}]'),
        ("x.parquet.gz", parquet()),
        ("noend", lines(*ROWS)),
    ],
)
def test_x01_what_gzip_has_folded_is_read(name: str, data: bytes) -> None:
    run = bring(make.project(), name, gzip.compress(data))

    assert (run.received, run.created) == (2, 2)
    assert {*Item.objects.values_list("data__text", flat=True)} == {"hello", "bye"}


def test_it_is_said_and_a_choice_is_for_what_is_in_it() -> None:
    data = gzip.compress("text;n\nGrüße;1\n".encode("cp1252"))
    upload = importing.stage(make.project(), None, "x.csv.gz", [data])

    importing.choose(upload, ReadingChoice(encoding="cp1250"))
    shown = importing.preview(upload)

    assert shown.rows == [{"text": "Grüße", "n": "1"}]
    assert "Unfolded by gzip: x.csv." in [str(note) for note in shown.notes]


def test_the_name_in_its_header_tells_what_is_in_it() -> None:
    body = io.BytesIO()
    with gzip.GzipFile("reviews.tsv", "wb", fileobj=body) as folded:
        folded.write(b"text\tn, m\nhello\t1, 2\n")

    upload = importing.stage(make.project(), None, "download", [body.getvalue()])

    assert importing.reading_of(upload).inner == "reviews.tsv"
    assert importing.reading_of(upload).delimiter == "\t"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gzip.compress(b"text\n" + b"hello\n" * 999)[:40], "cut off"),
        (gzip.compress(b"text\nhello\n")[:-2] + b"xx", "Not a gzip file"),
        (b"\x1f\x8bxxxxxxxxxxxxxxxxxxxxxxxxxx", "Not a gzip file"),
        (gzip.compress(gzip.compress(b"text")), "of the kind gzip"),
        (gzip.compress(b"a" * 257 + b"ustar" + b"\0" * 250), "of the kind TAR"),
    ],
    # What is compressed holds the moment at which it was.
    ids=("cut", "changed", "other", "twice", "tar"),
)
def test_what_is_cut_off_or_damaged_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(FileError, match=words):
        importing.stage(make.project(), None, "x.csv.gz", [data])


def test_what_unfolds_beyond_measure_is_refused(settings: LazySettings) -> None:
    bomb = io.BytesIO(gzip.compress(b"0" * 2**22))
    limits = Limits(unpacked_bytes=2**20)

    with (
        pytest.raises(FileError, match="more than 1 MiB"),
        gzipped.opened(bomb, "x.csv.gz", limits),
    ):
        pass
    settings.IMPORT_MAX_BYTES = 2**21
    with (
        pytest.raises(FileError, match="more than 2 MiB"),
        gzipped.opened(bomb, "x.csv.gz"),
    ):
        pass


def test_a_table_in_a_zip_may_be_folded_too() -> None:
    files = {"d/train.csv.gz": gzip.compress(b"text\nhello\n")}

    run = bring(make.project(), "x.zip", zipped(files))

    assert (run.received, run.created) == (1, 1)
