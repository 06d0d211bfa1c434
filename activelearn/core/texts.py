"""Texts to rows of hashed words, so that a retrain never changes a cached row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from activelearn.core import sparse

Spec = dict[str, Any]
Rows: TypeAlias = Any  # scipy.sparse.csr_matrix, which has no types

TEXT_SPEC: Final[Spec] = {
    "kind": "text",
    "version": 1,
    "words": {"ngrams": [1, 2], "size": 2**17},
    "characters": {"ngrams": [2, 4], "size": 2**16},
}


def text_rows(texts: Sequence[str], spec: Spec) -> Rows:
    """Return (n_texts, words + characters) float32, each half of unit length."""
    # Imported where it is used: web and scheduler save its 130 MiB.
    from sklearn.feature_extraction.text import HashingVectorizer

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
    return int(spec["words"]["size"] + spec["characters"]["size"])
