"""Streams whose changes are known: how soon the watch sees each, and how often it errs.

``python -m bench drift``. Each change is met by a model of the thousand items before it, of
which a third are held out; it is watched in windows, and each item's label is an outcome,
as if chance had drawn it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np

from activelearn.core import features, intervals, training
from activelearn.core.watching import comparing, gathering, outcomes, verdicts
from activelearn.core.watching.comparing import SampledWindow
from activelearn.core.watching.verdicts import Verdict
from bench import sets
from bench.row import row

LEARNED: Final = 1000
EVERY: Final = 25
# What is not a measure of an item.
_OTHERS: Final = frozenset({"t", "item_id", "topic", "label", "concept"})


@dataclass(frozen=True)
class DriftStream:
    """A stream in its order: rows (n, n_features), labels, and where it changes."""

    name: str
    rows: Any
    labels: Sequence[str]
    points: Sequence[int]
    window: int


@dataclass(frozen=True)
class Sight:
    """What was seen first: behind how many items, and what it was said to be."""

    items: int
    verdict: Verdict


def rows(only: str = "") -> list[dict[str, Any]]:
    """Report the delay at each change, and the alarms where there is none."""
    is_wanted = only in {"", "drift"} and sets.is_at_hand("drift_none_synthetic")
    if not is_wanted:
        return []
    return [each for make in _STREAMS for each in _reported(make())]


def _reported(stream: DriftStream) -> Iterator[dict[str, Any]]:
    ends = [*stream.points, len(stream.labels)]
    if not stream.points:
        alarms = list(seen(stream, 0, len(stream.labels)))
        items = len(stream.labels) - LEARNED
        kinds = ", ".join(f"{a.verdict.kind} at {a.items}" for a in alarms) or "none"
        rate = 10_000 * len(alarms) / items
        yield row(f"drift, alarms of 10,000: {stream.name}", rate, "", 1.0, kinds)
    starts = [0, *stream.points]
    for (start, point), end in zip(pairwise(starts), ends[1:], strict=True):
        sights = list(seen(stream, start, end))
        false = [a for a in sights if a.items <= point]
        red = [a for a in sights if a.items > point and a.verdict.light == "red"]
        delay = red[0].items - point if red else end - point
        detail = f"{red[0].verdict.kind if red else 'missed'}; {len(false)} before"
        yield row(
            f"drift, items until seen: {stream.name} {point}",
            delay,
            "items",
            500.0,
            detail,
        )


def seen(stream: DriftStream, start: int, end: int) -> Iterator[Sight]:
    """Yield each verdict of a change in the items from ``start`` to ``end``."""
    known = min(LEARNED, max(2 * (end - start) // 5, 300))
    place = start + known
    there = np.arange(start, place)
    learned, held = there[there % 3 > 0], there[there % 3 == 0]
    model = training.fit(
        stream.rows[learned], [(stream.labels[n],) for n in learned], is_multi=False
    )
    wrong = _wrong(model, stream, np.arange(start, end))
    error = wrong[held - start]
    highest = intervals.wilson(float(error.mean()), len(error)).high
    before = _window(model, stream, there)
    for now in range(place + EVERY, end + 1, EVERY):
        test = outcomes.errors_rise(wrong[known : now - start].tolist(), highest)
        is_full = (now - place) % stream.window == 0
        part = np.arange(max(place, now - stream.window), now)
        evidence = (
            comparing.evidence_of(before, _window(model, stream, part), test, 0)
            if is_full
            else verdicts.WindowEvidence(EVERY, outcome=test)
        )
        verdict = verdicts.verdict(evidence)
        if verdict.kind != "none":
            yield Sight(now, verdict)
        if verdict.light == "red":
            # People retrain now; what comes is another model's.
            return


def _wrong(model: Any, stream: DriftStream, places: Any) -> Any:
    predicted = training.predicted_labels(
        model, model.probabilities(stream.rows[places])
    )
    pairs = zip(predicted, places.tolist(), strict=True)
    return np.array([names != (stream.labels[n],) for names, n in pairs])


def _window(model: Any, stream: DriftStream, places: Any) -> SampledWindow:
    table = model.probabilities(stream.rows[places])
    predicted = training.predicted_labels(model, table)
    counted = gathering.gathered(predicted, table.max(axis=1), 0, {})
    few = comparing.few_columns(stream.rows[places])
    return SampledWindow(counted, few, [name for (name,) in predicted])


def _tables(name: str, window: int) -> DriftStream:
    lines = sets.table(f"drift_{name}_synthetic", "stream")
    data = [{k: v for k, v in each.items() if k not in _OTHERS} for each in lines]
    spec, _ = features.table_spec(data[:LEARNED], len(data))
    return DriftStream(
        name,
        features.table_rows(data, spec),
        [each["label"] for each in lines],
        _points(f"drift_{name}_synthetic", "drift_points")["drift_points"],
        window,
    )


def _texts(name: str, window: int) -> DriftStream:
    lines = sets.table("drift_hwu_interest", name)
    points = _points("drift_hwu_interest", name.replace("stream", "drift_points"))
    texts = [each["text"] for each in lines]
    return DriftStream(
        f"hwu {name}",
        features.text_rows(texts, features.JOINED_TEXT_SPEC),
        [each["label"] for each in lines],
        points.get("drift_points") or [points["start"]],
        window,
    )


def _points(folder: str, name: str) -> dict[str, Any]:
    points: dict[str, Any] = json.loads(
        (sets.DATA / folder / f"{name}.json").read_text()
    )
    return points


_STREAMS: Final[tuple[Callable[[], DriftStream], ...]] = (
    lambda: _tables("none", 1000),
    lambda: _tables("sea", 1000),
    lambda: _tables("stagger", 200),
    lambda: _texts("stream", 200),
    lambda: _texts("stream_covariate", 200),
)
