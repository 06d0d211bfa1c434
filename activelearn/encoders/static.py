"""Tables that tell what a text is about, word piece by word piece; they travel along.

A text's vector is the sum of those of its word pieces, at unit length. A table is a file
of this package, named in a specification with its hash and read when the first text is
encoded; each process that encodes holds it once.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activelearn.encoders import published
from activelearn.encoders.wordpiece import WordPieces

EncodedTexts = NDArray[np.float32]
# Texts that are encoded at once: their word pieces are in memory together.
AT_ONCE: Final = 2000


class StaticEncoder:
    """A table of vectors: bytes (n_pieces, dimensions), and a scale for each row."""

    def __init__(self, data: bytes) -> None:
        # Without pickle: loading a file must not run what is in it.
        packed = np.load(io.BytesIO(data), allow_pickle=False)
        self._vectors: NDArray[np.int8] = packed["vectors"]
        self._scales: EncodedTexts = packed["scales"]
        self._pieces = WordPieces(packed["vocabulary"].tobytes().decode().split("\n"))

    @property
    def dimensions(self) -> int:
        """How many numbers a text becomes."""
        return int(self._vectors.shape[1])

    def encoded(self, texts: Sequence[str]) -> EncodedTexts:
        """Return (n_texts, dimensions), of unit length; zero where no word is known."""
        parts = [
            self._encoded(texts[start : start + AT_ONCE])
            for start in range(0, len(texts), AT_ONCE)
        ]
        return np.concatenate(parts or [np.zeros((0, self.dimensions), np.float32)])

    def known_words(self, texts: Sequence[str]) -> float | None:
        """Return the share of the texts' words that are one piece; None without words.

        Words of the language that a vocabulary was made of mostly are; those of others
        are taken apart (the tokenizer's share of continued words: Rust et al. 2021, ACL,
        3118–3135).
        """
        counts = [self._pieces.known_words(text) for text in texts]
        known, words = (sum(column) for column in zip(*counts, strict=True))
        return known / words if words else None

    def _encoded(self, texts: Sequence[str]) -> EncodedTexts:
        # Imported where it is used: what only knows the learner's types saves 10 MiB.
        from scipy import sparse

        numbers = [self._pieces.of(text) for text in texts]
        ends = np.cumsum([0, *map(len, numbers)])
        flat = np.fromiter(chain.from_iterable(numbers), np.int64, ends[-1])
        # Only of the pieces that occur: the whole table as numbers is 30 MiB.
        used, places = np.unique(flat, return_inverse=True)
        table = self._vectors[used] * self._scales[used, None]
        counts = sparse.csr_matrix(
            (np.ones(len(flat), np.float32), places, ends),
            shape=(len(texts), len(used)),
        )
        sums = np.asarray(counts @ table)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        return np.divide(sums, lengths, out=np.zeros_like(sums), where=lengths > 0)


@cache
def encoder(name: str, sha256: str, folder: Path = published.FOLDER) -> StaticEncoder:
    """Return a table, which is read once by each process.

    Raises what ``published.content`` raises.
    """
    return StaticEncoder(published.content(name, sha256, folder))
