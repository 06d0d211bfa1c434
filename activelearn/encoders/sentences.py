"""A small transformer that tells what whole sentences mean; it is got by an act.

all-MiniLM-L6-v2 (Reimers and Gurevych 2019, EMNLP, "Sentence-BERT"; Wang et al. 2020,
NeurIPS, "MiniLM"): BERT's forward pass (Devlin et al. 2019, NAACL), the mean over all word
pieces of a text, and that at unit length. It is run with numpy alone. The word pieces of
many texts stand one behind the other, so nothing is padded and nothing is hidden: only
attention looks at each text by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activelearn.encoders import published
from activelearn.encoders.safetensors import tensors_of
from activelearn.encoders.wordpiece import WordPieces

Layer = NDArray[np.float32]
Numbers = Sequence[int]
# The marks of the vocabulary for a word that is not known, and around each text.
UNKNOWN, START, END = 100, 101, 102
# Word pieces of a text that are read, its marks among them, as the model was published.
LONGEST: Final = 256
# Columns that each head of attention looks at.
HEAD: Final = 32
# Word pieces that are computed at once: their layers stay in the processor's cache.
AT_ONCE: Final = 1024
# The table that travels along has the same vocabulary (tools/build_text_table.py).
VOCABULARY: Final = "minilm-256"


@dataclass(frozen=True)
class DenseLayer:
    """Weights (n_in, n_out) and bias (n_out,)."""

    weight: Layer
    bias: Layer

    def __call__(self, x: Layer) -> Layer:
        """Return (n, n_out) of (n, n_in)."""
        x = x @ self.weight
        x += self.bias
        return x


class SentenceEncoder:
    """The layers of a transformer, and the vocabulary of its word pieces."""

    def __init__(self, tensors: dict[str, Layer], pieces: Sequence[str]) -> None:
        self._pieces = WordPieces(pieces, unknown=(UNKNOWN,))
        before = "embeddings."
        self._words = tensors[f"{before}word_embeddings.weight"]
        self._places = tensors[f"{before}position_embeddings.weight"]
        # Each text is the first of a pair, as the model was taught.
        self._places = (
            self._places + tensors[f"{before}token_type_embeddings.weight"][0]
        )
        self._tensors = tensors
        self._first = self._norm(f"{before}LayerNorm")
        count = sum(name.endswith("intermediate.dense.bias") for name in tensors)
        self._layers = [
            self._block(f"encoder.layer.{place}.") for place in range(count)
        ]

    @property
    def dimensions(self) -> int:
        """How many numbers a text becomes."""
        return int(self._words.shape[1])

    def encoded(self, texts: Sequence[str]) -> Layer:
        """Return (n_texts, dimensions), of unit length."""
        numbers = [self.numbers_of(text) for text in texts]
        x = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for places in _batches([len(each) for each in numbers]):
            x[places] = self._encoded([numbers[place] for place in places])
        return x

    def numbers_of(self, text: str) -> list[int]:
        """Return the numbers of a text's word pieces, between its marks."""
        return [START, *self._pieces.of(text)[: LONGEST - 2], END]

    def _encoded(self, numbers: Sequence[Numbers]) -> Layer:
        lengths = [len(each) for each in numbers]
        ends = np.cumsum([0, *lengths])
        flat = np.concatenate([np.array(each, dtype=np.int64) for each in numbers])
        places = np.concatenate([np.arange(length) for length in lengths])
        x = self._first(self._words[flat] + self._places[places])
        for block in self._layers:
            x = block(x, ends)
        means = np.add.reduceat(x, ends[:-1]) / np.array(lengths, np.float32)[:, None]
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def _block(self, at: str) -> _Block:
        parts = [
            self._dense(f"{at}attention.self.{n}") for n in ("query", "key", "value")
        ]
        looks = DenseLayer(
            np.concatenate([part.weight for part in parts], axis=1),
            np.concatenate([part.bias for part in parts]),
        )
        return _Block(
            looks,
            self._dense(f"{at}attention.output.dense"),
            self._norm(f"{at}attention.output.LayerNorm"),
            self._dense(f"{at}intermediate.dense"),
            self._dense(f"{at}output.dense"),
            self._norm(f"{at}output.LayerNorm"),
        )

    def _dense(self, name: str) -> DenseLayer:
        weight = self._tensors[f"{name}.weight"].T
        return DenseLayer(np.ascontiguousarray(weight), self._tensors[f"{name}.bias"])

    def _norm(self, name: str) -> _Norm:
        return _Norm(self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"])


@dataclass(frozen=True)
class _Norm:
    weight: Layer
    bias: Layer

    def __call__(self, x: Layer) -> Layer:
        """Return (n, d), each row less its mean, by how much it varies."""
        away = x - x.mean(axis=1, keepdims=True)
        spread = np.sqrt((away * away).mean(axis=1, keepdims=True) + np.float32(1e-12))
        away /= spread
        away *= self.weight
        away += self.bias
        return away


@dataclass(frozen=True)
class _Block:
    """A layer: what each piece sees in the others of its text, and what it makes of it."""

    looks: DenseLayer
    mix: DenseLayer
    after_mix: _Norm
    widen: DenseLayer
    narrow: DenseLayer
    after_narrow: _Norm

    def __call__(self, x: Layer, ends: NDArray[np.int64]) -> Layer:
        """Return (n, d) of (n, d); ends: where each text ends, from 0 on."""
        looks = self.looks(x)
        seen = np.empty_like(x)
        for start, end in pairwise(ends.tolist()):
            seen[start:end] = _attention(looks[start:end])
        x = self.after_mix(self.mix(seen) + x)
        return self.after_narrow(self.narrow(_gelu(self.widen(x))) + x)


def _attention(looks: Layer) -> Layer:
    """Return (length, d) of what one text's pieces ask, offer and hold: (length, 3 d)."""
    length, width = len(looks), looks.shape[1] // 3
    asked, offered, held = looks.reshape(length, 3, width // HEAD, HEAD).transpose(
        1, 2, 0, 3
    )
    scores = asked @ offered.transpose(0, 2, 1) / np.float32(np.sqrt(HEAD))
    shares = np.exp(scores - scores.max(axis=2, keepdims=True))
    shares /= shares.sum(axis=2, keepdims=True)
    seen: Layer = (shares @ held).transpose(1, 0, 2).reshape(length, width)
    return seen


def _gelu(x: Layer) -> Layer:
    """Return x times the share of a standard normal that is below it."""
    # Imported where it is used: what only knows the learner's types saves 10 MiB.
    from scipy.special import ndtr

    below: Layer = ndtr(x)
    below *= x
    return below


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield places of texts, of about the same length, that are computed at once."""
    batch: list[int] = []
    pieces = 0
    for place in np.argsort(lengths, kind="stable").tolist():
        if batch and pieces + lengths[place] > AT_ONCE:
            yield batch
            batch, pieces = [], 0
        batch.append(place)
        pieces += lengths[place]
    if batch:
        yield batch


@cache
def encoder(path: Path, sha256: str, name: str) -> SentenceEncoder:
    """Return the encoder of a file, which is read once by each process.

    Raises WrongEncoderError where the file is gone, or not the one that was published.
    """
    data = published.bytes_of(path, name, sha256)
    with np.load(published.FOLDER / f"{VOCABULARY}.npz", allow_pickle=False) as held:
        pieces = held["vocabulary"].tobytes().decode().split("\n")
    return SentenceEncoder(tensors_of(data), pieces)
