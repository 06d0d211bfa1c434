"""The whole sentence encoder: as it was published, and the same whatever stands beside."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from activelearn.encoders import published, sentences
from activelearn.encoders.published import WrongEncoderError
from activelearn.management.commands import encoder as command
from tests.activelearn.encoders import tiny
from tests.cluster import ROOT
from tools import build_text_table

SHA256: Final = published.OFFERED[tiny.NAME]
# Where make run keeps it in a clone.
PATH: Final = ROOT / ".assay/learn/encoders" / SHA256[:2] / SHA256
# The first numbers that the makers publish for these, as sentence-transformers has them.
PUBLISHED: Final = {
    "This is an example sentence": (0.067656919, 0.063495971, 0.048713148, 0.079304986),
    "Each sentence is converted": (0.086438604, 0.102762647, 0.005394546, 0.002044433),
}
TEXTS: Final = (
    "where is my card",
    "I have lost my debit card, and it is urgent: what is the number to call?",
    "",
    "☃ ሰላም",
    "word " * 400,
)


@cache
def small() -> sentences.SentenceEncoder:
    with np.load(published.FOLDER / "minilm-256.npz", allow_pickle=False) as held:
        pieces = held["vocabulary"].tobytes().decode().split("\n")
    return sentences.SentenceEncoder(tiny.tensors(), pieces)


def whole() -> sentences.SentenceEncoder:
    """Return the one that was published, where somebody has got it on this machine."""
    if not PATH.is_file():
        pytest.skip("the encoder is not here: assay encoder get minilm-l6")
    return sentences.encoder(PATH, SHA256, tiny.NAME)


def test_the_encoder_says_what_its_makers_say() -> None:
    told = whole().encoded(list(PUBLISHED))

    assert told.shape == (2, 384)
    assert np.allclose(np.linalg.norm(told, axis=1), 1, atol=1e-5)
    assert np.allclose(told[:, :4], list(PUBLISHED.values()), atol=2e-6)


def test_texts_of_many_scripts_are_told_as_by_another_program() -> None:
    golden = json.loads(Path(__file__).with_name("pieces.json").read_text())
    texts = [line["text"] for line in golden]

    told = whole().encoded(texts)

    weights = whole()._tensors
    for text, row in zip(texts, told, strict=True):
        ids = np.array([whole().numbers_of(text)])
        other = build_text_table._run(weights, ids)[0].mean(axis=0)
        assert row @ other / np.linalg.norm(other) > 0.9999, text


def test_a_word_that_is_not_known_has_the_piece_for_such() -> None:
    numbers = small().numbers_of("card ሰላም")

    assert (numbers[0], numbers[2:]) == (101, [100, 102])


def test_of_a_long_text_the_beginning_is_read() -> None:
    numbers = small().numbers_of("word " * 400)

    assert (len(numbers), numbers[0], numbers[-1]) == (256, 101, 102)


def test_a_text_is_told_the_same_whatever_stands_beside_it() -> None:
    many = [f"{text} {number}" for number in range(60) for text in TEXTS]

    with threadpool_limits(limits=1):
        together = small().encoded(many)
        alone = np.concatenate([small().encoded([text]) for text in many])

    assert (together.astype(np.float16) == alone.astype(np.float16)).mean() > 0.999
    assert np.abs(together - alone).max() < 1e-5


def test_the_small_one_is_told_as_by_another_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(build_text_table, "LAYERS", tiny.LAYERS)
    monkeypatch.setattr(build_text_table, "HEADS", tiny.WIDTH // sentences.HEAD)

    told = small().encoded(TEXTS)

    for text, row in zip(TEXTS, told, strict=True):
        ids = np.array([small().numbers_of(text)])
        other = build_text_table._run(tiny.tensors(), ids)[0].mean(axis=0)
        assert row @ other / np.linalg.norm(other) > 0.9999


def test_of_no_text_nothing_is_told() -> None:
    assert small().encoded([]).shape == (0, tiny.WIDTH)


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_file_that_is_not_as_it_was_published_is_refused(
    damage: str, tmp_path: Path
) -> None:
    data, path = tiny.packed(tiny.tensors()), tmp_path / "encoder"
    if damage == "changed":
        path.write_bytes(data)

    with pytest.raises(WrongEncoderError, match=f"{tiny.NAME}: "):
        sentences.encoder(path, SHA256, tiny.NAME)


def test_the_notice_names_the_package_and_the_hash() -> None:
    notice = (ROOT / "NOTICE").read_text()

    package, _, file = command.PACKED[tiny.NAME]
    assert package.replace("==", " ") in notice
    assert f"{file} {SHA256}" in notice


QUICK: Final = """
import sys, time
from pathlib import Path
from activelearn.encoders import sentences
path, sha256 = sys.argv[1:]
encoder = sentences.encoder(Path(path), sha256, "minilm-l6")
texts = [f"I have lost my debit card number {n}, what can I do" for n in range(400)]
encoder.encoded(texts[:10])
began = time.process_time()
encoder.encoded(texts)
print(len(texts) / (time.process_time() - began))
"""


@pytest.mark.long
def test_sixty_short_texts_take_less_than_a_second() -> None:
    whole()
    speed = subprocess.run(
        [sys.executable, "-c", QUICK, str(PATH), SHA256],
        cwd=ROOT,
        env={"OPENBLAS_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert float(speed) > 60
