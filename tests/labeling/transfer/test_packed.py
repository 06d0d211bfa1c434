"""ZIPs as people have them: each file ends in exactly one count."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from labeling.models import Gold, ImportRun, Item, Project
from labeling.services.transfer import importing
from tests import make
from tests.labeling.transfer.files import bring, lines, picture, zipped
from tests.labeling.transfer.test_coming_back import LABELS, exported_row

pytestmark = pytest.mark.django_db
SAMPLES: Final = Path(__file__).with_name("samples")
A, B, C = (picture(20, shade) for shade in (30, 120, 220))


def images() -> Project:
    return make.project(data_type="image", labels=("cat", "dog"))


def known() -> dict[str, list[str]]:
    return dict(Gold.objects.values_list("item__data__image", "labels"))


def refused(run: ImportRun) -> dict[str, str]:
    reasons = (str(refusal.reason).split(": ", 1) for refusal in run.refusals)
    return dict(reasons)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mydata/items.csv", "image,label\nimgs/a.png,cat\nimgs/b.png,dog"),
        ("items.csv", "image,label\nmydata/imgs/a.png,cat\nmydata/imgs/b.png,dog"),
        (
            "metadata.csv",
            "file_name,label\nmydata/imgs/a.png,cat\nmydata/imgs/b.png,dog",
        ),
        ("mydata/imgs/metadata.csv", "file_name,label\na.png,cat\nb.png,dog"),
        ("mydata/Metadata.CSV", "file_name;label\n./imgs/A.PNG;cat\nimgs\\b.png;dog"),
        ("mydata/labels.csv", "Filename,label\n/imgs/a.png,cat\nimgs//b.png,dog"),
        (
            "mydata/metadata.jsonl",
            (
                '{"file_name": "imgs/a.png", "label": "cat"}\n'
                '{"file_name": "imgs/b.png", "label": "dog"}'
            ),
        ),
    ],
)
def test_z02_z03_z04_a_list_is_found_and_its_paths_are_read_as_people_write_them(
    name: str, text: str
) -> None:
    files = {"mydata/imgs/a.png": A, "mydata/imgs/b.png": B, name: text.encode()}

    run = bring(images(), "x.zip", zipped(files), gold=True)

    assert (run.received, run.created, run.rejected) == (2, 2, 0)
    assert [*known().values()] == [["cat"], ["dog"]]


def test_z08_each_file_of_a_zip_ends_in_one_count() -> None:
    files = {
        "ok.png": A,
        "noext": B,
        "pic.jfif": picture(20, 60, "JPEG"),
        "__other__/c.png": C,
        "photo.heic": b"\0\0\0\x18ftypheic",
        "README.md": b"about",
        "cut.jpg": picture(40, 60, "JPEG")[:200],
        "__MACOSX/._ok.png": b"notes",
        ".DS_Store": b"notes",
        "mydata/Thumbs.db": b"notes",
    }

    run = bring(images(), "x.zip", zipped(files))

    assert (run.received, run.created, run.rejected) == (7, 4, 3)
    assert set(refused(run)) == {"photo.heic", "README.md", "cut.jpg"}


def test_what_is_listed_and_not_there_or_there_and_not_listed_is_named() -> None:
    files = {
        "items.csv": b"image,label\na.png,cat\ngone.png,dog\na.png,cat",
        "a.png": A,
        "more.png": B,
        "train.csv": b"x",
    }

    run = bring(images(), "x.zip", zipped(files))

    assert (run.received, run.created, run.duplicates, run.rejected) == (5, 1, 1, 3)
    assert refused(run) == {
        "items.csv": "Its image is not in the ZIP: gone.png",
        "more.png": "It is not in the list.",
        "train.csv": "It is not used: a list of pictures is called items or metadata,"
        " with .csv or .jsonl.",
    }


def test_without_case_a_path_is_found_only_where_it_means_one_file() -> None:
    files = {"items.csv": b"image\nA.png\n", "a.PNG": A, "a.png": B}

    run = bring(images(), "x.zip", zipped(files))

    assert (run.created, run.rejected) == (0, 3)


def test_class_folders_are_labels_and_one_folder_of_everything_is_none() -> None:
    bring(images(), "x.zip", zipped({"d/cat/a.png": A, "d/dog/b.png": B}), gold=True)
    labels = known()
    flat = bring(images(), "x.zip", zipped({"d/a.png": A, "d/b.png": B}), gold=True)

    assert labels == {"d/cat/a.png": ["cat"], "d/dog/b.png": ["dog"]}
    assert (flat.created, flat.rejected) == (2, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "shift_jis"])
def test_names_in_other_encodings_are_found(encoding: str) -> None:
    name = {"utf-8": "Grüße.png", "cp1251": "Привет мир.png"}.get(
        encoding, "とても良い映画でした.png"
    )
    marker = "x" * len(name.encode(encoding))
    body = zipped({marker: A}).replace(marker.encode(), name.encode(encoding))

    run = bring(images(), "x.zip", body)

    assert run.created == 1
    assert Item.objects.get().data["image"] == name


def test_names_that_a_mac_takes_apart_are_the_same() -> None:
    files = {"items.csv": "image\nGrüße.png".encode(), "Gru\u0308ße.png": A}

    assert bring(images(), "x.zip", zipped(files)).created == 1


def test_a_name_that_stands_twice_is_refused_once() -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("a.png", A)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.png", B)

    run = bring(images(), "x.zip", body.getvalue())

    assert (run.received, run.created, run.rejected) == (2, 1, 1)


def test_an_export_in_the_list_of_a_zip_comes_back_with_its_pictures() -> None:
    project = make.project(data_type="image", labels=LABELS)
    rows = [
        exported_row(n, {"image": f"imgs/{n}.png"}, is_multi=False) for n in range(2)
    ]
    pictures = {"imgs/0.png": A, "imgs/1.png": B}

    run = bring(project, "x.zip", zipped({"items.jsonl": lines(*rows), **pictures}))

    assert (run.created, run.rejected) == (2, 0)
    assert known() == {"imgs/1.png": [LABELS[2]]}


def test_x03_a_table_in_a_zip_is_read_and_what_is_none_is_named() -> None:
    parquet = io.BytesIO()
    pq.write_table(pa.table({"text": ["from parquet"]}), parquet)
    files = {
        "d/train.csv": "text;label\nGrüße;good\nbye;bad".encode("cp1252"),
        "d/test.jsonl": json.dumps({"text": "c"}).encode() + b"\nno",
        "d/more.parquet": parquet.getvalue(),
        "d/broken.json": b"no",
        "picture.png": A,
    }

    run = bring(make.project(), "x.zip", zipped(files))

    texts = Item.objects.order_by("pk").values_list("data__text", flat=True)
    assert set(texts) == {"Grüße", "bye", "c", "from parquet"}
    assert (run.received, run.created, run.rejected) == (7, 4, 3)
    assert set(refused(run)) == {"d/test.jsonl", "d/broken.json", "picture.png"}


def test_x03_files_of_text_are_texts_with_their_folder_as_label() -> None:
    project = make.project(labels=("pos", "neg"))
    files = {
        "pos/1.txt": b"Very good,\nin two lines.",
        "neg/2.txt": "Öde".encode("cp1252"),
        "__MACOSX/pos/._1.txt": b"notes",
    }

    run = bring(project, "x.zip", zipped(files), gold=True)

    assert (run.received, run.created) == (2, 2)
    known_texts = dict(Gold.objects.values_list("item__data__text", "labels"))
    assert known_texts == {"Very good,\nin two lines.": ["pos"], "Öde": ["neg"]}


def test_z01_notes_of_a_mac_are_counted_and_named_as_not_used() -> None:
    project = images()
    files = {
        "d/a.png": A,
        "__MACOSX/d/._a.png": b"notes",
        "d/.DS_Store": b"notes",
    }
    upload = importing.stage(project, None, "x.zip", [zipped(files)])
    shown = importing.preview(upload)

    run = bring(project, "x.zip", zipped(files))

    words = (
        "Not used: 2 files that are notes of a file manager"
        " (__MACOSX/d/._a.png, d/.DS_Store)."
    )
    assert [str(note) for note in shown.notes] == [words]
    assert words in [str(note) for note in run.notes]
    assert (run.received, run.created, run.rejected) == (1, 1, 0)


def test_z08_photos_of_phones_are_taken() -> None:
    files = {
        "photo.heic": (SAMPLES / "photo.heic").read_bytes(),
        "photo.avif": picture(40, 60, "AVIF"),
        "scan.tiff": picture(40, 90, "TIFF"),
        "cut.heic": (SAMPLES / "photo.heic").read_bytes()[:300],
    }

    run = bring(images(), "x.zip", zipped(files))

    assert (run.created, run.rejected) == (3, 1)
    assert set(refused(run)) == {"cut.heic"}
    shown = {
        item.data["image"]: (item.media.width, item.media.height, item.media.mime)
        for item in Item.objects.select_related("media")
        if item.media
    }
    assert shown["photo.heic"] == (64, 48, "image/jpeg")
    assert shown["photo.avif"][:2] == (40, 40)
    assert shown["scan.tiff"] == (40, 40, "image/png")


def test_a_table_that_was_packed_from_above_is_no_note_of_a_file_manager() -> None:
    project = make.project()

    run = bring(project, "x.zip", zipped({"../../a.csv": b"text\none\n"}))

    assert (run.created, run.rejected) == (1, 0)


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_damaged_part_that_tells_the_kind_is_refused_with_its_file(
    packing: int,
) -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", packing) as archive:
        archive.writestr("mimetype", b"application/vnd" * 40)
        archive.writestr("a.csv", b"text\none\n")
    data = bytearray(body.getvalue())
    data[38:44] = b"\xff" * 6

    run = bring(make.project(), "x.zip", bytes(data))

    assert (run.created, run.rejected) == (1, 1)
