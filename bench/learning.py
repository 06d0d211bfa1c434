"""How many labels the queue's strategy needs, against random order, with an oracle."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import sparse
from sklearn.datasets import load_digits

from activelearn.core import diversity, features, query, training

STEP = 20
MOST = 400
GOAL = 0.95


def digits() -> tuple[Any, list[tuple[str, ...]]]:
    images, targets = load_digits(return_X_y=True)
    rows = []
    for pixels in images:
        body = io.BytesIO()
        Image.fromarray((pixels.reshape(8, 8) * 15).astype(np.uint8)).save(body, "PNG")
        rows.append(features.image_row(body.getvalue(), features.IMAGE_SPEC))
    return sparse.csr_matrix(np.vstack(rows)), [(str(target),) for target in targets]


def needed(
    *, seed: int, is_random: bool, data: tuple[Any, list[tuple[str, ...]]]
) -> int:
    """Return the labels after which the goal's share of full accuracy is reached."""
    rows, truth = data
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(truth))
    pool, test = order[600:], order[:600]
    goal = GOAL * _accuracy(rows, truth, pool, test)
    points = diversity.compact(rows[pool], seed)
    known = pool[:STEP] if is_random else pool[diversity.typical(points, STEP, seed)]
    while len(known) < MOST:
        if _accuracy(rows, truth, known, test) >= goal:
            return len(known)
        rest = np.setdiff1d(pool, known)
        known = np.concatenate(
            [known, _pick(rows, truth, (known, rest), rng, is_random)]
        )
    return MOST


def _fit(rows: Any, truth: Any, known: NDArray[np.int64]) -> training.LinearModel:
    known = np.sort(known)
    return training.fit(rows[known], [truth[one] for one in known], is_multi=False)


def _accuracy(rows: Any, truth: Any, known: Any, test: Any) -> float:
    model = _fit(rows, truth, known)
    given = training.answers_of(model, model.probabilities(rows[test]))
    return float(np.mean([truth[t] == g for t, g in zip(test, given, strict=True)]))


def _pick(rows: Any, truth: Any, sides: Any, rng: Any, is_random: bool) -> Any:  # noqa: FBT001
    known, rest = sides
    if is_random:
        return rng.permutation(rest)[:STEP]
    scores = query.margin(_fit(rows, truth, known).probabilities(rows[rest]))
    short = query.least_sure(scores, 10 * STEP, rng)
    points = diversity.compact(rows[rest[short]], 0)
    chosen = short[diversity.spread(points, scores[short], STEP, 0)[:STEP]]
    chance = rng.permutation(len(rest))[: STEP // 10]
    return rest[np.unique(np.concatenate([chosen[: STEP - len(chance)], chance]))]


def rows() -> list[dict[str, Any]]:
    data = digits()
    found = {
        is_random: [needed(seed=s, is_random=is_random, data=data) for s in range(5)]
        for is_random in (False, True)
    }
    ours, random = (float(np.median(found[key])) for key in (False, True))
    return [
        {
            "name": "labels-to-95-digits",
            "value": round(ours / random, 3),
            "unit": "× random",
            "target": 1.0,
            "met": ours < random,
            "detail": f"median of 5 seeds: {ours:.0f} labels, random {random:.0f}; "
            f"each: {found[False]} / {found[True]}",
        }
    ]
