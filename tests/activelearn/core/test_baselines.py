"""What a model is compared with."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from activelearn.core import baselines
from activelearn.core.evaluation import Labels


def test_the_nearest_example_is_that_of_scikit_learn() -> None:
    images, targets = load_digits(return_X_y=True)
    labels = [(str(target),) for target in targets[:1000]]
    known = KNeighborsClassifier(1, metric="cosine").fit(images[:1000], targets[:1000])

    said = baselines.nearest(
        sparse.csr_matrix(images[1000:]), sparse.csr_matrix(images[:1000]), labels
    )

    agreed = [
        a == (str(b),) for a, b in zip(said, known.predict(images[1000:]), strict=True)
    ]
    # Where two are as near, the two programs may round differently.
    assert np.mean(agreed) > 0.995


def test_a_row_of_zeros_is_as_near_to_all_and_takes_the_first() -> None:
    rows = sparse.csr_matrix(np.zeros((1, 2)))
    examples = sparse.csr_matrix(np.eye(2))

    assert baselines.nearest(rows, examples, [("a",), ("b",)]) == [("a",)]
    with pytest.raises(ValueError, match="needs examples"):
        baselines.nearest(rows, examples[:0], [])


def test_a_person_is_held_against_the_others_or_an_expert() -> None:
    a, b, c = ("a",), ("b",), ("c",)
    votes = {1: [a, a, b], 2: [a, b], 3: [c], 4: [a, b]}

    people = list(baselines.people(votes, {4: c}))

    assert [
        (judged.item, judged.labels, judged.truth, judged.by_expert)
        for judged in people
    ] == [
        # Without the first of item 1 the others are at a tie; without the last they agree.
        (1, b, a, False),
        (2, a, b, False),
        (2, b, a, False),
        (4, a, c, True),
        (4, b, c, True),
    ]


def test_of_several_labels_a_person_is_held_against_the_others_by_label() -> None:
    ab, ac, bc = ("a", "b"), ("a", "c"), ("b", "c")
    none: Labels = ()
    votes: dict[int, list[Labels]] = {
        1: [ab, ac, bc],
        2: [ab, none, ab],
        3: [ab],
        4: [ac, none],
    }

    # No two others of item 1 agree on the whole set; 3 has no others.
    assert {judged.item for judged in baselines.people(votes, {4: ac})} == {2, 4}
    figures = {row.label: row for row in baselines.people_by_label(votes, {4: ac})}

    # Of item 1 the one without "a" is against two who have it; for the two the others
    # are at a tie. Of item 2 the one who chose nothing is wrong; for the two, a tie. Of
    # item 4 an expert says "a" and "c".
    a, b, c = (figures[name] for name in "abc")
    assert (a.support, a.precision.value, a.recall.value) == (4, 1.0, 0.25)
    assert (b.support, b.recall.value) == (2, 0.0)
    assert (c.support, c.precision.value, c.recall.value) == (3, 1.0, 1 / 3)
    assert a.recall.low < 0.25 < a.recall.high
