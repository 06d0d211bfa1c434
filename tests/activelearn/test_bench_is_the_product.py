"""C7: what the bench of learning measures is what people get."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from activelearn.core.joined import JoinedRows, csr_of
from activelearn.core.strategies import STRATEGIES, ordering
from activelearn.services.ordering import ranking
from bench import dots, learning, saving, sets, strategies
from tests import make
from tests.activelearn.core.clouds import clouds
from tests.running.machine import ROOT


@pytest.mark.django_db
def test_c7_the_bench_orders_as_a_project_does_whose_settings_nobody_changed() -> None:
    project = make.project(labels=("x", "y"))

    policy = ranking.policy_of(project, ordering.OrderLimits())

    assert policy == replace(learning.POLICY, seed=project.seed)


def test_c7_the_bench_holds_and_sends_as_the_station_does() -> None:
    scripts = ROOT / "frontend" / "static" / "js" / "annotate"
    constants = {
        name: value
        for file in ("state.js", "page.js")
        for name, value in re.findall(
            r"^const (LEAST_AHEAD|LOW_SHARE|BATCH) = ([\d.]+);",
            (scripts / file).read_text(),
            re.MULTILINE,
        )
    }

    assert int(constants["LEAST_AHEAD"]) == learning.AHEAD
    assert float(constants["LOW_SHARE"]) * learning.AHEAD == learning.LOW
    assert int(constants["BATCH"]) == learning.SENT


@pytest.mark.parametrize("is_random", [False, True])
def test_c7_the_bench_serves_orders_as_old_as_people_get_them(
    *, is_random: bool
) -> None:
    rows, labels = clouds()
    truth: sets.Truth = [tuple(names) for names in labels]
    task = learning.Task.drawn(rows, truth, seed=1)
    policy = replace(
        learning.POLICY, label_count=3, limits=ordering.OrderLimits(batch=4)
    )
    person = learning.Person(task, policy, is_random)
    asked: list[int] = []
    while person.answer():
        asked.append(len(person.held))

    # Everything is asked once, however often the order is made anew.
    assert len(asked) == len(truth)
    assert set(person.known) == set(task.pool)
    assert person.settled == set(task.held_out)
    assert asked[:18] == list(range(29, 11, -1))
    assert person.ordered_at > 30


@pytest.mark.parametrize(
    ("level", "labels"),
    [(0.5, 10), (0.6, 15), (0.7, 20), (0.775, 22.5), (0.99, math.inf)],
)
def test_c7_labels_are_counted_up_to_a_level(level: float, labels: float) -> None:
    # The look at 25 labels is an outlier, which its neighbors outvote.
    curve = [(10, 0.5), (20, 0.7), (25, 0.98), (30, 0.85), (40, 0.85), (50, 0.85)]

    needed = learning.labels_until(level, learning.smooth(curve))

    assert needed == pytest.approx(labels)


def test_the_plain_bench_leaves_the_comparison_of_strategies_out() -> None:
    assert strategies.rows() == []
    assert saving.rows() == []


def test_each_draw_is_kept_and_all_of_them_are_compared_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    slow = [(n, n / 1000) for n in (50, 100, 200, 400)]
    # Each accuracy with half of the labels of chance, and a quarter of those of before.
    arms = {
        "queue": [(n, n / 250) for n, _ in slow],
        "random": [(n, n / 500) for n, _ in slow],
        "before": slow,
    }
    for seed in range(2):
        saving.keep("a set", seed, arms)
        saving.keep("another", seed, {**arms, "queue": slow})
    # Who begins anew begins with the first draw.
    saving.keep("another", 0, {**arms, "queue": slow})

    made = saving.kept()
    rows = saving.reported(made)

    assert [len(made[name]["queue"]) for name in made] == [2, 1]
    assert [(row["name"], row["value"], row["met"]) for row in rows] == [
        ("saving-a set", 0.53, True),
        ("saving-another", 1.59, False),
        ("saving", 0.92, False),
    ]
    assert "random order (0.53, 0.53); of earlier features" in rows[0]["detail"]
    assert "the worst 1.59" in rows[-1]["detail"]
    picture = saving.PICTURE.read_text()
    assert picture.count("<polyline") == 2 * 3
    assert "another: accuracy, by labels" in picture


def test_a_set_is_read_as_a_project_does_today_and_did_before_the_encoders() -> None:
    rows, labels = clouds()
    joined = JoinedRows(csr_of(rows), np.ones((rows.shape[0], 3), np.float16))
    truth: sets.Truth = [tuple(names) for names in labels]
    table = saving.SetToRead("penguins", rows, truth, [])
    text = saving.SetToRead("hwu64", joined, truth, [])

    assert text.drawn(1).table.rows is joined
    assert text.drawn(1, as_before=True).table.rows is joined.sparse
    assert table.drawn(1).strength == table.policy(1).strength == 1
    assert table.drawn(1, as_before=True).strength == 10
    shared = ["a", "b"] * (rows.shape[0] // 2) + ["a"] * (rows.shape[0] % 2)
    grouped = saving.SetToRead("shape_images", joined, truth, shared).drawn(1)
    assert grouped.groups is not None
    assert set(grouped.groups.tolist()) == {0, 1}


def test_strategies_are_compared_with_random_order_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    slow = [(n, n / 1000) for n in (50, 100, 200, 400)]
    # Each accuracy with half the labels, or with a quarter.
    quick = [(n, n / 500) for n, _ in slow]
    best = [(n, n / 250) for n, _ in slow]
    arms = {"hashed": [slow], "random": [slow], **{arm: [quick] for arm in STRATEGIES}}
    arms["auto"] = [best]

    worse = [(n, n / 1250) for n, _ in slow]
    rows = strategies.reported({"a set": arms, "another": {**arms, "auto": [worse]}})

    assert [(row["name"], row["value"], row["met"]) for row in rows] == [
        ("strategies-a set", 0.32, True),
        ("strategies-another", 1.21, False),
        ("strategies", 0.63, False),
    ]
    assert "margin 0.53" in rows[0]["detail"]
    assert "best auto" in rows[0]["detail"]
    assert strategies.PICTURE.read_text().count("<title>") == 2 * len(STRATEGIES)


def test_the_picture_keeps_what_is_outside_at_its_edge() -> None:
    drawn = dots.svg({"a <set>": {"auto": 9.0, "entropy": 0.01}}, "auto")

    assert "a &lt;set&gt;" in drawn
    places = re.findall(r'cx="([\d.]+)" cy="61.0"', drawn)
    assert [float(place) for place in places] == [dots.LEFT, dots.LEFT + dots.WIDTH]
