"""How far confidences are from what is right, before and after a calibration.

On each data set that is at hand a model learns as in the product: from 100 random labels
and 300 that it was least sure of. Calibrations are then fitted on so many random labels,
and judged on the items that are left.
"""

from __future__ import annotations

import csv
import gzip
import zipfile
from typing import Any, Final

import numpy as np
from scipy import sparse

from activelearn.core import calibrated, features, query, training
from activelearn.core.evaluation import Probabilities
from bench import learning
from bench.row import row

DATA: Final = learning.BANKING.parent
TEXTS: Final = ("banking77", "hwu64", "nsmc_korean", "naijasenti")
TABLES: Final = ("telco_churn",)
MOST_ITEMS: Final = 6000
FIRST: Final = 100
ROUNDS: Final = 3
BATCH: Final = 100
RANDOM_LABELS: Final = (50, 100, 200, 500)
DRAWS: Final = 5
# learning.md's bar: from 200 random labels.
GOAL: Final = 0.03


def _table(folder: str, name: str) -> list[dict[str, str]]:
    path = DATA / folder / f"{name}.csv"
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    with gzip.open(f"{path}.gz", "rt", newline="", encoding="utf-8") as packed:
        return list(csv.DictReader(packed))


def _loaded(name: str) -> tuple[Any, list[tuple[str, ...]]]:
    """Return the rows and the true labels of a data set, in random order."""
    if name == "digits":
        task = learning.digits()
        return task.rows, task.truth
    items = _table(name, "items")
    gold = {line["item_id"]: line["label"] for line in _table(name, "gold")}
    items = [item for item in items if item["id"] in gold]
    order = np.random.default_rng(0).permutation(len(items))[:MOST_ITEMS]
    items = [items[place] for place in order]
    truth: list[tuple[str, ...]] = [(gold[item["id"]],) for item in items]
    return _rows(name, items), truth


def _rows(name: str, items: list[dict[str, str]]) -> Any:
    if name in TEXTS:
        return features.text_rows([item["text"] for item in items], features.TEXT_SPEC)
    if name in TABLES:
        left_out = {"id", "split"}
        data = [{k: v for k, v in one.items() if k not in left_out} for one in items]
        return features.table_rows(data, features.table_spec(data, len(data))[0])
    with zipfile.ZipFile(DATA / name / "images.zip") as packed:
        pictures = [packed.read(item["image"]) for item in items]
    dense = [features.image_row(body, features.IMAGE_SPEC) for body in pictures]
    return sparse.csr_matrix(np.vstack(dense))


def measured(name: str) -> dict[int, tuple[float, float, float]]:
    """Return by number of random labels: error before, after, share that was taken."""
    rows, truth = _loaded(name)
    rng = np.random.default_rng(1)
    order = rng.permutation(len(truth))
    known, rest = order[:FIRST], order[FIRST:]
    pool, held_out = rest[: len(rest) // 2], rest[len(rest) // 2 :]
    for _ in range(ROUNDS):
        scores = query.margin(_fit(rows, truth, known).probabilities(rows[pool]))
        picked = query.least_sure(scores, BATCH, rng)
        known = np.concatenate([known, pool[picked]])
        pool = np.delete(pool, picked)
    model = _fit(rows, truth, known)
    outcomes = {}
    for count in RANDOM_LABELS:
        if count > len(held_out) // 2:
            break
        draws = [
            _draw(model, rows, truth, rng.permutation(held_out), count)
            for _ in range(DRAWS)
        ]
        before, after, taken = np.mean(draws, axis=0)
        outcomes[count] = (float(before), float(after), float(taken))
    return outcomes


def _fit(rows: Any, truth: list[tuple[str, ...]], known: Any) -> training.LinearModel:
    places = np.sort(known)
    return training.fit(rows[places], [truth[p] for p in places], is_multi=False)


def _draw(
    model: training.LinearModel,
    rows: Any,
    truth: list[tuple[str, ...]],
    held_out: Any,
    count: int,
) -> tuple[float, float, bool]:
    own, test = held_out[:count], held_out[count:]
    other, trial = calibrated.calibrated(
        model, rows[own], [truth[p] for p in own], np.arange(count)
    )
    errors = [
        calibrated.reliability(
            Probabilities(one.labels, one.probabilities(rows[test]), is_multi=False),
            [truth[p] for p in test],
            np.arange(len(test)),
        ).ece.value
        for one in (model, other)
    ]
    return errors[0], errors[1], trial.helps


SETS: Final = ("digits", "sign_digits", *TEXTS, *TABLES)


def rows(only: str = "") -> list[dict[str, Any]]:
    """Measure each set that is at hand."""
    found = []
    for name in SETS:
        is_wanted = only in {"", "calibration", f"calibration-{name}"}
        if not is_wanted or not (name == "digits" or (DATA / name).is_dir()):
            continue
        outcomes = measured(name)
        best = outcomes.get(200, list(outcomes.values())[-1])
        detail = "; ".join(
            f"{count}: {before:.3f} → {after:.3f}, taken {taken:.0%}"
            for count, (before, after, taken) in outcomes.items()
        )
        found.append(row(f"calibration-{name}", best[1], "ECE", GOAL, detail))
    return found
