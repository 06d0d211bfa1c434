"""How a project's table is read: made from a random sample, and again when outgrown."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from django.db import connection
from django.db.models import Max, Min

from activelearn.core import features as core
from activelearn.core import tables
from activelearn.core.columns import SeenColumn
from activelearn.models import FeatureSpec
from labeling.models import Item, Project
from labeling.sql import statements

# New rows that are looked at; enough to see a column of which a twentieth fits worse.
LOOK: Final = 1000
# How many random numbers are drawn for each item of the sample.
TRIED: Final = 10
SampledRecords = list[dict[str, Any]]
_SQL: Final = statements.load(Path(__file__).with_name("specs.sql"))
logger = logging.getLogger(__name__)


def newest(project: Project) -> FeatureSpec | None:
    """Return the specification in force; None before the first."""
    return FeatureSpec.objects.filter(project=project).first()


def today(project: Project) -> core.Spec:
    """Return how the project's table is read, and decide it where nobody has yet."""
    row = newest(project) or _make(project, 1)
    # Without any row nothing is decided: the first ones will show.
    return dict(row.spec) if row else tables.table_spec([], 0)[0]


def renew(project: Project) -> None:
    """Make a new specification where the data have outgrown the newest one.

    It stands beside the older ones, which the models that were made with them go on
    reading.
    """
    row = newest(project)
    if row is None:
        return
    newcomers = sample(project, LOOK, after=row.last_item)
    pool = Item.objects.filter(project=project).pool()
    seen = seen_in(row)
    # From a full sample, no more rows would be read than there were.
    there = pool.count() if seen.rows < tables.SAMPLE else row.there
    if reason := tables.outgrown_by(row.spec, seen, there, newcomers):
        logger.info("project %s has outgrown its features: %s", project.pk, reason)
        _make(project, row.number + 1)
    # Enough rows were looked at and fit: the next look begins behind them.
    elif len(newcomers) >= tables.ENOUGH:
        FeatureSpec.objects.filter(pk=row.pk).update(last_item=_last_item(project))


def seen_in(row: FeatureSpec) -> tables.Seen:
    """Return what the sample of a specification showed."""
    columns = (SeenColumn(**column) for column in row.columns)
    return tables.Seen(row.rows, tuple(columns))


def _make(project: Project, number: int) -> FeatureSpec | None:
    """Keep a specification by a sample of now; of workers at once, the first one's."""
    # Read before the sample: what comes in between is looked at later.
    last_item = _last_item(project)
    there = Item.objects.filter(project=project).pool().count()
    rows = sample(project, tables.SAMPLE)
    if not rows:
        return None
    spec, seen = tables.table_spec(rows, there)
    # Two workers may have sampled at once: unique by number, so that both go on with
    # one.
    made, _ = FeatureSpec.objects.get_or_create(
        project=project,
        number=number,
        defaults={
            "sha256": core.hash_of(spec),
            "spec": spec,
            "rows": seen.rows,
            "there": there,
            "columns": [asdict(column) for column in seen.columns],
            "last_item": last_item,
        },
    )
    return made


def sample(project: Project, most: int, after: int = 0) -> SampledRecords:
    """Return rows of the pool, drawn by the project's seed, from behind an item."""
    return [_record(data) for _, data in _sampled(project, most, after)]


def drawn(project: Project, most: int) -> list[int]:
    """Return items of the pool, drawn by the project's seed.

    In a large pool without reading it: of numbers drawn at random, those that are items
    of it. Each item is as likely as any other.
    """
    items = Item.objects.filter(project=project)
    ends = items.aggregate(first=Min("pk"), last=Max("pk"))
    numbers = np.random.default_rng(project.seed).integers(
        ends["first"] or 0, ends["last"] or 0, size=TRIED * most, endpoint=True
    )
    # A number drawn twice is one item; the first draw counts.
    candidates = list(dict.fromkeys(numbers.tolist()))
    pool = items.pool()
    there = set(pool.filter(pk__in=candidates).values_list("pk", flat=True))
    if len(there) < most:
        # A small part of all items: to read it is quick, too.
        return [pk for pk, _ in _sampled(project, most)]
    return [pk for pk in candidates if pk in there][:most]


def _sampled(project: Project, most: int, after: int = 0) -> list[tuple[int, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL["sample"],
            {"project": project.pk, "seed": project.seed, "after": after, "most": most},
        )
        return cursor.fetchall()


def _record(data: Any) -> dict[str, Any]:
    # A raw cursor returns JSON as text.
    return dict(json.loads(data) if isinstance(data, str) else data)


def _last_item(project: Project) -> int:
    items = Item.objects.filter(project=project)
    return int(items.aggregate(last=Max("pk"))["last"] or 0)
