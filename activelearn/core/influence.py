"""Which words of a text, or columns of a row, speak most for what a linear model says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import chain, zip_longest
from typing import Final

import numpy as np

from activelearn.core.features import Spec, table_rows, text_rows
from activelearn.core.training import Array, LinearModel
from activelearn.core.translation import TranslatedModel

MOST_WORDS: Final = 6
MOST_LETTERS: Final = 4000
MOST_COLUMNS: Final = 50
WEAKEST: Final = 0.2

_WORD: Final = re.compile(r"\w\w+")


def influential(
    model: LinearModel | TranslatedModel,
    suggestions: Sequence[tuple[str, str]],
    spec: Spec,
) -> list[list[str]]:
    """Return for each (label, text) the few words that alone speak most for the label.

    The words are in lower case, the strongest first. A word that speaks for the label
    less than a fifth as much as the first one, or against it, is left out.
    """
    texts = [
        sorted(set(_WORD.findall(text[:MOST_LETTERS].lower())))
        for _, text in suggestions
    ]
    words = sorted({word for text in texts for word in text})
    if not words:
        return [[] for _ in suggestions]
    place = {word: row for row, word in enumerate(words)}
    leanings = model.leanings(text_rows(words, spec))
    column = {label: leanings[:, at] for at, label in enumerate(model.labels)}
    return [
        _strongest(text, column[label][[place[word] for word in text]])
        if text and label in column
        else []
        for (label, _), text in zip(suggestions, texts, strict=True)
    ]


def influential_columns(
    model: LinearModel | TranslatedModel,
    labels: Sequence[str],
    row: Mapping[str, object],
    spec: Spec,
) -> list[list[str]]:
    """Return for each label the few columns of a table's row that speak most for it.

    A column speaks by how much less the model would lean to the label without its value.
    The strongest comes first; those that speak less than a fifth as much are left out.
    Of a wide table the first 50 columns are looked at: each is one more row to compute.
    """
    named = [column["name"] for column in spec["columns"][:MOST_COLUMNS]]
    # Each column adds to the leaning by itself: the others change no difference.
    known = {name: row[name] for name in named if row.get(name) is not None}
    if not known:
        return [[] for _ in labels]
    without = [
        {name: value for name, value in known.items() if name != left_out}
        for left_out in known
    ]
    leanings = model.leanings(table_rows([known, *without], spec))
    places = {label: at for at, label in enumerate(model.labels)}
    return [
        _strongest([*known], leanings[0, places[label]] - leanings[1:, places[label]])
        if label in places
        else []
        for label in labels
    ]


def alternating(lists: Sequence[Sequence[str]]) -> list[str]:
    """Return the few strongest words of several labels: the first of each, and so on."""
    ranked = chain.from_iterable(zip_longest(*lists))
    return list(dict.fromkeys(word for word in ranked if word))[:MOST_WORDS]


def _strongest(words: list[str], leanings: Array) -> list[str]:
    order = np.argsort(-leanings, kind="stable")[:MOST_WORDS]
    least = max(float(leanings[order[0]]) * WEAKEST, 0)
    return [words[place] for place in order if leanings[place] > least]
