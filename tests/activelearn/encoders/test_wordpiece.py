"""Texts become the same word pieces as by the tokenizer that the table was made with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from activelearn.encoders import published
from activelearn.encoders.wordpiece import WordPieces

# What ``tokenizers`` 0.23.3 makes of these by the original's tokenizer.json, without the
# marks around a text and without those for words that are not known.
GOLDEN: Final = Path(__file__).with_name("pieces.json")


def vocabulary() -> WordPieces:
    packed = np.load(published.FOLDER / "minilm-256.npz", allow_pickle=False)
    return WordPieces(packed["vocabulary"].tobytes().decode().split("\n"))


def test_texts_of_many_scripts_have_the_pieces_of_the_original() -> None:
    pieces = vocabulary()
    golden = json.loads(GOLDEN.read_text())

    assert len(golden) > 90
    for line in golden:
        assert pieces.of(line["text"]) == line["pieces"], line["text"]


def test_a_word_is_taken_apart_into_the_longest_pieces() -> None:
    pieces = WordPieces(["un", "unaf", "##a", "##aff", "##able", "##fable"])

    assert pieces.of("Unaffable unaff un") == [1, 5, 0]


@pytest.mark.parametrize("text", ["", " ", "qq", "x" * 101, "\x00"])
def test_what_is_not_known_has_no_piece(text: str) -> None:
    assert WordPieces(["x", "##x"]).of(text) == []


def test_words_beyond_the_most_are_taken_apart_each_time() -> None:
    pieces = WordPieces(["a", "b"], most_words=1)

    assert [pieces.of(text) for text in ("a", "b", "b a")] == [[0], [1], [1, 0]]
    assert len(pieces) == 1
