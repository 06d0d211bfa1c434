"""Which part of the dial a prediction belongs to, and whether it is accepted."""

from __future__ import annotations

import json

import msgspec
import numpy as np

from activelearn.core import dial
from activelearn.core.dial import CertifiedPart, PartTerms, SureLabels

TERMS = [
    PartTerms("", "partial", 0.1),
    PartTerms("spam", "assistance", 0.1),
    PartTerms("ham", "full", 0.05),
]


def certified(doubt: float = 0.2) -> list[CertifiedPart]:
    rng = np.random.default_rng(0)
    labels = [(str(name),) for name in rng.choice(["spam", "ham", "else"], 900)]
    said = SureLabels(labels, rng.random(900))
    return dial.certified_parts(said, np.ones(900, dtype=bool), said, TERMS, doubt)


def test_the_strictest_part_comes_first_and_all_others_last() -> None:
    names = [part.label for part in dial.ordered(TERMS)]

    assert names == ["spam", "ham", ""]
    assert dial.part_of(["ham", "spam"], names) == "spam"
    assert dial.part_of(["ham", "else"], names) == "ham"
    assert dial.part_of(["else"], names) == ""
    assert dial.part_of([], names) == ""


def test_each_part_is_certified_by_its_own_labels() -> None:
    parts = {part.label: part for part in certified()}

    assert sum(part.pool for part in parts.values()) == 900
    assert sum(part.certified.labels for part in parts.values()) == 900
    assert parts["ham"].threshold is not None
    # Nothing is accepted of what is left to people, however sure the model is.
    assert parts["spam"].level is not None
    assert parts["spam"].threshold is None


def test_the_parts_that_accept_share_the_doubt() -> None:
    alone = dial.certified_parts(
        SureLabels([("a",)] * 100, np.ones(100)),
        np.ones(100, dtype=bool),
        SureLabels([("a",)] * 100, np.ones(100)),
        [PartTerms("", "partial", 0.1)],
        0.2,
    )
    shared = dial.certified_parts(
        SureLabels([("a",)] * 100, np.ones(100)),
        np.ones(100, dtype=bool),
        SureLabels([("a",)] * 100, np.ones(100)),
        [PartTerms("", "partial", 0.1), PartTerms("b", "full", 0.1)],
        0.2,
    )

    [whole], half = alone, next(part for part in shared if not part.label)
    assert whole.level is not None
    assert half.level is not None
    assert half.level.bound > whole.level.bound


def test_a_prediction_is_accepted_from_its_parts_threshold_on() -> None:
    parts = certified()
    threshold = next(part.threshold for part in parts if part.label == "ham")
    assert threshold is not None

    assert dial.is_accepted(["ham"], threshold, parts)
    assert not dial.is_accepted(["ham"], threshold - 1e-6, parts)
    assert not dial.is_accepted(["spam"], 1.0, parts)
    assert not dial.is_accepted(["ham"], 1.0, [])


def test_parts_are_the_same_after_they_were_stored() -> None:
    parts = certified()

    stored = json.dumps(msgspec.to_builtins(parts))

    assert msgspec.convert(json.loads(stored), list[CertifiedPart]) == parts
