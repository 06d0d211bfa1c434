"""The likely labels of an item: as few as hold the true one as often as promised.

Split conformal prediction (Vovk, Gammerman and Shafer 2005, Algorithmic Learning in a
Random World, chapter 4). Of labels that were drawn at random, by what a model says that
has not learned from them, it is told up to which score the true label is kept. Nothing
is assumed of the model. People who choose among such labels are right more often than
among a fixed number of the likeliest ones (Cresswell et al. 2024, ICML, arXiv 2401.13744).
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np

from activelearn.core.calibrated import Scored
from activelearn.core.features import Rows
from activelearn.core.intervals import Array, Bools
from activelearn.core.losses import indicators
from activelearn.core.training import LinearModel
from activelearn.core.translation import TranslatedModel

# How often the true label is among the likely ones.
LEVEL: Final = 0.95
# Items of which the model is surer than of half of them, and the others: each part has
# its own limit, for people are asked about what it is less sure of (docs/learning.md).
PARTS: Final = 2
# Random labels from which on there are any. What 50 of a part come to varies with which
# ones they are, as Beta(49, 2) (Vovk 2012, ACML, 475–490): above 90 % in 96 of 100 cases.
FEWEST: Final = 50 * PARTS
# A project with at most as many labels shows all of them.
MANY: Final = 20
# More of a project's labels than this share are no help.
MOST: Final = 0.5


@dataclass(frozen=True)
class LikelyRule:
    """Which labels of an item are likely.

    count: of random labels that it was made of. edges: (k - 1,) the confidences that part
    the items, rising. limits: (k,) of each part the largest score that a likely label has;
    None where all labels are likely. Empty where there were too few labels.
    """

    count: int
    edges: tuple[float, ...] = ()
    limits: tuple[float | None, ...] = ()

    @property
    def missing(self) -> int:
        """How many random labels it lacks."""
        return max(0, FEWEST - self.count)

    def likely(self, table: Array) -> Bools:
        """Return (n, n_labels): the likely labels of items, the likeliest always.

        table: probabilities (n, n_labels) as they were fitted, before any calibration.
        """
        limits = np.array([np.inf if x is None else x for x in self.limits])
        part = np.searchsorted(np.array(self.edges), table.max(axis=1))
        is_likely = scores(table) <= limits[part][:, None]
        is_likely[np.arange(len(table)), table.argmax(axis=1)] = True
        return np.asarray(is_likely)


def scores(table: Array) -> Array:
    """Return (n, n_labels): how far each label of an item is from being likely.

    table: probabilities (n, n_labels). One less the probability: that makes the fewest
    likely labels (Sadinle, Lei and Wasserman 2019, J. Am. Stat. Assoc. 114:223–234).
    """
    return np.asarray(1 - table)


def limit(scores_of_truth: Array, level: float = LEVEL) -> float | None:
    """Return the score up to which the true label is kept ``level`` of the time.

    scores_of_truth: (n,). The ⌈(n + 1) level⌉-th smallest: of one more item drawn like
    these, the true label has a score of at most that with this probability. None where
    there are too few to say: then every label has to be kept.
    """
    place = math.ceil((len(scores_of_truth) + 1) * level)
    if place > len(scores_of_truth):
        return None
    kept = float(np.sort(scores_of_truth)[place - 1])
    return kept if math.isfinite(kept) else None


def fitted(model: LinearModel, known: Scored) -> LikelyRule | None:
    """Return which labels are likely by these; None where items have several labels.

    known: labels that were drawn at random. Of each group one item counts: the others
    tell nothing new. A label that the model does not know counts as likely, for whoever
    names the likely labels adds those.
    """
    if model.is_multi:
        return None
    places = np.unique(known.groups, return_index=True)[1]
    if len(places) < FEWEST:
        return LikelyRule(len(places))
    # As they were fitted: a calibration has seen these labels.
    table = model.uncalibrated.of_scores(known.scores[places])
    has = indicators([known.labels[place] for place in places], model.labels)
    of_truth = np.where(has, scores(table), -np.inf).max(axis=1)
    confidences = table.max(axis=1)
    edges = np.quantile(confidences, np.arange(1, PARTS) / PARTS)
    part = np.searchsorted(edges, confidences)
    limits = [limit(of_truth[part == k]) for k in range(PARTS)]
    return LikelyRule(len(places), tuple(edges.tolist()), tuple(limits))


def names_of(
    rule: LikelyRule, model: TranslatedModel, rows: Rows, today: Collection[str]
) -> list[list[str]]:
    """Return the likely labels of each row by their names of today, the likeliest first.

    rows: (n, n_features). today: all labels there are. Those that the model does not know
    come last. None of them where that leaves too many.
    """
    table = model.model.uncalibrated.probabilities(rows)
    is_likely = rule.likely(table)
    unknown = sorted(set(today) - set(model.labels))
    names = []
    for row, chosen in zip(table, is_likely, strict=True):
        order = np.argsort(-row, kind="stable")
        places = model.places[order[chosen[order]]]
        known = dict.fromkeys(model.labels[place] for place in places if place >= 0)
        likely = [*known, *unknown]
        names.append(likely if len(likely) <= MOST * len(today) else [])
    return names
