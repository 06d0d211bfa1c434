"""Pictures from outside: decoded with care, encoded anew, stored whole."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import default_storage
from numpy.typing import NDArray
from PIL import Image

from labeling.messages import from_json
from labeling.models import Item, Media
from labeling.services.transfer.importing import images
from labeling.services.transfer.limits import Limits
from labeling.services.transfer.rows import RowError
from tests import make
from tests.attacks.test_files import peak
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

    # What leads out of the archive is a picture all the same; its file has our own name.
    assert (run.created, run.rejected) == (2, 4)
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


def of_size(kind: str, size: tuple[int, int], mode: str = "RGB", **said: Any) -> bytes:
    """Return a picture of that size: dark above, light below."""
    body, drawn = io.BytesIO(), Image.new(mode, size)
    shade = 255 if len(mode) == 1 else (255,) * len(mode)
    drawn.paste(shade, (0, size[1] // 2, *size))
    drawn.save(body, kind, **said)
    return body.getvalue()


def shown(media: Media) -> Image.Image:
    with default_storage.open(media.path) as file:
        return Image.open(io.BytesIO(file.read()))


@pytest.mark.parametrize(
    ("kind", "size"), [("JPEG", (5712, 4284)), ("JPEG", (8064, 6048))]
)
def test_z15_a_photo_of_a_phone_is_made_smaller_and_the_report_says_so(
    kind: str, size: tuple[int, int]
) -> None:
    project = make.project(data_type="image")
    turned = Image.Exif()
    turned[0x0112] = 3  # upside down
    photo = of_size(kind, size, exif=turned)

    run = bring(project, "x.zip", zipped({"a/IMG_1.jpg": photo, "b.png": picture()}))

    assert (run.created, run.rejected) == (2, 0)
    media = Media.objects.order_by("-width").first()
    assert media is not None
    kept = shown(media)
    assert kept.size == (media.width, media.height)
    assert 19_900_000 < media.width * media.height <= 20_000_000
    assert media.width / media.height == pytest.approx(size[0] / size[1], abs=0.001)
    assert (kept.format, media.mime) == ("JPEG", "image/jpeg")
    light, dark = (kept.getpixel((100, y)) for y in (100, media.height - 100))
    assert light == (255, 255, 255)
    assert dark == (0, 0, 0)
    [remark] = run.noted_rows
    assert f"{size[0]}×{size[1]} pixels" in str(remark.reason)
    assert f"{media.width}×{media.height}" in str(remark.reason)
    assert remark.row == 1


def test_z15_the_same_photo_again_is_known_already() -> None:
    project = make.project(data_type="image")
    data = zipped({"a.jpg": of_size("JPEG", (5712, 4284))})

    bring(project, "x.zip", data)
    run = bring(project, "y.zip", data)

    assert (run.created, run.duplicates, Media.objects.count()) == (0, 1, 1)


@pytest.mark.parametrize(
    ("mode", "kind", "kept"),
    [
        ("1", "PNG", "L"),
        ("L", "PNG", "L"),
        ("LA", "PNG", "RGBA"),
        ("P", "GIF", "RGB"),
        ("RGBA", "PNG", "RGBA"),
        ("CMYK", "TIFF", "RGB"),
        ("I;16", "PNG", "L"),
        ("F", "TIFF", "L"),
        ("RGB", "WEBP", "RGB"),
    ],
)
def test_z15_pictures_of_any_kind_keep_what_people_see_when_they_are_made_smaller(
    mode: str, kind: str, kept: str
) -> None:
    limits = Limits(picture_pixels=3000)
    before = Image.new(mode if mode != "I;16" else "I", (100, 60))
    half = (0, 30, 100, 60)
    full: dict[str, Any] = {
        "CMYK": (0, 0, 0, 0),
        "I;16": 60_000,
        "F": 0.5,
        "LA": (255, 255),
    }
    light = full.get(mode, 255 if len(mode) == 1 else (255,) * len(mode))
    dark: dict[str, Any] = {"CMYK": (0, 0, 0, 255), "LA": (0, 255)}
    before.paste(dark.get(mode, 0), (0, 0, 100, 60))
    before.paste(light, half)
    body = io.BytesIO()
    (before if mode != "I;16" else before.convert("I;16")).save(body, kind)

    read = images.read(body.getvalue(), limits)

    small = Image.open(io.BytesIO(read.encoded))
    assert read.before == (100, 60)
    assert read.width * read.height <= 3000
    assert small.size == (read.width, read.height)
    assert small.mode == kept
    assert read.is_scaled == (mode in ("I;16", "F"))
    bottom = shade(small, small.width // 2, small.height - 3)
    top = shade(small, small.width // 2, 2)
    if mode != "P":
        assert bottom[:3] == (255, 255, 255)
        assert top[:3] == (0, 0, 0) or (mode == "RGBA" and top[3] == 0)


def shade(picture: Image.Image, x: int, y: int) -> tuple[int, ...]:
    shown = picture.convert("RGBA").getpixel((x, y))
    assert isinstance(shown, tuple)
    return shown


def test_a_gray_picture_keeps_its_transparency() -> None:
    body, drawing = io.BytesIO(), Image.new("LA", (30, 30), (0, 0))
    drawing.paste((0, 255), (10, 10, 20, 20))
    drawing.save(body, "PNG")

    read = images.read(body.getvalue())

    kept = Image.open(io.BytesIO(read.encoded))
    assert shade(kept, 0, 0)[3] == 0
    assert shade(kept, 15, 15) == (0, 0, 0, 255)


def png_of(width: int, height: int) -> bytes:
    """Return a PNG of pixels with transparency, made line by line."""
    folded, squeeze = io.BytesIO(), zlib.compressobj(1)
    line = bytes([0]) + bytes([10, 20, 30, 255]) * width
    for _ in range(height):
        folded.write(squeeze.compress(line))
    folded.write(squeeze.flush())

    def part(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return (
            struct.pack(">I", len(data))
            + checked
            + struct.pack(">I", zlib.crc32(checked))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + part(b"IHDR", head)
        + part(b"IDAT", folded.getvalue())
        + part(b"IEND", b"")
    )


def test_z15_100_megapixels_take_no_more_memory_of_the_worker() -> None:
    data = png_of(10_000, 10_000)
    before = peak()

    read = images.read(data)

    # The picture that is kept is decoded once more here: 80 MB.
    assert peak() - before < 300
    assert read.before == (10_000, 10_000)
    assert read.width * read.height <= 20_000_000


def test_z15_more_than_100_megapixels_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(RowError, match="at most 100 million"):
        images.read(png_of(10_001, 10_000))


def test_z15_what_takes_too_much_memory_or_time_is_refused_in_words() -> None:
    data = of_size("PNG", (6000, 5000), "RGBA")

    for limits in (Limits(shrinking_bytes=150 * 2**20), Limits(shrinking_seconds=0)):
        with pytest.raises(RowError, match="takes more memory"):
            images.read(data, limits)


def test_z15_a_large_picture_that_is_damaged_is_no_picture() -> None:
    with pytest.raises(RowError, match="Not an image"):
        images.read(png_of(6000, 5000)[:-4000])


def test_a_photo_with_further_pictures_behind_it_stays_a_jpeg() -> None:
    body, photo = io.BytesIO(), Image.new("RGB", (60, 40), "teal")
    photo.save(body, "MPO", save_all=True, append_images=[Image.new("RGB", (9, 9))])
    assert Image.open(io.BytesIO(body.getvalue())).format == "MPO"

    read = images.read(body.getvalue())

    assert (read.mime, read.width, read.height) == ("image/jpeg", 60, 40)
