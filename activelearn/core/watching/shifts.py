"""Tests of whether a window differs from what a model was made with.

Which tests, and their levels, are what simulation left over: with no drift they are silent,
and what they miss needs labels (``outcomes``). See docs/models.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Array = NDArray[np.float64]
Places = NDArray[np.int64]

MIX_P: Final = 0.001
MIX_WINDOW: Final = 500
APART_P: Final = 0.01
APART_AUC: Final = 0.55
APART_WINDOW: Final = 1000
APART_FEWEST: Final = 200
# Rows that are left of the reference where its labels are made as frequent.
_FEWEST_BEFORE: Final = 100
REFERENCE: Final = 2000
COLUMNS: Final = 64
# Labels that the reference predicts less often are one group, as chi-squared tests ask.
_FEWEST_EXPECTED: Final = 5.0


@dataclass(frozen=True)
class MixTest:
    """Whether labels are predicted as often as before: p, and who moved most.

    moved: the label whose share changed most; before and now: its shares, in [0, 1].
    """

    p: float
    moved: str
    before: float
    now: float


def class_mix(before: Mapping[str, int], now: Mapping[str, int]) -> MixTest | None:
    """Return Pearson's chi-squared test of two counts of labels; None without two labels.

    Pearson 1900, Philosophical Magazine 50:157–175; labels too rare for it are one group.
    """
    from scipy.stats import chi2_contingency

    names = sorted(before.keys() | now.keys())
    table = np.array([[side.get(name, 0) for name in names] for side in (before, now)])
    totals = table.sum(axis=1)
    if not totals.all():
        return None
    shares = table / totals[:, None]
    most = int(np.argmax(np.abs(shares[1] - shares[0])))
    expected = table.sum(axis=0) * totals.min() / totals.sum()
    rare = expected < _FEWEST_EXPECTED
    grouped = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    grouped = grouped[:, grouped.sum(axis=0) > 0]
    if grouped.shape[1] < 2:
        return None
    p = float(chi2_contingency(grouped, correction=False).pvalue)
    return MixTest(p, names[most], float(shares[0, most]), float(shares[1, most]))


def holm(p_values: Sequence[float], level: float) -> list[bool]:
    """Return which of several tests reject, with all their errors below a level.

    Holm 1979, Scandinavian Journal of Statistics 6:65–70.
    """
    rejected = [False] * len(p_values)
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    for rank, place in enumerate(order):
        if p_values[place] > level / (len(p_values) - rank):
            break
        rejected[place] = True
    return rejected


@dataclass(frozen=True)
class ApartTest:
    """Whether a classifier tells a window from its reference.

    auc: of rows that it has not seen. strongest: the columns that tell most, the strongest
    first.
    """

    p: float
    auc: float
    strongest: list[int]

    @property
    def is_apart(self) -> bool:
        """Whether the window differs, and by more than what a large one always shows."""
        return self.p < APART_P and self.auc > APART_AUC


def apart(before: Array, now: Array, seed: int) -> ApartTest | None:
    """Return the classifier two-sample test; None of fewer than 200 rows, or 100 before.

    before: (n, d). now: (m, d). A logistic regression of one half of the rows, and Mann and
    Whitney's test of its scores of the other half (Lopez-Paz and Oquab 2017, ICLR): scores
    of rows that it has seen, or of cross-validation, would reject too often.
    """
    from scipy.stats import mannwhitneyu
    from sklearn.linear_model import LogisticRegression

    if len(before) < _FEWEST_BEFORE or len(now) < APART_FEWEST:
        return None
    random = np.random.default_rng(seed)
    sides = [side[random.permutation(len(side))] for side in (before, now)]
    halves = [(side[: len(side) // 2], side[len(side) // 2 :]) for side in sides]
    learned = np.vstack([half[0] for half in halves]).astype(np.float64)
    center, scale = learned.mean(axis=0), learned.std(axis=0)
    scale[scale == 0] = 1.0
    target = np.repeat([0, 1], [len(half[0]) for half in halves])
    with threadpool_limits(limits=1):
        model = LogisticRegression(C=0.1, class_weight="balanced", max_iter=200)
        model.fit((learned - center) / scale, target)
        old, new = (model.decision_function((h[1] - center) / scale) for h in halves)
    result = mannwhitneyu(new, old, alternative="greater")
    strongest = np.argsort(-np.abs(model.coef_[0]), kind="stable")[:5]
    auc = float(result.statistic) / (len(old) * len(new))
    return ApartTest(float(result.pvalue), auc, strongest.tolist())


def same_mix(
    before: Sequence[str], now: Sequence[str], random: np.random.Generator
) -> Places:
    """Return places in ``before`` so that its labels are as frequent as in ``now``.

    So a window of the same items in another mix is not apart from it. Labels of the window
    that ``before`` does not have are left out.
    """
    old, new = np.asarray(before), np.asarray(now)
    common = [name for name in np.unique(new).tolist() if (old == name).any()]
    if not common:
        return np.zeros(0, np.int64)
    wanted = {name: int((new == name).sum()) for name in common}
    total = sum(wanted.values())
    # As many as there are for the label that has fewest of what it needs, drawn without
    # doubles: the same row on both halves would let the classifier cheat.
    share = min(int((old == name).sum()) / wanted[name] for name in common) * total
    size = max(min(int(share), len(old)), min(total, APART_FEWEST))
    taken = []
    for name in common:
        places = np.flatnonzero(old == name)
        count = min(len(places), max(1, round(size * wanted[name] / total)))
        taken.append(random.choice(places, count, replace=False))
    return np.sort(np.concatenate(taken)).astype(np.int64)


def new_shares(confusion: Array, predicted: Array) -> Array:
    """Return (k,) the estimated shares of the true labels of a window.

    confusion: (k, k) P(predicted | true) of each true label in a column. predicted: (k,)
    shares of the predictions of the window. Black-box shift estimation (Lipton, Wang and
    Smola 2018, ICML), by least squares with no share below 0; only true where nothing but
    the mix has changed.
    """
    from scipy.optimize import nnls

    shares, _ = nnls(confusion, predicted)
    total = shares.sum()
    return np.asarray(shares / total if total else predicted, dtype=np.float64)


def narrowed(rows: Array, columns: int = COLUMNS) -> Array:
    """Return (n, at most 64): rows (n, d) in fewer columns, by a fixed random rotation.

    Distances stay about what they are (Johnson and Lindenstrauss 1984). The rotation
    hangs on d alone, so windows of different processes fit together.
    """
    width = rows.shape[1]
    if width <= columns:
        return np.asarray(rows, dtype=np.float64)
    turn: Any = np.random.default_rng(width).standard_normal((width, columns))
    return np.asarray(rows, dtype=np.float64) @ turn / np.sqrt(columns)
