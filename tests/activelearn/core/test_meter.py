"""What the model's choice saves: known values, and what chance alone does to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from activelearn.core import arm_models, meter
from activelearn.core.arm_models import LabeledArm, MeterTask
from activelearn.core.meter import Hits, Lead

ITEMS = 400


def task(rows: Any, targets: list[tuple[str, ...]], **fields: Any) -> MeterTask:
    groups = np.arange(len(targets))
    return MeterTask(rows, targets, groups, is_multi=False, seed=1, **fields)


def curves(*, model: float, chance: float = 1.0, items: int = ITEMS) -> Hits:
    """Return hits of arms that reach an accuracy with that many times fewer labels.

    Accuracy is .9 and .06 less for each step of sizes; which items are right is nested.
    """
    steps = np.arange(meter.COMPARED + meter.STEPS)
    sides = []
    for speed in (model, chance):
        accuracy = 0.9 - 0.06 * (steps - np.log(speed) / np.log(1 / meter.STEP))
        sides.append(np.arange(items)[None, :] < items * accuracy[:, None])
    return Hits(sides[0], sides[1], np.arange(items))


def told(hits: Hits, luck: float = 0.0) -> meter.Saving:
    return meter.saving(hits, meter.sizes_of(100), luck, luck)


def test_half_the_labels_to_the_same_accuracy_are_half_saved() -> None:
    saving = told(curves(model=2))

    assert saving.value == pytest.approx(0.5, abs=0.02)
    assert saving.verdict == "saves"
    assert saving.low is not None
    assert saving.high is not None
    assert 0 < saving.low < saving.value < saving.high < 1
    assert (saving.labels, saving.held_out, saving.more) == (100, ITEMS, 0)


def test_twice_the_labels_to_the_same_accuracy_cost_as_many_again() -> None:
    saving = told(curves(model=1, chance=2))

    assert saving.value == pytest.approx(-1, abs=0.08)
    assert saving.verdict == "costs"
    assert saving.high is not None
    assert saving.high <= 0


def test_arms_that_are_alike_save_nothing_and_nothing_is_told() -> None:
    saving = told(curves(model=1))

    assert saving.value == pytest.approx(0, abs=0.02)
    assert (saving.verdict, saving.more) == ("cannot tell", 0)


def test_of_few_items_it_cannot_tell_and_says_how_many_more_would() -> None:
    few = told(curves(model=1.4, items=40))
    enough = told(curves(model=1.4, items=40 + few.more))

    assert (few.verdict, enough.verdict) == ("cannot tell", "saves")
    assert few.more > 0


def test_what_hangs_on_the_luck_of_the_draw_is_no_evidence() -> None:
    assert told(curves(model=2), luck=0.05**2).verdict == "cannot tell"


def test_items_of_one_group_count_as_one() -> None:
    hits = curves(model=2)
    alike = Hits(hits.model, hits.chance, np.zeros(ITEMS, dtype=np.int64))

    assert told(alike).verdict == "cannot tell"


def test_where_even_a_quarter_is_better_the_interval_has_no_upper_end() -> None:
    saving = told(curves(model=100))

    assert saving.verdict == "saves"
    assert saving.value == pytest.approx(0.75)
    assert saving.high is None
    assert saving.low == pytest.approx(0.75)


def test_swapped_arms_swap_the_ratio() -> None:
    hits = curves(model=2)
    swapped = Hits(hits.chance, hits.model, hits.groups)

    assert (1 - told(hits).value) * (1 - told(swapped).value) == pytest.approx(1)


def test_the_score_is_the_lead_in_standard_errors() -> None:
    assert Lead(1, 0.1, items=0.0009, luck=0.0016).score == pytest.approx(2)
    assert Lead(1, 0.0, items=0.0, luck=0.0).score == 0


def test_the_rungs_are_climbed_one_by_one() -> None:
    assert [meter.rung_of(n) for n in (0, 19, 20, 44, 5000)] == [0, 0, 20, 30, 700]
    assert [meter.rung_after(n) for n in (0, 20, 699, 700)] == [20, 30, 700, 0]


def test_all_looks_together_may_err_as_often_as_one_test() -> None:
    assert meter.ALLOWED * 2 * len(meter.RUNGS) == pytest.approx(meter.ALPHA)


@pytest.mark.parametrize(
    ("looks", "before", "after"),
    [
        ([("costs", -0.5)], "model", "model"),
        ([("costs", -0.5), ("cannot tell", -0.5)], "model", "model"),
        ([("costs", -0.5), ("costs", -0.4)], "model", "chance"),
        ([("saves", 0.3), ("costs", -0.5), ("costs", -0.4)], "model", "chance"),
        ([("costs", -0.5), ("cannot tell", 0.1)], "chance", "chance"),
        ([("cannot tell", 0.2), ("cannot tell", 0.1)], "chance", "model"),
        ([("cannot tell", -0.2), ("cannot tell", 0.1)], "chance", "chance"),
        ([], "chance", "chance"),
    ],
)
def test_who_orders_changes_only_after_two_looks_that_say_so(
    looks: list[tuple[str, float]], before: meter.Orderer, after: str
) -> None:
    assert meter.orderer(looks, before) == after


def clouds(count: int, rng: np.random.Generator) -> tuple[Any, list[tuple[str, ...]]]:
    """Return points of two clouds that overlap, and which cloud each is of."""
    has = rng.integers(2, size=count)
    points = rng.normal(size=(count, 5)) + has[:, None] * 0.9
    return sparse.csr_matrix(points), [("ab"[place],) for place in has.tolist()]


def test_labels_of_one_kind_predict_nothing_else() -> None:
    rows, targets = clouds(50, np.random.default_rng(0))
    arm = LabeledArm(rows[:4], [("a",)] * 4)

    hits = arm_models.hits_of(arm, task(rows, targets), [4, 2])

    assert hits.tolist() == [[target == ("a",) for target in targets]] * 2


def test_a_step_before_each_fit_can_end_it() -> None:
    rows, targets = clouds(50, np.random.default_rng(0))
    arm = LabeledArm(rows[:20], targets[:20])

    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        meter.measured(arm, arm, task(rows, targets, step=stop))


def test_the_luck_of_a_draw_is_about_what_other_draws_differ_by() -> None:
    rng = np.random.default_rng(0)
    held_out = task(*clouds(3000, rng))
    arms = [LabeledArm(*clouds(60, rng)) for _ in range(20)]
    accuracies = [arm_models.hits_of(arm, held_out, [60])[0].mean() for arm in arms]

    guessed = np.mean([arm_models.luck_of(arm, held_out) for arm in arms[:6]])

    assert 0.5 < guessed / np.var(accuracies, ddof=1) < 2


@pytest.mark.soak  # a thousand small fits
def test_two_draws_of_chance_are_hardly_ever_told_apart() -> None:
    rng = np.random.default_rng(0)
    told_apart = 0
    for _ in range(40):
        held_out = task(*clouds(300, rng))
        saving = meter.measured(
            LabeledArm(*clouds(45, rng)), LabeledArm(*clouds(45, rng)), held_out
        )
        told_apart += saving.verdict != "cannot tell"

    assert told_apart <= 1


def test_easier_labels_save_and_the_same_seed_says_the_same() -> None:
    rng = np.random.default_rng(0)
    held_out = task(*clouds(600, rng))
    rows, targets = clouds(100, rng)
    # Of the other arm all labels are wrong.
    wrong = [("a",) if target == ("b",) else ("b",) for target in targets]

    saving = meter.measured(
        LabeledArm(rows, targets), LabeledArm(rows, wrong), held_out
    )

    assert saving.verdict == "saves"
    assert saving == meter.measured(
        LabeledArm(rows, targets), LabeledArm(rows, wrong), held_out
    )
    assert [point.labels for point in saving.points] == sorted(meter.sizes_of(100))


def test_models_of_the_arms_have_the_strength_in_force() -> None:
    rng = np.random.default_rng(2)
    sides = rng.integers(2, size=80)
    rows = sparse.csr_matrix(rng.normal(size=(80, 6)) + sides[:, None])
    targets: list[tuple[str, ...]] = [(f"{side}",) for side in sides]
    arm = LabeledArm(rows[:30], targets[:30])
    plain = task(rows[30:], targets[30:])

    usual, weak = (
        arm_models.hits_of(arm, replace(plain, strength=strength), [30])
        for strength in (10.0, 0.0001)
    )

    assert (arm_models.hits_of(arm, plain, [30]) == usual).all()
    assert (usual != weak).any()
