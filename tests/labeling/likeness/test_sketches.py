"""Which texts, pictures and rows count as nearly the same, and which do not."""

from __future__ import annotations

import hashlib
import io
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from labeling.likeness import compare, pictures, rows, texts
from labeling.likeness.sketch import Sketch

TEXT = "My card payment was charged twice and one of them still shows as pending."


def are_alike(sketch: Sketch, other: Sketch) -> bool:
    """Whether the two share a band, or are the same, and their signatures agree."""
    if sketch.key == other.key:
        return True
    shares = compare.likenesses(sketch.signature, [other.signature])
    return bool({*sketch.bands} & {*other.bands}) and shares[0] > 0


@pytest.mark.parametrize(
    "other", ["hello, WORLD!", " Hello World ", "ＨＥＬＬＯ world"]
)
def test_texts_that_differ_in_case_space_or_marks_share_a_key(other: str) -> None:
    assert texts.key("Hello world") == texts.key(other)


@pytest.mark.parametrize(
    "different",
    [
        ("!!", "??", "!?", "…", "。"),
        ("👍", "👎", "🎉🎉", "😀"),
        ("1.5", "15", "1,5", "-15", "1/5", "15%"),
        ("C", "C++", "C#"),
        ("good 👍", "good 👎"),
        ("it is 1.5 now", "it is 15 now", "it is -15 now"),
        # Words that differ in their vowel signs alone.
        ("कल कल कल", "काल काल काल", "किल किल किल", "कुल कुल कुल"),
    ],
)
def test_k10_different_short_texts_have_different_keys(
    different: tuple[str, ...],
) -> None:
    assert len({texts.key(text) for text in different}) == len(different)


@pytest.mark.parametrize(
    "edited",
    [
        TEXT.replace("twice", "twise"),
        TEXT + " Thanks!",
        "  ".join(TEXT.upper().split()),
        TEXT.replace("still ", ""),
    ],
)
def test_c6_a_lightly_edited_text_is_alike_and_another_text_is_not(edited: str) -> None:
    own, same, other = texts.sketches([TEXT, edited, "How do I order a new card?"])

    assert are_alike(own, same)
    assert not are_alike(own, other)


def test_k10_short_texts_of_one_pattern_are_not_alike() -> None:
    some = texts.sketches([f"Refund of day {n} is late" for n in range(50)])

    assert not any(are_alike(a, b) for a, b in itertools.combinations(some, 2))


@given(
    own=st.binary(min_size=2 * texts.HASHES, max_size=2 * texts.HASHES),
    # Of each hash, which of its bits are another one's.
    flips=st.lists(
        st.sampled_from([0, 0, 1, 2**8, 2**14, 2**15, 2**16 - 1]),
        min_size=texts.HASHES,
        max_size=texts.HASHES,
    ),
)
def test_of_two_texts_the_share_of_equal_hashes_is_told(
    own: bytes, flips: list[int]
) -> None:
    hashes = np.frombuffer(own, "<u2")
    other = (hashes ^ np.array(flips, dtype=np.uint16)).astype("<u2")
    share = flips.count(0) / texts.HASHES

    told = texts.likenesses(texts.KIND + own, [texts.KIND + other.tobytes()])

    assert told == [pytest.approx(share) if share >= 0.6 else 0]


@pytest.mark.parametrize(("differing", "told"), [(15, 0.625), (16, 0.6), (17, 0)])
def test_texts_are_alike_from_six_tenths_on(differing: int, told: float) -> None:
    own = np.arange(texts.HASHES, dtype="<u2")
    other = own ^ (np.arange(texts.HASHES) < differing)

    signatures = [
        texts.KIND + hashes.astype("<u2").tobytes() for hashes in (own, other)
    ]

    assert texts.likenesses(signatures[0], signatures[1:]) == [pytest.approx(told)]


def test_what_is_no_text_is_unlike_a_text() -> None:
    body = bytes(2 * texts.HASHES)

    assert texts.likenesses(texts.KIND + body, [rows.KIND + body]) == [0]


def test_the_sketch_of_a_text_is_the_same_alone_and_among_others() -> None:
    some = [TEXT, "short", "", "a" * 9000, "कृपया मेरा कार्ड बदल दीजिए अभी"]

    assert texts.sketches(some) == [texts.sketches([text])[0] for text in some]


def test_long_texts_are_compared_by_a_part_of_their_runs() -> None:
    rng = np.random.default_rng(5)
    words = ["".join(rng.choice(list("abcdefgh"), 6)) for _ in range(3000)]
    own, same, other = texts.sketches(
        [" ".join(words), " ".join(words[:1500] + words[1502:]), " ".join(words[::-7])]
    )

    assert are_alike(own, same)
    assert not are_alike(own, other)


def photo(seed: int, side: int = 240) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC)


def sketched(picture: Image.Image) -> Sketch:
    body = io.BytesIO()
    picture.save(body, "PNG")
    return pictures.sketch(picture, hashlib.sha256(body.getvalue()).hexdigest())


def saved_as_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    body = io.BytesIO()
    picture.save(body, "JPEG", quality=quality)
    return Image.open(io.BytesIO(body.getvalue()))


@pytest.mark.parametrize("seed", range(5))
def test_c6_a_picture_that_was_resized_or_compressed_is_alike(seed: int) -> None:
    own = sketched(photo(seed))

    assert are_alike(own, sketched(saved_as_jpeg(photo(seed), 40)))
    assert are_alike(own, sketched(photo(seed).resize((150, 150))))
    assert not are_alike(own, sketched(photo(seed + 100)))


def page(number: int) -> Image.Image:
    picture = Image.new("L", (600, 800), 255)
    ImageDraw.Draw(picture).text((300, 400), str(number), fill=0)
    return picture


def test_k10_white_pages_with_other_numbers_are_not_alike() -> None:
    pages = [sketched(page(number)) for number in range(60)]

    assert not any(are_alike(a, b) for a, b in itertools.combinations(pages, 2))


def test_k10_drawings_on_transparency_are_seen_as_people_see_them() -> None:
    def drawing(shape: str) -> Image.Image:
        picture = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
        pen = ImageDraw.Draw(picture)
        if shape == "line":
            pen.line((8, 8, 56, 56), fill=(0, 0, 0, 255), width=9)
        else:
            pen.ellipse((30, 4, 60, 34), fill=(0, 0, 0, 255))
        return picture

    white = Image.new("RGBA", (64, 64), "white")

    assert not are_alike(sketched(drawing("line")), sketched(drawing("dot")))
    assert are_alike(
        sketched(drawing("line")),
        sketched(Image.alpha_composite(white, drawing("line"))),
    )


def row(**values: object) -> Sketch:
    return rows.sketch(values, texts.key(repr(sorted(values.items()))))


def test_c6_rows_whose_decimals_differ_in_the_last_digit_are_alike() -> None:
    own = row(bill=39.12, depth=18.74, mass=3750, sex="male")

    assert are_alike(own, row(bill="39.13", depth="18.73", mass=3750, sex="male"))
    assert are_alike(own, row(bill=39.12, depth=18.75, mass="3750", sex="male"))


@pytest.mark.parametrize(
    "other",
    [
        {"bill": 39.92, "depth": 18.74, "mass": 3750, "sex": "male"},
        {"bill": 39.12, "depth": 18.74, "mass": 3751, "sex": "male"},
        {"bill": 39.12, "depth": 18.74, "mass": 3750, "sex": "female"},
        {"bill": 39.12, "depth": 18.74, "mass": 3750},
    ],
)
def test_k10_rows_that_differ_otherwise_are_not_alike(other: dict[str, object]) -> None:
    own = row(bill=39.12, depth=18.74, mass=3750, sex="male")

    assert not are_alike(own, row(**other))


def test_k10_rows_with_one_short_decimal_are_alike_only_when_equal() -> None:
    temperatures = [row(temperature=x / 10) for x in range(360, 400)]

    assert not any(are_alike(a, b) for a, b in itertools.pairwise(temperatures))
