"""Texts to rows: hashed words, so that a retrain never changes a cached row, and meaning.

Version 1 hashes words and characters. Version 2 has beside them what an encoder makes of
the text: it knows that two words are alike, where hashed words know which ones were used.
Either part may be left out. Version 3 has beside them what an encoder tells that does not
travel along: whoever asks for rows brings that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from activelearn.core import brought, sparse
from activelearn.core.joined import JoinedRows
from activelearn.encoders import published, static

Spec = dict[str, Any]
Rows: TypeAlias = Any  # scipy.sparse.csr_matrix, which has no types, or JoinedRows

TEXT_SPEC: Final[Spec] = {
    "kind": "text",
    "version": 1,
    "words": {"ngrams": [1, 2], "size": 2**17},
    "characters": {"ngrams": [2, 4], "size": 2**16},
}
# The hashed part of a row has a squared length of 2; by this weight the other has 4.
ENCODER: Final[Spec] = {
    "name": "minilm-256",
    "sha256": published.KNOWN["minilm-256"],
    "dimensions": 256,
    "weight": 2.0,
}
JOINED_TEXT_SPEC: Final[Spec] = {**TEXT_SPEC, "version": 2, "encoder": ENCODER}
ENCODED_TEXT_SPEC: Final[Spec] = {"kind": "text", "version": 2, "encoder": ENCODER}


def text_rows(
    texts: Sequence[str], spec: Spec, vectors: brought.BroughtVectors | None = None
) -> Rows:
    """Return (n_texts, n_features): words and characters, each half of unit length.

    Behind them, where the specification names an encoder, its numbers times its weight.
    vectors: (n_texts, d) of an encoder that does not travel along; without it nothing is
    said. Raises WrongEncoderError where this program does not bring that encoder.
    """
    hashed = _hashed(texts, spec)
    if not (named := spec.get("encoder")):
        return hashed
    if brought.is_brought(spec):
        if vectors is None:
            vectors = np.full((len(texts), named["dimensions"]), np.nan, np.float32)
        return JoinedRows(hashed, brought.columns(vectors, named))
    encoded = static.encoder(named["name"], named["sha256"]).encoded(texts)
    return JoinedRows(hashed, (encoded * named["weight"]).astype(np.float16))


def _hashed(texts: Sequence[str], spec: Spec) -> Any:
    # Imported where it is used: web and scheduler save its 130 MiB.
    from sklearn.feature_extraction.text import HashingVectorizer

    if "words" not in spec:
        return sparse.csr_matrix((len(texts), 0), dtype=np.float32)
    words, characters = spec["words"], spec["characters"]
    halves = [
        HashingVectorizer(
            ngram_range=tuple(words["ngrams"]),
            n_features=words["size"],
            alternate_sign=False,
            dtype=np.float32,
            token_pattern=r"(?u)\b\w+\b",  # noqa: S106 (a regular expression)
        ),
        HashingVectorizer(
            analyzer="char_wb",
            ngram_range=tuple(characters["ngrams"]),
            n_features=characters["size"],
            alternate_sign=False,
            dtype=np.float32,
        ),
    ]
    return sparse.hstack([half.transform(texts) for half in halves], format="csr")


def text_width(spec: Spec) -> int:
    """Return how many features a text has."""
    parts = (spec.get(part, {}).get("size", 0) for part in ("words", "characters"))
    return int(sum(parts) + spec.get("encoder", {}).get("dimensions", 0))
