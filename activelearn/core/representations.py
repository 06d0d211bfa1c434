"""Which representation of a project's texts or pictures predicts its labels best.

Hashed words and pixels know nothing before the first label, and an encoder knows what words
mean, or what is seen; but one that was taught another language, or other pictures, only
brings noise. So each representation predicts
labels that it has not learned from, on the same folds, and what is right more often is
chosen. The one in force stays where a better one may be so by chance: it is looked at again
each time that the labels have doubled, so a choice is changed a few times at most. Before
any label, the words tell whether the encoder knows the language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from activelearn.core import crossfit, sparse, training
from activelearn.core.crossfit import Lot
from activelearn.core.evaluation import Labels
from activelearn.core.features import (
    ENCODED_IMAGE_SPEC,
    ENCODED_TEXT_SPEC,
    IMAGE_SPEC,
    JOINED_IMAGE_SPEC,
    JOINED_TEXT_SPEC,
    TEXT_SPEC,
    Rows,
    Spec,
)
from activelearn.core.intervals import Array, Estimate, Groups, proportion
from activelearn.core.joined import JoinedRows
from activelearn.encoders import static

FOLDS: Final = 4
# Labels from which on a choice is made; before that, the first one is in force.
FEWEST: Final = 100
# Labels that are looked at: of more, as many are drawn, for a fit takes its time.
MOST: Final = 1000
# By kind of data and by name; where several are right equally often, the first one counts.
SPECS: Final[Mapping[str, Mapping[str, Spec]]] = {
    "text": {
        "joined": JOINED_TEXT_SPEC,
        "hashed": TEXT_SPEC,
        "encoded": ENCODED_TEXT_SPEC,
    },
    "image": {
        "joined": JOINED_IMAGE_SPEC,
        "own": IMAGE_SPEC,
        "encoded": ENCODED_IMAGE_SPEC,
    },
}
DEFAULT: Final = "joined"
# Texts that are looked at before any label, and with how few of them nothing is told.
MOST_TEXTS: Final = 500
FEWEST_TEXTS: Final = 50
# The share of their words that the encoder has to know: 0.97 of English ones, 0.85 of
# Nigerian Pidgin, 0.43 of German, 0.41 to 0.61 of Hausa, Igbo and Yoruba, 0.01 of Korean.
KNOWS: Final = 0.75
# Standard errors that another one has to be better by.
CLEARLY: Final = 0.5

RightByName = dict[str, Array]


@dataclass(frozen=True)
class ChosenRepresentation:
    """What is in force from now on, and what was in force before.

    accuracies: of each representation, with its interval. gain: how much more often the
    best one is right than the one before, in [0, 1]; 0 where that is the best one. error:
    the standard error of that.
    """

    name: str
    before: str
    accuracies: dict[str, Estimate]
    gain: float = 0.0
    error: float = 0.0


def known_words(texts: Sequence[str]) -> float | None:
    """Return the share of the texts' words that the encoder knows; None without words.

    Raises WrongEncoderError where this program does not bring the encoder.
    """
    named = JOINED_TEXT_SPEC["encoder"]
    return static.encoder(named["name"], named["sha256"]).known_words(texts)


def first_of(known: float) -> str:
    """Return what is in force before labels tell, by the share of words that are known.

    An encoder of another language is noise until it is dropped: with it four sets of
    naijasenti need 1.4 times the labels (``python -m bench strategies``).
    """
    return DEFAULT if known >= KNOWS else "hashed"


def part_of(rows: JoinedRows, name: str) -> Rows:
    """Return those columns of joined rows that are a representation of their own."""
    if name in {"hashed", "own"}:
        return rows.sparse
    if name == "encoded":
        nothing = sparse.csr_matrix((rows.shape[0], 0), dtype=np.float32)
        return JoinedRows(nothing, rows.dense)
    return rows


def parts_of(rows: JoinedRows, kind: str) -> dict[str, Rows]:
    """Return by name the rows of each representation that joined rows are made of.

    kind: of the data, as in ``SPECS``.
    """
    return {name: part_of(rows, name) for name in SPECS[kind]}


def compared(
    lot: Lot,
    rows_by: Mapping[str, Rows],
    *,
    is_multi: bool,
    seed: int,
    step: Callable[[], object],
) -> RightByName:
    """Return by representation how right it is of each item, (n,) in [0, 1].

    rows_by: by name, the rows of the lot's items. Items of one group share a fold. One
    label is right or wrong; of several, the share of those that are named or right that
    are both. ``step`` is called before each fit; what it raises ends this.
    """
    folds = crossfit.dealt(lot.groups, lot.targets, FOLDS)
    right: RightByName = {name: np.zeros(len(lot.ids)) for name in rows_by}
    for fold in range(FOLDS):
        own, others = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        taught = [lot.targets[place] for place in others.tolist()]
        for name, rows in rows_by.items():
            step()
            try:
                model = training.fit(rows[others], taught, is_multi=is_multi, seed=seed)
            except ValueError:
                # Of these alone nothing can be told apart, by none of them.
                continue
            predicted = training.predicted_labels(model, model.probabilities(rows[own]))
            wanted = [lot.targets[place] for place in own.tolist()]
            right[name][own] = list(map(_likeness, predicted, wanted))
    return right


def _likeness(predicted: Labels, wanted: Labels) -> float:
    either = {*predicted, *wanted}
    return len({*predicted} & {*wanted}) / len(either) if either else 1.0


def chosen(right: RightByName, groups: Groups, before: str) -> ChosenRepresentation:
    """Return what is to be in force, where ``before`` has been.

    right: as of ``compared``. groups: (n,).
    """
    accuracies = {name: proportion(values, groups) for name, values in right.items()}
    best = max(accuracies, key=lambda name: accuracies[name].value)
    gains = right[best] - right[before]
    gain = float(gains.mean()) if len(gains) else 0.0
    if best == before or gain <= 0:
        return ChosenRepresentation(before, before, accuracies)
    error = float(gains.std()) / np.sqrt(len(gains))
    name = best if gain > CLEARLY * error else before
    return ChosenRepresentation(name, before, accuracies, gain, float(error))


def is_due(label_count: int, before: int) -> bool:
    """Whether a comparison is due; ``before`` labels made the last one, 0 where none did."""
    return label_count >= max(FEWEST, 2 * before)
