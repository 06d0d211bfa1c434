"""What a representation saves: labels against own features in random order.

Both arms are the product's own queue, as of ``bench.learning``; what differs is what it
and the models read: hashed words or pixels alone, or joined with what the encoder tells.
Then what
choosing by the labels costs: accuracy lost against always knowing the best one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from activelearn.core import representations, training
from activelearn.core.crossfit import Lot
from activelearn.core.features import Table
from bench import sets
from bench.learning import Curve, Person, Task, curve, policy_of

# At most as many items: what is measured here are ratios.
ITEMS: Final = 4000
SEEDS: Final = 2
LOOKS: Final = (20, 35, 50, 65, 80, 100, 125, 150, 200, 250)
LEVELS: Final = 20
FIRST: Final = 50
# The encoder knows English: elsewhere it must do no harm.
GOALS: Final = {
    "hwu64": 0.65,
    "banking77": 0.65,
    "naijasenti": 1.2,
    "nsmc_korean": 1.2,
    "sign_digits": 0.35,
    "shape_images": 0.6,
    "digits": 0.6,
}
# Over all sets, as a geometric mean.
GOAL: Final = 0.35
CHOSEN_AT: Final = (100, 200, 400, 800)
CHOICE_SETS: Final = ("hwu64", "naijasenti", "nsmc_korean", "sign_digits", "digits")
MOST_LOST: Final = 0.02


def rows(only: str = "") -> list[dict[str, Any]]:
    """Measure each set that is at hand."""
    results: list[dict[str, Any]] = []
    for name in GOALS:
        if only in {"", "representations", f"representation-{name}"}:
            results += _saving(name) if sets.is_at_hand(name) else []
    if len(results) > 1:
        results.append(_over_all([row["value"] for row in results]))
    for name in CHOICE_SETS:
        if only in {"", "representations", f"choice-{name}"}:
            results += _choice(name) if sets.is_at_hand(name) else []
    return results


def _over_all(ratios: Sequence[float]) -> dict[str, Any]:
    value = float(np.exp(np.mean(np.log(ratios))))
    return {
        "name": "representation-all",
        "value": round(value, 2),
        "unit": "× own",
        "target": GOAL,
        "met": value <= GOAL,
        "detail": f"geometric mean of the {len(ratios)} sets above",
    }


def _saving(name: str) -> Iterator[dict[str, Any]]:
    values, truth = sets.loaded(name)
    values, truth = values[:ITEMS], truth[:ITEMS]
    groups, kind = sets.groups_of(name)[:ITEMS], sets.kind_of(name)
    # By either name, the columns without the encoder's.
    alone = representations.part_of(values, "own")
    arms: dict[str, list[Curve]] = {"random": [], "own": [], "joined": []}
    arms["chosen"] = []
    for seed in range(SEEDS):
        policy = policy_of(name, truth, seed)
        tasks = [Task.drawn(each, truth, seed, groups) for each in (alone, values)]
        for arm, task in (("random", tasks[0]), ("own", tasks[0])):
            is_random = arm == "random"
            made = curve(task, policy, is_random=is_random, looks=LOOKS)
            arms[arm].append(list(made))
        made = curve(tasks[1], policy, is_random=False, looks=LOOKS)
        arms["joined"].append(list(made))
        begun = first(name)
        person = Person(read_as(tasks[1], begun), policy, is_random=False)
        made = chosen_curve(person, tasks[1], kind, begun, LOOKS)
        arms["chosen"].append(list(made))
    chosen, joined, own = (
        ratio(arms[arm], arms["random"]) for arm in ("chosen", "joined", "own")
    )
    ends = {arm: np.mean([looks[-1][1] for looks in arms[arm]]) for arm in arms}
    yield {
        "name": f"representation-{name}",
        "value": round(chosen, 2),
        "unit": "× own",
        "target": GOALS[name],
        "met": chosen <= GOALS[name],
        "detail": f"labels as the product reads items, of own features in random order;"
        f" always joined {joined:.2f}, own features in the queue's order {own:.2f};"
        f" accuracy at {LOOKS[-1]}: chosen {ends['chosen']:.3f}, joined"
        f" {ends['joined']:.3f}, own {ends['own']:.3f}, random"
        f" {ends['random']:.3f}; {SEEDS} draws",
    }


def first(name: str) -> str:
    """Return the representation that a project of a set's items begins with."""
    if sets.kind_of(name) != "text":
        return representations.DEFAULT
    known = representations.known_words(sets.texts(name)[: representations.MOST_TEXTS])
    return representations.DEFAULT if known is None else representations.first_of(known)


def read_as(task: Task, name: str) -> Task:
    """Return a task of joined rows as a representation of them reads it."""
    rows = representations.part_of(task.table.rows, name)
    return replace(task, table=Table(task.table.ids, rows))


def chosen_curve(
    person: Person, joined: Task, kind: str, in_force: str, looks: Sequence[int]
) -> Iterator[tuple[int, float]]:
    """Yield (labels, accuracy) of a person whose project chooses by its labels.

    joined: the person's task with all columns; in_force: what the project begins with.
    """
    compared_at = 0
    for look in looks:
        while len(person.known) < look:
            if not person.answer():
                return
            if representations.is_due(len(person.known), compared_at):
                compared_at = len(person.known)
                in_force = _chosen(joined, person.known, in_force, kind)
                person.task = read_as(joined, in_force)
        yield len(person.known), person.task.accuracy(list(person.known))


def _chosen(
    task: Task, known: Mapping[int, Sequence[str]], before: str, kind: str
) -> str:
    ids = sorted(known)
    targets = [tuple(known[item]) for item in ids]
    # As a project does whose items came with their groups.
    groups = np.arange(len(ids)) if task.groups is None else task.groups[ids]
    lot = Lot(ids, task.table.rows[ids], targets, groups)
    return _in_force(lot, before, kind)


def _in_force(lot: Lot, before: str, kind: str) -> str:
    """Return the name that the labels of a lot choose."""
    right = representations.compared(
        lot,
        representations.parts_of(lot.rows, kind),
        is_multi=False,
        seed=0,
        step=lambda: None,
    )
    return representations.chosen(right, lot.groups, before).name


def ratio(made: Sequence[Curve], base: Sequence[Curve]) -> float:
    """Return the geometric mean of labels needed over those of a base, level by level.

    The levels lie between the base's accuracy at FIRST labels and at its end. Where a
    level is never reached, the last look counts, so that the true ratio is higher; where
    the first look is above it, the true one is lower.
    """
    labels, levels = _mean(base)
    within = np.linspace(np.interp(FIRST, labels, levels), levels[-1], LEVELS)
    ours, theirs = (
        np.interp(within, accuracy, at) for at, accuracy in (_mean(made), _mean(base))
    )
    return float(np.exp(np.log(ours / theirs).mean()))


def _mean(made: Sequence[Curve]) -> tuple[Any, Any]:
    """Return the labels of the looks and the mean accuracy there, which never falls."""
    labels = np.mean([[at for at, _ in looks] for looks in made], axis=0)
    accuracy = np.mean([[value for _, value in looks] for looks in made], axis=0)
    # Rising a little at least: where it is flat, the first look of it counts.
    rising = np.maximum.accumulate(accuracy) + np.arange(len(accuracy)) * 1e-9
    return labels, rising


def _choice(name: str) -> Iterator[dict[str, Any]]:
    """Yield what choosing by the labels loses, at its worst over the label counts."""
    values, truth = sets.loaded(name)
    kind = sets.kind_of(name)
    lost: dict[int, list[float]] = {labels: [] for labels in CHOSEN_AT}
    dropped = []
    for seed in range(SEEDS):
        order = np.random.default_rng(seed).permutation(min(ITEMS, len(truth)))
        in_force = representations.DEFAULT
        for labels in CHOSEN_AT:
            known = np.sort(order[:labels])
            targets = [truth[place] for place in known]
            lot = Lot(known.tolist(), values[known], targets, np.arange(labels))
            in_force = _in_force(lot, in_force, kind)
            test = order[max(CHOSEN_AT) :]
            predicted = {
                each: _accuracy(values, truth, known, test, each)
                for each in representations.SPECS[kind]
            }
            lost[labels].append(max(predicted.values()) - predicted[in_force])
        dropped.append(in_force)
    worst = max(float(np.mean(each)) for each in lost.values())
    points_lost = ", ".join(
        f"{n}: {100 * np.mean(each):.1f}" for n, each in lost.items()
    )
    yield {
        "name": f"choice-{name}",
        "value": round(worst, 4),
        "unit": "accuracy",
        "target": MOST_LOST,
        "met": worst <= MOST_LOST,
        "detail": f"lost at most against the best representation; points at labels"
        f" {points_lost}; in force in the end: {', '.join(dropped)}; {SEEDS} draws",
    }


def _accuracy(
    values: Any, truth: sets.Truth, known: Any, test: Any, name: str
) -> float:
    read = representations.part_of(values, name)
    model = training.fit(read[known], [truth[place] for place in known], is_multi=False)
    predicted = training.predicted_labels(model, model.probabilities(read[test]))
    return float(
        np.mean([truth[p] == labels for p, labels in zip(test, predicted, strict=True)])
    )
