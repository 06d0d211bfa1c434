"""What is known of a model: its figures, by slice, and beside what it has to beat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np

from activelearn.core import evaluation
from activelearn.core.calibrated import CalibrationReport
from activelearn.core.evaluation import Figures, Judged, LabelFigures, Summary
from activelearn.core.intervals import Estimate
from activelearn.core.parts import Part
from activelearn.core.sets import LabelChange

# With fewer items a slice says nothing; with more values, a metadata key is a
# name of the item rather than a kind of it.
FEWEST: Final = 5
MOST_VALUES: Final = 20
# At most this many slices of a kind are kept, the largest first.
MOST_SLICES: Final = 30
# For what only stands beside a model's own figures.
DRAWS: Final = 300


@dataclass(frozen=True)
class SliceFacts:
    """What an item is sliced by; ``length`` is in characters, None where it has none."""

    source: str
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    length: int | None = None


@dataclass(frozen=True)
class Slice:
    """The figures of the items with one thing in common.

    kind: ``tag``, ``metadata``, ``length`` (characters) or ``source`` (of the label).
    """

    kind: str
    name: str
    summary: Summary


@dataclass(frozen=True)
class Baseline:
    """What a model has to beat, on the same items.

    name: ``majority``, ``nearest`` (example by the same features), ``champion`` (before),
    ``people`` (one against the others, or against an expert where one decided),
    ``people-others`` and ``people-experts`` (the parts of these). Of people, the items
    are votes.
    """

    name: str
    summary: Summary


@dataclass(frozen=True)
class Report:
    """All that is known of a model from held-out items; training: from those it learned.

    changes: by label against what served before, where items may have several; people:
    one person by label, also there alone, as ``baselines.people_by_label``.
    """

    figures: Figures
    slices: list[Slice]
    baselines: list[Baseline]
    training: Summary | None
    calibration: CalibrationReport | None = None
    changes: list[LabelChange] = field(default_factory=list)
    # Empty also for a first model: on the commonest label, always saying it is best.
    parts: list[Part] = field(default_factory=list)
    people: list[LabelFigures] = field(default_factory=list)


@dataclass(frozen=True)
class SlicePlace:
    """Where the items of a slice stand among all items."""

    kind: str
    name: str
    at: Sequence[int]


def slices(
    places: Sequence[SlicePlace], items: Judged, *, is_multi: bool
) -> list[Slice]:
    """Return the figures of slices of the items."""
    return [
        Slice(
            place.kind,
            place.name,
            evaluation.summary(items.part(place.at), is_multi=is_multi, draws=DRAWS),
        )
        for place in places
    ]


def places_of(facts: Sequence[SliceFacts]) -> list[SlicePlace]:
    """Return where the slices of the items are, by kind and then the largest first."""
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, common in enumerate(_kinds(facts)):
        for pair in common:
            places[pair].append(place)
    named = sorted(places.items(), key=lambda entry: (entry[0][0], -len(entry[1])))
    kept: dict[str, int] = defaultdict(int)
    slices_at = []
    for (kind, name), at in named:
        kept[kind] += 1
        # What all items have in common is no slice.
        if FEWEST <= len(at) < len(facts) and kept[kind] <= MOST_SLICES:
            slices_at.append(SlicePlace(kind, name, at))
    return slices_at


def _kinds(facts: Sequence[SliceFacts]) -> Iterator[list[tuple[str, str]]]:
    keys = _keys([fact.metadata for fact in facts])
    bounds = _thirds([fact.length for fact in facts if fact.length is not None])
    for fact in facts:
        kinds = [("source", fact.source), *(("tag", tag) for tag in set(fact.tags))]
        kinds += [
            ("metadata", f"{key}: {fact.metadata[key]}")
            for key in keys
            if _is_plain(fact.metadata.get(key))
        ]
        if fact.length is not None:
            kinds.append(("length", _third(fact.length, bounds)))
        yield kinds


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | bool)


def _keys(metadata: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the keys with few enough values to be kinds of items."""
    values: dict[str, set[Any]] = defaultdict(set)
    for entry in metadata:
        for key, value in entry.items():
            if _is_plain(value):
                values[key].add(value)
    return sorted(key for key, seen in values.items() if 1 < len(seen) <= MOST_VALUES)


def _thirds(lengths: Sequence[int]) -> list[int]:
    if not lengths:
        return []
    return sorted({int(bound) for bound in np.quantile(lengths, [1 / 3, 2 / 3])})


def _third(length: int, bounds: Sequence[int]) -> str:
    low = max((bound + 1 for bound in bounds if length > bound), default=0)
    high = next((str(bound) for bound in bounds if length <= bound), "")
    return f"{low}–{high}"


def reached(figure: Estimate, aim: float) -> Literal["yes", "no", "open"]:
    """Return whether a figure has reached an aim, as far as its interval tells."""
    if figure.low >= aim:
        return "yes"
    return "no" if figure.high < aim else "open"
