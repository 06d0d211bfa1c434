"""Whether a certificate keeps its promise on data, and how much it accepts.

On each data set that is at hand a model learns as in the product: from 100 random labels
and 300 that it was least sure of. 200 times, held-out labels are drawn, its calibration is
fitted on them, and the product's functions certify at which confidence at most the promised
share of the rest is wrong. The rest is labeled, so what is accepted of it is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np

from activelearn.core import calibrated
from activelearn.core.calibrated import Scored
from activelearn.core.calibration import Method
from activelearn.core.certificate import Promise, certify, levels_of
from activelearn.core.intervals import Array, Bools
from activelearn.core.training import LinearModel
from bench import calibration, sets
from bench.row import row

RUNS: Final = 200
HELD_OUT: Final = 1000
RISKS: Final = (0.02, 0.05)
DOUBT: Final = 0.05


@dataclass(frozen=True)
class CertificateRun:
    """One draw. accepted, best, best_level: shares of the rest; the best keep the risk.

    best_level: of the ten declared levels.
    """

    is_broken: bool
    accepted: float
    best: float
    best_level: float


def measured(name: str, risk: float, runs: int = RUNS) -> list[CertificateRun]:
    """Return what so many draws of held-out labels certify."""
    rows, truth = sets.loaded(name)
    rng = np.random.default_rng(1)
    known, others = calibration.learned_from(rows, truth, rng)
    model = calibration.fit(rows, truth, known)
    scores = model.scores(rows[others])
    labels = [truth[place] for place in others]
    return [_run(model, scores, labels, risk, rng) for _ in range(runs)]


def _run(
    model: LinearModel,
    scores: Array,
    labels: list[tuple[str, ...]],
    risk: float,
    rng: np.random.Generator,
) -> CertificateRun:
    order = rng.permutation(len(labels))
    drawn, rest = np.split(order, [min(HELD_OUT, len(order) // 3)])
    known = Scored(scores[drawn], [labels[p] for p in drawn], np.arange(len(drawn)))
    serving, trial = calibrated.calibrated(model, known)
    table = serving.of_scores(known.scores)
    if trial.helps:
        # As the product does: what the calibration was fitted on has another one's.
        method = msgspec.convert(trial.method, Method)
        judges = calibrated.as_served(serving, known, method, known.groups)
        for places, judge in judges:
            table[places] = judge.of_scores(known.scores[places])
    sure, right = _judged(model, table, known.labels)
    of_rest = serving.of_scores(scores[rest])
    pool, is_right = _judged(model, of_rest, [labels[p] for p in rest])
    level = certify(sure, right, pool, Promise(risk, DOUBT)).accepted
    taken = pool >= level.threshold if level else np.zeros(len(pool), dtype=np.bool_)
    return CertificateRun(
        bool(taken.any() and (~is_right[taken]).mean() > risk),
        float(taken.mean()),
        _best(pool, is_right, risk, np.unique(pool)),
        _best(pool, is_right, risk, levels_of(pool)),
    )


def _judged(
    model: LinearModel, table: Array, labels: list[tuple[str, ...]] | Any
) -> tuple[Array, Bools]:
    predicted = [model.labels[place] for place in table.argmax(axis=1)]
    right = [names == (name,) for names, name in zip(labels, predicted, strict=True)]
    return table.max(axis=1), np.array(right, dtype=np.bool_)


def _best(pool: Array, right: Bools, risk: float, thresholds: Array) -> float:
    """Return the largest share that could be accepted by whoever knew all labels."""
    shares = [
        float((pool >= limit).mean())
        for limit in thresholds
        if (~right[pool >= limit]).mean() <= risk
    ]
    return max(shares, default=0.0)


def rows(only: str = "") -> list[dict[str, Any]]:
    """Measure each set that is at hand."""
    results = []
    for name in sets.NAMES:
        is_wanted = only in {"", "certificate", f"certificate-{name}"}
        if not is_wanted or not sets.is_at_hand(name):
            continue
        broken, details = 0.0, []
        for risk in RISKS:
            runs = measured(name, risk)
            share = float(np.mean([run.is_broken for run in runs]))
            broken = max(broken, share)
            accepted, best, level = (
                float(np.mean([getattr(run, part) for run in runs]))
                for part in ("accepted", "best", "best_level")
            )
            details.append(
                f"risk {risk:.0%}: broken {share:.1%}, accepted {accepted:.0%} of the pool, "
                f"with all labels known {best:.0%}, of the ten levels {level:.0%}"
            )
        results.append(
            row(f"certificate-{name}", broken, "of runs", DOUBT, "; ".join(details))
        )
    return results
