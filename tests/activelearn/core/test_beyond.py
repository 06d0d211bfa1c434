"""K11: what is held out beyond the draw counts for its label, and there in its recall."""

from __future__ import annotations

import numpy as np
import pytest

from activelearn.core import beyond, evaluation
from activelearn.core.beyond import Beyond
from activelearn.core.evaluation import Figures, Judged, LabelFigures, Probabilities
from activelearn.core.intervals import wilson

A, B, C = ("a",), ("b",), ("c",)


def figures_of(items: Judged) -> Figures:
    table = np.full((len(items.truth), 3), 1 / 3)
    return evaluation.figures(items, Probabilities(("a", "b", "c"), table, False))


def counted(items: Judged, more: Beyond) -> dict[str, LabelFigures]:
    rows = beyond.counted(figures_of(items).labels, items, more)
    assert [row.label for row in rows] == sorted(row.label for row in rows)
    return {row.label: row for row in rows}


def test_k11_the_recall_of_a_label_is_of_its_items_beyond_the_draw_as_well() -> None:
    items = evaluation.judged([A] * 8 + [B] * 2, [A] * 6 + [B] * 3 + [A])
    more = Beyond(evaluation.judged([B] * 3, [B, B, A]), [{"b"}] * 3)

    b = counted(items, more)["b"]

    assert (b.support, b.beyond) == (5, 3)
    # One of two, and two of three.
    assert b.recall == wilson(3 / 5, 5)
    # How rare it is hangs on the draw: of three that are taken for it one has it.
    (drawn,) = (row for row in figures_of(items).labels if row.label == "b")
    assert b.precision == drawn.precision == wilson(1 / 3, 3)
    assert b.f1 == drawn.f1


def test_k11_a_label_that_the_draw_has_not_met_has_a_recall_and_no_more() -> None:
    items = evaluation.judged([A] * 8, [A] * 8)
    more = Beyond(evaluation.judged([C, C], [C, A]), [{"c"}, {"c"}])

    rows = counted(items, more)

    assert rows["c"].recall == wilson(1 / 2, 2)
    assert (rows["c"].support, rows["c"].precision) == (2, wilson(0, 0))
    assert rows["a"] == figures_of(items).labels[0]


def test_k11_an_item_counts_for_the_labels_that_it_was_drawn_for_alone() -> None:
    items = evaluation.judged([("a", "b"), A], [A, A])
    extra = evaluation.judged([("a", "b"), ("a", "b"), A], [A, ("a", "b"), ()])

    rows = counted(items, Beyond(extra, [{"b"}, {"b"}, {"b"}]))

    # The last one has not got the label that it was drawn for: an expert said so.
    assert rows["b"].support == 3
    assert rows["b"].recall.value == pytest.approx(1 / 3)
    assert (rows["a"].support, rows["a"].beyond) == (2, 0)


def test_k11_items_of_one_group_tell_less_than_as_many_others() -> None:
    items = evaluation.judged([A, B], [A, B])
    together = evaluation.judged([B] * 4, [A] * 4, ["g"] * 4)
    apart = evaluation.judged([B] * 4, [A] * 4)

    of_group = counted(items, Beyond(together, [{"b"}] * 4))["b"].recall
    of_items = counted(items, Beyond(apart, [{"b"}] * 4))["b"].recall

    assert of_group.value == of_items.value == 0.2
    assert of_group.high - of_group.low > of_items.high - of_items.low
