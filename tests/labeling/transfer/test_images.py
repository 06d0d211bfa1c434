"""Pictures from outside: decoded with care, encoded anew, stored whole."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from labeling.models import Item, Media
from tests import make
from tests.labeling.transfer.files import bring, picture, zipped

pytestmark = pytest.mark.django_db


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
    assert {str(refused.reason)[:12] for refused in run.refusals} == {"Not an image"}


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
