"""How many labels the queue's strategy needs, against random order, with an oracle."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import sparse
from sklearn.datasets import load_digits

from activelearn.core import diversity, features, query, training
from bench import curves

BANKING = Path(__file__).resolve().parents[2] / "shared" / "data" / "banking77"
PICTURE = Path("bench-learning.svg")
SEEDS = range(5)
GOAL = 0.95


@dataclass(frozen=True)
class Task:
    """Rows with their right answers; ``growth`` is the share of new labels a step."""

    rows: Any
    truth: list[tuple[str, ...]]
    held_out: int
    first: int
    growth: float
    most: int


def digits() -> Task:
    images, targets = load_digits(return_X_y=True)
    rows = []
    for pixels in images:
        body = io.BytesIO()
        Image.fromarray((pixels.reshape(8, 8) * 15).astype(np.uint8)).save(body, "PNG")
        rows.append(features.image_row(body.getvalue(), features.IMAGE_SPEC))
    truth: list[tuple[str, ...]] = [(str(target),) for target in targets]
    return Task(sparse.csr_matrix(np.vstack(rows)), truth, 600, 20, 0.0, 400)


def banking77() -> Task | None:
    """Return 13,083 questions of 77 intents, or None where the set is not at hand."""
    if not BANKING.is_dir():
        return None
    with (BANKING / "items.csv").open(newline="") as file:
        items = list(csv.DictReader(file))
    with (BANKING / "gold.csv").open(newline="") as file:
        gold = {row["item_id"]: row["label"] for row in csv.DictReader(file)}
    rows = features.text_rows([row["text"] for row in items], features.TEXT_SPEC)
    truth: list[tuple[str, ...]] = [(gold[row["id"]],) for row in items]
    return Task(rows, truth, 2000, 200, 0.15, 9000)


def curve(task: Task, *, seed: int, is_random: bool) -> Iterator[tuple[int, float]]:
    """Yield (labels, accuracy as a share of what all labels reach) until the goal."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(task.truth))
    pool, test = order[task.held_out :], order[: task.held_out]
    full = _accuracy(task, pool, test)
    points = diversity.compact(task.rows[pool], seed)
    typical = diversity.typical(points, task.first, seed)
    known = pool[: task.first] if is_random else pool[typical]
    while True:
        share = _accuracy(task, known, test) / full
        yield len(known), share
        if share >= GOAL or len(known) >= task.most:
            return
        rest = np.setdiff1d(pool, known)
        step = max(task.first, round(task.growth * len(known)))
        known = np.concatenate([known, _pick(task, known, rest, step, rng, is_random)])


def _fit(task: Task, known: NDArray[np.int64]) -> training.LinearModel:
    known = np.sort(known)
    answers = [task.truth[one] for one in known]
    return training.fit(task.rows[known], answers, is_multi=False)


def _accuracy(task: Task, known: Any, test: Any) -> float:
    model = _fit(task, known)
    given = training.predicted_labels(model, model.probabilities(task.rows[test]))
    hits = [task.truth[t] == g for t, g in zip(test, given, strict=True)]
    return float(np.mean(hits))


def _pick(  # noqa: PLR0913, PLR0917 (a step needs all of it)
    task: Task,
    known: Any,
    rest: Any,
    step: int,
    rng: Any,
    is_random: bool,  # noqa: FBT001
) -> Any:
    if is_random:
        return rng.permutation(rest)[:step]
    scores = query.margin(_fit(task, known).probabilities(task.rows[rest]))
    short = query.least_sure(scores, 10 * step, rng)
    points = diversity.compact(task.rows[rest[short]], 0)
    chosen = short[diversity.spread(points, scores[short], step, 0)[:step]]
    chance = rng.permutation(len(rest))[: step // 10]
    return rest[np.unique(np.concatenate([chosen[: step - len(chance)], chance]))]


TASKS: dict[str, Callable[[], Task | None]] = {
    "digits": digits,
    "banking77": banking77,
}


def rows(only: str = "") -> list[dict[str, Any]]:
    """Measure each set that is at hand, and draw the curves."""
    found, drawn = [], {}
    for name, load in TASKS.items():
        task = load() if only in ("", "learning", f"labels-to-95-{name}") else None
        if task is None:
            continue
        drawn[name] = {
            arm: [
                list(curve(task, seed=seed, is_random=arm == "random"))
                for seed in SEEDS
            ]
            for arm in ("queue", "random")
        }
        found.append(_row(name, drawn[name]))
    if drawn:
        PICTURE.write_text(curves.svg(drawn, GOAL), encoding="utf-8")
    return found


def _row(name: str, arms: dict[str, list[list[tuple[int, float]]]]) -> dict[str, Any]:
    needed = {arm: [one[-1][0] for one in made] for arm, made in arms.items()}
    ours, random = (float(np.median(needed[arm])) for arm in ("queue", "random"))
    return {
        "name": f"labels-to-95-{name}",
        "value": round(ours / random, 3),
        "unit": "× random",
        "target": 1.0,
        "met": ours < random,
        "detail": f"median of 5 seeds: {ours:.0f} labels, random {random:.0f}; "
        f"each: {needed['queue']} / {needed['random']}",
    }
