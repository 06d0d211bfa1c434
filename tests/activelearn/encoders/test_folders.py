"""Tables that model2vec makes: what a text becomes, and what is refused in words."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from activelearn.encoders import folders
from activelearn.encoders.folders import FolderTable, UnreadFolderError
from activelearn.encoders.published import WrongEncoderError
from tests.activelearn.encoders import tiny

PIECES = ("[UNK]", "the", "card", "##s", "is", "block")
ROWS = np.array(
    [[9, 9, 9], [1, 0, 0], [0, 2, 0], [0, 0, 4], [1, 1, 0], [3, 0, 4]], np.float32
)
TOKENIZER: dict[str, Any] = {
    "normalizer": {
        "type": "BertNormalizer",
        "lowercase": True,
        "strip_accents": None,
        "clean_text": True,
        "handle_chinese_chars": True,
    },
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "model": {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": {piece: number for number, piece in enumerate(PIECES)},
    },
}


def folder(
    at: Path, tokenizer: object = None, *, normalize: bool = False, **tensors: Any
) -> Path:
    """Write a folder as model2vec saves one."""
    at.mkdir(exist_ok=True)
    (at / "tokenizer.json").write_text(json.dumps(tokenizer or TOKENIZER))
    (at / "config.json").write_text(json.dumps({"normalize": normalize}))
    made = tiny.packed(tensors or {"embeddings": ROWS})
    (at / "model.safetensors").write_bytes(made)
    return at


def taken(at: Path) -> FolderTable:
    return folders.taken(at, "mine", "MIT")


def test_a_text_is_the_mean_of_its_pieces_and_nothing_where_none_is_known(
    tmp_path: Path,
) -> None:
    made = taken(folder(tmp_path / "a"))

    vectors = made.encoded(["The CARDS", "block", "ünknown wörds", ""])

    wanted = np.array([[1 / 3, 2 / 3, 4 / 3], [3, 0, 4], [0, 0, 0], [0, 0, 0]])
    assert np.allclose(vectors, wanted)


def test_weights_count_a_shared_row_is_one_and_lengths_are_one_where_it_says_so(
    tmp_path: Path,
) -> None:
    at = folder(
        tmp_path / "a",
        normalize=True,
        embeddings=ROWS[:3],
        mapping=np.array([0, 1, 2, 2, 1, 1]),
        weights=np.array([1, 1, 1, 0.5, 2, 1]),
    )

    vectors = taken(at).encoded(["cards", "is the"])

    # (0, 2, 0) and half of it; (2, 0, 0) and (1, 0, 0).
    assert vectors.tolist() == [[0, 1, 0], [1, 0, 0]]


def test_a_file_holds_the_same_table_and_is_read_as_it_was_kept(tmp_path: Path) -> None:
    made = taken(folder(tmp_path / "a"))
    path = tmp_path / "kept"
    path.write_bytes(made.packed())
    sha256 = hashlib.sha256(made.packed()).hexdigest()

    again = folders.table(path, sha256)

    assert (again.encoded(["the card"]) == made.encoded(["the card"])).all()
    assert folders.facts_of(path) == made.facts
    assert made.facts.license == "MIT"
    with pytest.raises(WrongEncoderError):
        folders.table(path, "0" * 64)
    for other in (b"PK\x03\x04 other", b"", b"plain", made.packed()[:200]):
        path.write_bytes(other)
        assert folders.facts_of(path) is None


def changed(part: str, **values: object) -> dict[str, Any]:
    return {**TOKENIZER, part: {**TOKENIZER[part], **values}}


@pytest.mark.parametrize(
    "tokenizer",
    [
        changed("model", type="Unigram"),
        changed("normalizer", lowercase=False),
        changed("normalizer", strip_accents=False),
        changed("pre_tokenizer", type="Metaspace"),
        {"model": None},
    ],
)
def test_another_tokenizer_is_refused_in_words(tmp_path: Path, tokenizer: Any) -> None:
    with pytest.raises(UnreadFolderError, match="only WordPiece"):
        taken(folder(tmp_path / "a", tokenizer))


@pytest.mark.parametrize(
    ("tensors", "why"),
    [
        ({"other": ROWS}, "no table"),
        ({"embeddings": ROWS[:2]}, "2 vectors for 6 pieces"),
        ({"embeddings": ROWS, "mapping": np.arange(6) + 1}, "6 vectors"),
        ({"embeddings": np.full((6, 3), np.inf)}, "not finite"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(
    tmp_path: Path, tensors: Any, why: str
) -> None:
    with pytest.raises(UnreadFolderError, match=why):
        taken(folder(tmp_path / "a", **tensors))


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors", "config.json"])
def test_a_folder_that_lacks_a_file_or_has_another_is_none(
    tmp_path: Path, name: str
) -> None:
    at = folder(tmp_path / "a")
    (at / name).write_bytes(b"[]")
    with pytest.raises(UnreadFolderError, match="no model2vec folder"):
        taken(at)
    (at / name).unlink()
    with pytest.raises(UnreadFolderError, match="no model2vec folder"):
        taken(at)
