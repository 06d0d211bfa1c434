"""What a version was made with: the pool as it was then, and how sure it is of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import msgspec
import numpy as np

from activelearn.core import predictions as core
from activelearn.core.features import Spec, Table
from activelearn.core.training import predicted_labels
from activelearn.core.translation import TranslatedModel
from activelearn.core.watching import comparing, gathering, shifts
from activelearn.core.watching.gathering import Gathered
from activelearn.models import ModelVersion, WatchReference
from activelearn.services.features import store
from activelearn.services.predictions import traffic
from activelearn.services.versions import loading
from labeling.models import Item

# Held-out items without which nothing is said of how right a version expects to be.
FEWEST_HELD_OUT: Final = 50


@dataclass(frozen=True)
class Watched:
    """A version with its model and the rows of the project's items that this reads."""

    version: ModelVersion
    model: TranslatedModel
    spec: Spec
    table: Table


@dataclass(frozen=True)
class Predictions:
    """Of n items: what is predicted, how sure that is, and their rows (n, at most 64).

    ids: (n,) of the items.
    """

    ids: list[int]
    gathered: Gathered
    rows: shifts.Array
    names: list[str]


def watched(version: ModelVersion, step: store.Step) -> Watched:
    """Return a version with all that is needed to predict items of its project.

    Raises what ``loading.load`` and ``store.load`` raise.
    """
    model, spec = loading.load(version)
    return Watched(version, model, spec, store.load(version.project, spec, step))


def predicted(watch: Watched, item_ids: Sequence[int]) -> Predictions:
    """Return what a version says of items of the project, counted; those without rows not."""
    ids = watch.table.covered(item_ids)
    rows = watch.table.rows_of(ids)
    labels, sure = _said(watch, rows)
    # Evenly over the window, whose beginning may be unlike its end.
    some = ids[:: max(1, len(ids) // traffic.SAMPLE)]
    data = Item.objects.filter(pk__in=some).select_related("media")
    # Of pictures the files are not read again: their size was told as they came.
    measures = (
        {}
        if watch.spec["kind"] == "image"
        else traffic.measured(list(data), watch.spec)
    )
    # As calls are decided without a dial: nobody asked about these items.
    threshold = watch.version.project.confidence
    reviews = int((sure < threshold).sum()) if watch.version.is_calibrated else len(ids)
    return Predictions(
        ids,
        gathering.gathered(labels, sure, reviews, measures),
        comparing.few_columns(rows),
        ["+".join(names) for names in labels],
    )


def labels_by(watch: Watched, item_ids: Sequence[int]) -> list[tuple[str, ...]]:
    """Return what a version predicts of items, of which each has a row."""
    return _said(watch, watch.table.rows_of(list(item_ids)))[0]


def _said(watch: Watched, rows: Any) -> tuple[list[tuple[str, ...]], shifts.Array]:
    # A model predicts nothing of no rows.
    if not rows.shape[0]:
        return [], np.zeros(0)
    table = watch.model.probabilities(rows)
    return predicted_labels(watch.model, table), core.confidences(watch.model, table)


def of(watch: Watched) -> WatchReference:
    """Return the reference of a version; the first look makes it, and it stays.

    A random sample of the pool as it was when the version was made, by the project's seed.
    """
    project, number = watch.version.project, watch.version.number
    kept = WatchReference.objects.filter(project=project, model_number=number).first()
    if kept is not None:
        return kept
    there = Item.objects.filter(
        project=project, created_at__lte=watch.version.created_at
    )
    ids = np.array(there.pool().order_by("pk").values_list("pk", flat=True), np.int64)
    random = np.random.default_rng(project.seed)
    drawn = random.permutation(ids)[: shifts.REFERENCE].tolist()
    sample = predicted(watch, drawn)
    # Another worker may have been quicker; the first one's stays.
    return WatchReference.objects.get_or_create(
        project=project,
        model_number=number,
        defaults={
            "gathered": asdict(sample.gathered),
            "rows": traffic.packed(sample.rows),
            "names": sample.names,
            "confidence": _expected(watch),
        },
    )[0]


def _expected(watch: Watched) -> float | None:
    """Return how right a version expects to be of held-out items, which it never saw."""
    if not watch.version.is_calibrated:
        return None
    there = Item.objects.filter(
        project=watch.version.project, created_at__lte=watch.version.created_at
    )
    pks = there.evaluation().order_by("pk").values_list("pk", flat=True)
    ids = watch.table.covered(list(pks[: shifts.REFERENCE]))
    if len(ids) < FEWEST_HELD_OUT:
        return None
    return float(_said(watch, watch.table.rows_of(ids))[1].mean())


def gathered_of(row: Any) -> Gathered:
    """Return what a row of the watch has counted."""
    return msgspec.convert(row.gathered, Gathered)


def sample_of(row: Any) -> shifts.Array:
    """Return the sampled rows (n, d) of a part or a reference."""
    return traffic.unpacked(row.rows, len(row.names))
