"""The pictures of the models page: where things stand, and what they open."""

from __future__ import annotations

import re

import numpy as np
import pytest
from django.test import Client

from activelearn.core.calibration import Bin, Reliability
from activelearn.core.evaluation import Confusion, Probabilities
from activelearn.core.intervals import Estimate
from activelearn.core.report import Report
from activelearn.models import Evaluation
from activelearn.services.versions.registry import report_of
from activelearn.views.page import pictures
from labeling.models import Item, Project
from labeling.views.page import charts
from tests import make
from tests.activelearn.labels.test_calibrations import run
from tests.activelearn.test_loop import versions


def confused(counts: dict[tuple[str, str], int]) -> Report:
    report = report_of(Evaluation(report=make.REPORT))
    report.figures.confusions[:] = [Confusion(*pair, n) for pair, n in counts.items()]
    return report


def test_a_cell_is_as_strong_as_its_share_of_the_label() -> None:
    counts = {("a", "a"): 6, ("a", "b"): 2, ("b", "b"): 5}

    matrix = pictures.matrix_of(confused(counts))

    assert matrix is not None
    cells = {(cell.truth, cell.predicted): cell for cell in matrix.cells}
    assert cells["a", "a"].strength == 0.75
    assert cells["a", "b"].strength == 0.25
    assert cells["b", "b"].is_right
    # Rows are labels, columns what was said.
    assert (cells["a", "b"].x, cells["a", "b"].y) == (
        pictures.MARGIN + pictures.CELL,
        pictures.MARGIN,
    )
    assert matrix.left_out == 0
    assert pictures.matrix_of(confused({})) is None


def test_of_many_labels_those_that_are_mixed_up_most_are_shown() -> None:
    counts = {(f"l{n:02}", f"l{n:02}"): 5 for n in range(30)}
    counts["l28", "l29"] = 3

    matrix = pictures.matrix_of(confused(counts))

    assert matrix is not None
    names = [name for _, name in matrix.names]
    assert len(names) == pictures.MOST_LABELS
    assert {"l28", "l29"} <= set(names)
    assert matrix.left_out == 30 - pictures.MOST_LABELS


def test_what_is_right_as_often_as_it_says_lies_on_the_diagonal() -> None:
    said = Reliability(
        Estimate(0, 0, 0), [Bin(at, Estimate(at, at, at), 10) for at in (0.0, 0.5, 1.0)]
    )

    diagram = pictures.diagram_of(said, None)

    assert [(mark.x, mark.y) for mark in diagram.marks] == [
        (pictures.LEFT, pictures.BOTTOM),
        ((pictures.LEFT + pictures.RIGHT) / 2, (pictures.TOP + pictures.BOTTOM) / 2),
        (pictures.RIGHT, pictures.TOP),
    ]


def test_the_gate_draws_shares_within_their_intervals() -> None:
    gate = pictures.gate_of(
        Evaluation(items=100, better=20, worse=0, lower_bound=0.14, rule="balanced-2")
    )

    fixed, broken = gate.bars
    assert (fixed.share.value, broken.share.value) == (0.2, 0)
    assert fixed.low < gate.zero + fixed.width < fixed.high < pictures.BAR_RIGHT
    assert (broken.width, broken.low) == (0, gate.zero)
    assert gate.zero < gate.gain.bound_x < gate.gain.value_x == gate.zero + fixed.width
    assert gate.gain.margin_x < gate.zero
    assert [percent for _, percent in gate.ticks] == [-10, 0, 10, 20, 30]


def test_a_loss_is_drawn_to_the_left_of_nothing() -> None:
    gate = pictures.gate_of(
        Evaluation(items=100, better=2, worse=12, lower_bound=-0.15, rule="strict-1")
    )

    assert gate.gain.bound_x < gate.gain.value_x == gate.gain.start < gate.zero
    assert gate.gain.kind == "bad"
    assert gate.gain.margin is None


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 0.85, [0, 0.5, 1]),
        (0, 0.8, [0, 0.2, 0.4, 0.6, 0.8]),
        (-0.02, 0.07, [-0.05, 0, 0.05, 0.1]),
        (0, 0.0042, [0, 0.002, 0.004, 0.006]),
        (0, 0, [0, 1]),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert charts.round_ticks(low, high) == ticks


def page_of(project: Project, path: str = "") -> str:
    client = Client()
    client.force_login(make.manager_of(project).user)
    answer = client.get(f"/projects/{project.slug}/models/{path}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.django_db
def test_each_picture_has_its_table_and_no_style_of_its_own() -> None:
    project, _ = versions(2)

    page = page_of(project)

    assert page.count("<svg\n") + page.count("<svg class") >= 4
    assert page.count("<details>") == 4
    assert not re.search(r'<[^>]+\bstyle="', page)
    assert "Held-out figures over versions" in page
    for words in (
        "How sure, and how often right",
        "What is taken for what",
        "The gate",
    ):
        assert f">{words}</h2>" in page


@pytest.mark.django_db
def test_the_page_says_how_far_a_calibration_is() -> None:
    project, _ = run(held_out=30)

    page = page_of(project)

    assert "There were 30 labels drawn at random; from about 50 on" in page


@pytest.mark.django_db
def test_a_cell_opens_the_items_that_it_counts() -> None:
    project, version = run()
    report = report_of(version.evaluation)
    wrong = next(c for c in report.figures.confusions if c.truth != c.predicted)
    address = f"1/confusions/?truth={wrong.truth}&amp;predicted={wrong.predicted}"
    assert address in page_of(project)

    page = page_of(project, address.replace("&amp;", "&"))

    listed = [int(pk) for pk in re.findall(r"/items/(\d+)/", page)]
    shown = [f"{version.evaluation.sureness[str(pk)]:.2f}" for pk in listed]
    assert re.findall(r'<td class="n">(\d\.\d\d)</td>', page) == shown
    assert page.count(f'<td dir="auto">{wrong.truth}</td>') == len(listed)
    assert len(listed) == wrong.items
    pairs = version.evaluation.pairs
    assert all(pairs[str(pk)] == [[wrong.truth], [wrong.predicted]] for pk in listed)
    assert Item.objects.filter(pk__in=listed, split="evaluation").count() == len(listed)


@pytest.mark.django_db
def test_items_of_a_version_that_is_not_there_are_not_found() -> None:
    project = make.project()
    client = Client()
    client.force_login(make.manager_of(project).user)

    answer = client.get(f"/projects/{project.slug}/models/7/confusions/")

    assert answer.status_code == 404


@pytest.mark.parametrize(("labels", "breadth"), [(4, "few"), (5, "some"), (9, "many")])
def test_a_matrix_of_more_labels_is_wider(labels: int, breadth: str) -> None:
    matrix = pictures.matrix_of(
        confused({(f"l{n}", f"l{n}"): 1 for n in range(labels)})
    )

    assert matrix is not None
    assert matrix.breadth == breadth


def test_an_answer_is_as_sure_as_its_likeliest_label() -> None:
    table = np.array([[0.25, 0.75], [0.5, 0.5]])

    assert Probabilities(("a", "b"), table, is_multi=False).sureness == [0.75, 0.5]
    assert Probabilities(("a", "b"), table, is_multi=True).sureness == []
