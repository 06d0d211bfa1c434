"""What other programs ask and are told, as it is counted for the watch.

Each process counts for itself and writes rows of its own (``WatchPart``), so that processes
never wait for each other: after 500 predictions, and after ten seconds. What a process has
counted within the last seconds is lost where it is killed.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

import numpy as np
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.utils import timezone

from activelearn.core.features import Spec
from activelearn.core.watching import comparing, gathering, inputs, shifts
from activelearn.core.watching.gathering import Gathered, Reservoir
from activelearn.models import AskedItem, ModelVersion, WatchPart
from labeling.models import Item
from labeling.services.transfer.importing.intake import Arrival

logger = logging.getLogger(__name__)
# Predictions and sampled rows of a part: five times a thousandth of a day's million.
MOST: Final = 500
SAMPLE: Final = 200
# Items of one call that are measured; the others are as likely to be like these.
_MEASURED: Final = 32


class Told(Protocol):
    """What was said of one item."""

    @property
    def labels(self) -> Sequence[str]: ...
    @property
    def confidence(self) -> float: ...
    @property
    def decision(self) -> str: ...


@dataclass
class _OpenPart:
    """What a process has counted of one version and not written yet."""

    sample: Reservoir
    gathered: Gathered = field(default_factory=Gathered)
    began: float = field(default_factory=time.monotonic)
    started_at: datetime = field(default_factory=timezone.now)


_OPEN: dict[tuple[int, int], _OpenPart] = {}
_LOCK: Final = threading.Lock()
_TIMER: list[threading.Timer] = []


def note(
    version: ModelVersion,
    spec: Spec,
    asked: Sequence[Item | Arrival],
    rows: Any,
    served: Sequence[Told],
) -> None:
    """Count what was asked and given; items of the project's own are no traffic.

    rows: (n, n_features) of what is asked about, by the version's specification.
    """
    there = [(n, each) for n, each in enumerate(asked) if isinstance(each, Arrival)]
    if not there:
        return
    places, arrivals = [n for n, _ in there], [each for _, each in there]
    given = [served[n] for n in places]
    batch = gathering.gathered(
        [each.labels for each in given],
        np.array([each.confidence for each in given]),
        sum(each.decision == "review" for each in given),
        measured(arrivals[:: max(1, len(arrivals) // _MEASURED)], spec),
    )
    _mark_asked(version.project_id, arrivals, given)
    key = (version.project_id, version.number)
    # Threads of one process may ask at once.
    with _LOCK:
        part = _OPEN.setdefault(key, _OpenPart(_empty_sample()))
        part.gathered = part.gathered + batch
        _sample(part.sample, rows, places, given)
        is_due = part.gathered.size >= MOST or _age(part) >= settings.WATCH_SECONDS
        due = {key: _OPEN.pop(key)} if is_due else {}
        if not is_due and not _TIMER:
            _start_timer()
    # Behind the lock: whoever counts does not wait for the database.
    _write(due)


def _mark_asked(
    project: int, arrivals: Sequence[Arrival], given: Sequence[Told]
) -> None:
    """Keep which items joined the pool because they were not sure."""
    asked = [
        AskedItem(project_id=project, content_hash=arrival.content_hash)
        for arrival, each in zip(arrivals, given, strict=True)
        if each.decision == "review"
    ]
    if asked:
        AskedItem.objects.bulk_create(asked, ignore_conflicts=True)


def measured(asked: Sequence[Item | Arrival], spec: Spec) -> inputs.Measures:
    """Return the measures of items by their kind; of pictures those of their files."""
    if spec["kind"] == "image":
        pictures = [each.picture for each in asked if isinstance(each, Arrival)]
        return inputs.of_pictures([each.encoded for each in pictures if each])
    data = [each.data if isinstance(each, Item) else each.row.data for each in asked]
    if spec["kind"] == "text":
        return inputs.of_texts([str(each.get("text", "")) for each in data])
    return inputs.of_rows(data, spec)


def flush() -> None:
    """Write all that this process has counted."""
    with _LOCK:
        due = dict(_OPEN)
        _OPEN.clear()
        _TIMER.clear()
    _write(due)


def packed(rows: Sequence[shifts.Array] | shifts.Array) -> bytes:
    """Return rows (n, at most 64) as they are kept."""
    most = float(np.finfo(np.float16).max)
    table = np.clip(np.array(rows, dtype=np.float64), -most, most)
    return table.astype(np.float16).tobytes()


def unpacked(data: bytes | memoryview, size: int) -> shifts.Array:
    """Return kept rows (size, d)."""
    table = np.frombuffer(bytes(data), dtype=np.float16).astype(np.float64)
    return table.reshape(size, -1) if size else np.zeros((0, 0))


def _empty_sample() -> Reservoir:
    return Reservoir(SAMPLE, np.random.default_rng())


def _age(part: _OpenPart) -> float:
    return time.monotonic() - part.began


def _sample(
    sample: Reservoir, rows: Any, places: Sequence[int], given: Sequence[Told]
) -> None:
    """Keep a random sample of the rows, in few columns; only these are computed."""
    kept = sample.places(len(places))
    if not kept:
        return
    some = rows[np.array([places[offset] for offset, _ in kept])]
    columns = comparing.few_columns(some)
    for (offset, place), row in zip(kept, columns, strict=True):
        sample.keep(place, row, "+".join(given[offset].labels))


def _write(due: Mapping[tuple[int, int], _OpenPart]) -> None:
    for (project, number), part in due.items():
        try:
            with transaction.atomic():
                WatchPart.objects.create(
                    project_id=project,
                    model_number=number,
                    size=part.gathered.size,
                    gathered=asdict(part.gathered),
                    rows=packed(part.sample.rows),
                    names=part.sample.names,
                    started_at=part.started_at,
                    ended_at=timezone.now(),
                )
        except IntegrityError:
            logger.warning("project %s has been deleted: its traffic too", project)


def _start_timer() -> None:
    """Have what is counted now written, also where nobody asks any more."""
    timer = threading.Timer(settings.WATCH_SECONDS, _flush_by_timer)
    timer.daemon = True
    _TIMER.append(timer)
    timer.start()


def _flush_by_timer() -> None:
    try:
        flush()
    except DatabaseError:
        # The thread has nobody to tell; the next ones are counted all the same.
        logger.exception("what was counted of the traffic is lost")
    finally:
        connections.close_all()


atexit.register(flush)
