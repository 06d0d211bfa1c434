"""Pictures are read as people see them: upright, on white, in colors."""

from __future__ import annotations

import io
import random
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import sparse

from activelearn.core import features, pictures, training
from activelearn.core.pictures import (
    ENCODED_IMAGE_SPEC,
    FIRST_IMAGE_SPEC,
    IMAGE_SPEC,
    JOINED_IMAGE_SPEC,
)

Color = tuple[int, int, int]
RED: Color = (255, 0, 0)
GREEN: Color = (0, 130, 0)  # as bright as the red


def saved(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    body = io.BytesIO()
    picture.save(body, kind, **options)
    return body.getvalue()


def row(picture: Image.Image, **options: Any) -> pictures.PictureRow:
    return pictures.image_row(saved(picture, "PNG", **options), IMAGE_SPEC)


def squares(count: int) -> tuple[list[bytes], list[str]]:
    """Return pictures of red and green squares anywhere on gray."""
    chance = random.Random(4)
    data, labels = [], []
    for number in range(count):
        picture = Image.new("RGB", (48, 48), (128, 128, 128))
        x, y = chance.randrange(30), chance.randrange(30)
        fill = (RED, GREEN)[number % 2]
        ImageDraw.Draw(picture).rectangle([x, y, x + 14, y + 14], fill=fill)
        data.append(saved(picture))
        labels.append("red" if fill == RED else "green")
    return data, labels


def accuracy(spec: pictures.Spec) -> float:
    data, labels = squares(120)
    rows = sparse.csr_matrix(np.vstack([pictures.image_row(d, spec) for d in data]))
    known = [(label,) for label in labels[:60]]
    model = training.fit(rows[:60], known, is_multi=False)
    said = training.predicted_labels(model, model.probabilities(rows[60:]))
    return float(np.mean([a == (b,) for a, b in zip(said, labels[60:], strict=True)]))


def test_c21_red_and_green_of_one_brightness_are_told_apart() -> None:
    assert accuracy(IMAGE_SPEC) > 0.95
    assert accuracy(FIRST_IMAGE_SPEC) < 0.7


def test_k9_a_drawing_on_nothing_is_a_drawing_on_white() -> None:
    drawn = []
    for paper in ((255, 255, 255, 255), (0, 0, 0, 0)):
        picture = Image.new("RGBA", (60, 40), paper)
        ImageDraw.Draw(picture).line([5, 5, 50, 30], fill=(0, 0, 0, 255), width=3)
        drawn.append(row(picture))

    assert np.allclose(drawn[0], drawn[1], atol=1e-6)
    assert drawn[1].std() > 0.01


def test_k9_a_picture_on_its_side_is_turned_upright() -> None:
    upright = Image.new("RGB", (40, 20), RED)
    upright.paste(GREEN, (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90 degrees, clockwise

    turned = row(upright.transpose(Image.Transpose.ROTATE_90), exif=exif)

    assert np.allclose(turned, row(upright), atol=1e-6)


def test_k9_sixteen_bits_are_read_by_the_range_in_use() -> None:
    values = np.linspace(0, 65535, 3072).reshape(48, 64)

    deep = row(Image.fromarray(values.astype(np.uint16)))

    assert np.allclose(
        deep, row(Image.fromarray((values / 257).astype(np.uint8))), atol=0.05
    )
    assert deep[:1024].std() > 0.02


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_k9_a_picture_of_any_mode_becomes_a_row_of_the_width_that_the_spec_says(
    mode: str,
) -> None:
    picture = Image.new(mode, (9, 7), 1)
    kind = "JPEG" if mode == "CMYK" else "PNG"

    values = pictures.image_row(saved(picture, kind), IMAGE_SPEC)

    assert values.shape == (pictures.image_width(IMAGE_SPEC),)
    assert np.isfinite(values).all()


def test_k9_a_palette_with_a_color_that_is_transparent_lies_on_white() -> None:
    picture = Image.new("P", (20, 20), 0)
    picture.putpalette([0, 0, 0, 255, 0, 0])
    picture.paste(1, (0, 0, 10, 20))

    clear = row(picture, transparency=0)

    white = Image.new("RGB", (20, 20), "white")
    white.paste(RED, (0, 0, 10, 20))
    assert np.allclose(clear, row(white), atol=1e-6)


def test_a_gray_picture_has_no_differences_of_color() -> None:
    gray = row(Image.linear_gradient("L"))

    assert not gray[-2 * IMAGE_SPEC["chroma"] ** 2 :].any()


def test_what_is_seen_stands_behind_the_own_features() -> None:
    data = squares(2)[0]
    specs = (JOINED_IMAGE_SPEC, IMAGE_SPEC, ENCODED_IMAGE_SPEC)

    joined, own, encoded = (
        pictures.image_rows(
            np.vstack([pictures.image_row(d, spec) for d in data]), spec
        )
        for spec in specs
    )

    assert joined.shape == (2, pictures.image_width(JOINED_IMAGE_SPEC)) == (2, 2717)
    assert (joined.sparse != own).nnz == 0
    assert encoded.shape == (2, 1392)
    assert (joined.dense == encoded.dense).all()
    assert joined.dense.dtype == np.float16
    assert (joined.dense[0] != joined.dense[1]).any()


def test_old_and_new_specifications_have_names_that_never_change() -> None:
    specs = (FIRST_IMAGE_SPEC, IMAGE_SPEC, JOINED_IMAGE_SPEC, ENCODED_IMAGE_SPEC)

    # Stored models name these: what they stand for must go on to be computed.
    assert [features.hash_of(spec)[:12] for spec in specs] == [
        "81b2d3d0d013",
        "6be88900df7d",
        "a93e39d3ae4d",
        "5083437d176e",
    ]
