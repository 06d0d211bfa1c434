"""Pictures from outside: decoded with care, encoded anew, stored whole."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import default_storage
from numpy.typing import NDArray
from PIL import Image

from labeling.messages import from_json
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
    reasons = [str(refused.reason) for refused in run.refusals]
    assert [reason[:20] for reason in reasons] == [
        "a/2.png: Not an imag",
        "a/3.png: Not an imag",
    ]


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


def deep(values: NDArray[Any], kind: str) -> bytes:
    body = io.BytesIO()
    Image.fromarray(values).save(body, kind)
    return body.getvalue()


def test_k9_gray_of_16_bits_keeps_its_shades_and_the_import_says_so() -> None:
    project = make.project(data_type="image")
    ramp = np.linspace(1000, 65535, 3072).reshape(48, 64)
    faint = ramp[::-1] / 65535 - 0.5
    odd = faint.copy()
    odd[0, 0], odd[1, 1] = np.nan, np.inf
    files = {
        "a.png": deep(ramp.astype("uint16"), "PNG"),
        "b.tif": deep(ramp.T.astype("uint16"), "TIFF"),
        "c.tiff": deep(faint.astype("float32"), "TIFF"),
        "d.tiff": deep(odd.astype("float32"), "TIFF"),
        "e.tiff": deep(np.full((9, 9), np.nan, "float32"), "TIFF"),
        "f.png": picture(),
    }

    run = bring(project, "x.zip", zipped(files))

    assert (run.created, run.rejected) == (6, 0)
    assert any("5 pictures of 16 bits" in str(from_json(line)) for line in run.job.log)
    for media in Media.objects.filter(width__gt=20):
        with default_storage.open(media.path) as file, Image.open(file) as kept:
            assert (kept.mode, kept.format) == ("L", "PNG")
            shades = np.unique(np.asarray(kept))
            assert (len(shades), shades.min(), shades.max()) == (256, 0, 255)


def test_a_picture_of_8_bits_is_not_stretched() -> None:
    project = make.project(data_type="image")

    run = bring(project, "x.zip", zipped({"a.png": picture(shade=90)}))

    with default_storage.open(Media.objects.get().path) as file:
        assert np.unique(np.asarray(Image.open(file))).tolist() == [90]
    assert not run.job.log
