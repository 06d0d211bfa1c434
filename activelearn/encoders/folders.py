"""Tables of vectors that model2vec makes, read from their folder with numpy alone.

A text's vector is the mean of those of its word pieces (``StaticModel.encode`` of model2vec,
MIT). A folder has a tokenizer, a table and what a text becomes of them; what is kept of it is
one file, which is named by its hash and in which nothing can be run. Only BERT's word pieces
without capitals are read: other tokenizers are refused in words.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from activelearn.encoders import published
from activelearn.encoders.safetensors import tensors_of
from activelearn.encoders.wordpiece import INSIDE, LONGEST, WordPieces

TableVectors = NDArray[np.float32]
# Word pieces of a text that are read, as model2vec does unless it is told otherwise.
MOST_PIECES: Final = 512

# The parts of a tokenizer, and what ``WordPieces`` does; what is not said is as BERT has it.
_PARTS: Final = ("model", "normalizer", "pre_tokenizer")
_READ: Final[Mapping[tuple[str, str], tuple[Any, ...]]] = {
    ("model", "type"): ("WordPiece",),
    ("model", "continuing_subword_prefix"): (INSIDE,),
    ("model", "max_input_chars_per_word"): (LONGEST,),
    ("normalizer", "type"): ("BertNormalizer",),
    ("normalizer", "lowercase"): (True,),
    ("normalizer", "strip_accents"): (None, True),
    ("pre_tokenizer", "type"): ("BertPreTokenizer",),
}


class UnreadFolderError(ValueError):
    """A folder that holds no table of vectors which can be read, in words."""


@dataclass(frozen=True)
class TableFacts:
    """What is said of a table before anybody chooses it.

    per_second: short texts, as measured when it was taken.
    """

    called: str
    license: str
    dimensions: int
    has_unit_length: bool
    per_second: int = 0


class FolderTable:
    """Vectors (n_pieces, dimensions) of word pieces, and facts about them."""

    def __init__(
        self, vectors: TableVectors, pieces: Sequence[str], facts: TableFacts
    ) -> None:
        self.facts = facts
        self._vectors = vectors
        self._pieces = WordPieces(pieces)
        self._names = pieces

    def encoded(self, texts: Sequence[str]) -> TableVectors:
        """Return (n_texts, dimensions); zero where no piece is known."""
        made = np.zeros((len(texts), self.facts.dimensions), dtype=np.float32)
        for place, text in enumerate(texts):
            numbers = self._pieces.of(text)[:MOST_PIECES]
            if numbers:
                made[place] = self._vectors[numbers].mean(axis=0)
        if self.facts.has_unit_length:
            lengths = np.linalg.norm(made, axis=1, keepdims=True)
            np.divide(made, lengths, out=made, where=lengths > 0)
        return made

    def packed(self) -> bytes:
        """Return the table as one file; the same table, the same bytes."""
        body = io.BytesIO()
        np.savez(
            body,
            facts=np.frombuffer(json.dumps(asdict(self.facts)).encode(), np.uint8),
            vectors=self._vectors,
            vocabulary=np.frombuffer("\n".join(self._names).encode(), np.uint8),
        )
        return body.getvalue()


def taken(folder: Path, called: str, license_: str) -> FolderTable:
    """Return the table of a model2vec folder.

    Raises UnreadFolderError where there is none that can be read.
    """
    try:
        tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        tensors = tensors_of((folder / "model.safetensors").read_bytes())
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UnreadFolderError(f"This is no model2vec folder: {error}") from error
    if not (isinstance(tokenizer, dict) and isinstance(config, dict)):
        raise UnreadFolderError("This is no model2vec folder.")
    pieces = _pieces_of(tokenizer)
    vectors = _vectors_of(tensors, len(pieces))
    is_unit = bool(config.get("normalize", False))
    facts = TableFacts(called, license_, int(vectors.shape[1]), is_unit)
    return FolderTable(vectors, pieces, facts)


def _pieces_of(tokenizer: Mapping[str, Any]) -> list[str]:
    """Return the word pieces of a tokenizer, by their numbers."""
    parts = {name: tokenizer.get(name) or {} for name in _PARTS}
    is_read = all(
        parts[part].get(name, wanted[0]) in wanted
        for (part, name), wanted in _READ.items()
    ) and all("type" in part for part in parts.values())
    if not is_read:
        kinds = ", ".join(str(part.get("type")) for part in parts.values())
        raise UnreadFolderError(
            f"Its tokenizer is {kinds}: only WordPiece with BERT's words without"
            " capitals is read. Let a program of yours read it (docs/models.md)."
        )
    model = parts["model"]
    numbers = model.get("vocab") or {}
    if sorted(numbers.values()) != list(range(len(numbers))):
        raise UnreadFolderError("The numbers of its word pieces have gaps.")
    return sorted(numbers, key=numbers.__getitem__)


def _vectors_of(tensors: Mapping[str, Any], pieces: int) -> TableVectors:
    """Return (pieces, d) the vector of each piece, with its weight."""
    table = tensors.get("embeddings")
    if table is None or table.ndim != 2:
        raise UnreadFolderError("Its model.safetensors has no table “embeddings”.")
    # Of several pieces with one vector there is one row.
    rows = tensors.get("mapping", np.arange(len(table))).astype(np.int64)
    if len(rows) != pieces or rows.min() < 0 or rows.max() >= len(table):
        raise UnreadFolderError(f"It has {len(rows)} vectors for {pieces} pieces.")
    vectors = table[rows].astype(np.float32)
    if "weights" in tensors:
        vectors *= tensors["weights"].astype(np.float32)[:, None]
    if not np.isfinite(vectors).all():
        raise UnreadFolderError("Its table has numbers that are not finite.")
    return vectors


def facts_of(path: Path) -> TableFacts | None:
    """Return what is said of the table in a file; None where it is another one."""
    try:
        # Opened here: of what is no table, numpy leaves the file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            return TableFacts(**json.loads(held["facts"].tobytes()))
    except (OSError, EOFError, BadZipFile, ValueError, KeyError, TypeError):
        return None


@cache
def table(path: Path, sha256: str) -> FolderTable:
    """Return the table of a file, which is read once by each process.

    Raises WrongEncoderError where it is gone, or not the one that was taken.
    """
    data = published.bytes_of(path, "table", sha256)
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        facts = TableFacts(**json.loads(held["facts"].tobytes()))
        pieces = held["vocabulary"].tobytes().decode().split("\n")
        return FolderTable(held["vectors"], pieces, facts)
