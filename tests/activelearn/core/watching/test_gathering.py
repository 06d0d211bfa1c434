"""Windows are counted in bounded memory, and two of them make one."""

from __future__ import annotations

import io
from dataclasses import asdict

import msgspec
import numpy as np
import pytest
from PIL import Image, ImageFilter

from activelearn.core.watching import gathering, inputs
from activelearn.core.watching.gathering import Gathered, Moments, Reservoir


def test_two_windows_make_the_one_of_all_their_values() -> None:
    values = np.random.default_rng(1).normal(1e6, 2.0, 400)

    both = Moments.of(values[:130]) + Moments.of(values[130:])

    assert both.size == 400
    assert both.mean == pytest.approx(values.mean())
    assert both.deviation == pytest.approx(values.std(ddof=1))
    assert (both.low, both.high) == (values.min(), values.max())
    assert Moments() + both == both == both + Moments()


def test_a_window_counts_what_was_said_and_asked() -> None:
    window = gathering.gathered(
        [["a"], ["a", "b"], []], np.array([0.0, 0.5, 1.0]), 2, {"words": [1, 2, 3]}
    )

    assert window.classes == {"a": 2, "b": 1, "": 1}
    assert (window.confidences[0], window.confidences[10], window.confidences[19]) == (
        1,
        1,
        1,
    )
    assert window.review_rate == pytest.approx(2 / 3)
    two = window + window
    assert (two.size, two.classes["a"], two.inputs["words"].size) == (6, 4, 6)


def test_a_window_comes_back_from_json() -> None:
    window = gathering.gathered([["a"]], np.array([0.3]), 1, {"words": [2.0, np.nan]})

    kept = msgspec.json.decode(msgspec.json.encode(asdict(window)))

    assert msgspec.convert(kept, Gathered) == window


def test_ten_thousand_labels_take_no_more_room_than_64() -> None:
    batches = [
        gathering.gathered([[str(label)]], np.ones(1), 0, {}) for label in range(200)
    ]

    window = sum(batches, Gathered())

    assert len(window.classes) == 65
    assert sum(window.classes.values()) == window.size == 200


def test_each_row_has_the_same_chance_to_stay_in_a_sample() -> None:
    kept = np.zeros(100)
    for seed in range(400):
        sample = Reservoir(20, np.random.default_rng(seed))
        for start in (0, 30, 60):
            for offset, place in sample.places(30 if start < 60 else 40):
                sample.keep(place, np.array([start + offset]), "a")
        kept[[int(row[0]) for row in sample.rows]] += 1

    assert kept.sum() == 400 * 20
    assert kept.std() < 12  # binomial: √(400 · 0.2 · 0.8) = 8


def test_texts_are_measured() -> None:
    measures = inputs.of_texts(["two words", "", "слово", "two words"])

    assert measures["characters"] == [9, 0, 5, 9]
    assert measures["words"] == [2, 0, 1, 2]
    assert measures["empty"] == [0, 1, 0, 0]
    assert measures["foreign"] == [0, 0, 1, 0]
    assert measures["repeated"] == [0, 0, 0, 1]


def test_rows_are_measured() -> None:
    spec = {
        "columns": [
            {"name": "n", "type": "number", "center": 5.0, "scale": 1.0},
            {"name": "c", "type": "category", "values": ["x", "y"]},
        ]
    }

    measures = inputs.of_rows(
        [{"n": "5", "c": "x"}, {"n": "500", "c": "z"}, {"n": "", "c": "y"}], spec
    )

    assert measures["missing"] == [0, 0, 0.5]
    assert measures["unseen"] == [0, 0.5, 0]
    assert measures["outlying"] == [0, 0.5, 0]
    assert measures["missing: n"] == [0, 0, 1]


def test_pictures_are_measured_and_a_blurred_one_is_less_sharp() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 48), dtype=np.uint8)
    sharp = Image.fromarray(noise)

    def file(picture: Image.Image) -> bytes:
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        return buffer.getvalue()

    blurred = sharp.filter(ImageFilter.GaussianBlur(3))
    measures = inputs.of_pictures([file(sharp), file(blurred), b"no picture"])

    assert measures["pixels"][0] == 64 * 48
    assert 0.4 < measures["brightness"][0] < 0.6
    assert measures["sharpness"][1] < measures["sharpness"][0] / 10
    assert measures["empty"] == [0, 0, 1]
    assert np.isnan(measures["brightness"][2])
