"""The learner on a project of a million short texts: seconds and peaks of memory.

Each step runs as the workers run it, on a database of its own; ``SCALE`` shrinks it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench import queue
from bench.row import SCALE, most_memory, row

if TYPE_CHECKING:
    from labeling.models import Project

ITEMS: Final = int(1_000_000 * SCALE)
LABELS: Final = int(20_000 * min(1, SCALE * 10))
RARE: Final = 40
# A worker's gigabyte, in MiB.
MOST_MEMORY: Final = 1e9 / 2**20
HELD_OUT: Final = 0.02
# A few words of which some are commoner with one label; most say nothing.
_ITEMS: Final = """
    INSERT INTO labeling_item (project_id, external_id, data, metadata, tags,
        content_hash, group_key, split, state, votes, votes_wanted, is_unsettled,
        flags, created_at)
    SELECT %(project)s, n::text, jsonb_build_object('text', array_to_string(ARRAY(
               SELECT CASE WHEN random() < .3
                           THEN CASE WHEN n %% 3 = 0 THEN 'x' ELSE 'y' END
                                || (random() * 40)::int
                           ELSE 'word' || (random() * random() * 20000)::int END
               FROM generate_series(1, 9 + n %% 2)), ' ')),
           '{}', '{}', md5(n::text), n::text,
           CASE WHEN ('x' || substr(md5(n::text), 1, 8))::bit(32)::bigint
                     < %(share)s * 2 ^ 32
                THEN 'evaluation' ELSE 'pool' END,
           'open', 0, 1, false, 0, now()
    FROM generate_series(1, %(count)s) n
"""
# A file's labels: of some items, one of them rare.
_LABELED: Final = """
    WITH known AS (
        SELECT id FROM labeling_item i
        WHERE project_id = %(project)s AND split = %(split)s
          AND NOT EXISTS (SELECT FROM labeling_resolution r WHERE r.item_id = i.id)
        ORDER BY md5(id::text) LIMIT %(count)s
    ), settled AS (
        UPDATE labeling_item i SET state = 'settled' FROM known WHERE i.id = known.id
    )
    INSERT INTO labeling_resolution (project_id, item_id, labels, source, confidence,
        soft_label, label_set_id, created_at)
    SELECT %(project)s, id, ARRAY[CASE WHEN id %% 3 = 0 THEN 'x' ELSE 'y' END], 'gold', 1,
           '{}', %(labels)s, now()
    FROM known
"""
_RARE: Final = """
    UPDATE labeling_resolution SET labels = '{z}' WHERE id IN (
        SELECT r.id FROM labeling_resolution r JOIN labeling_item i ON i.id = r.item_id
        WHERE r.project_id = %(project)s AND i.split = 'pool' AND r.used_at IS NULL
        ORDER BY r.id DESC LIMIT %(rare)s)
"""


def rows(only: str = "") -> list[dict[str, Any]]:
    """Fill a database of our own, and run each step of the learner once."""
    if only != "million":
        # By its name alone: it takes half an hour.
        return []
    with queue.machine():
        return list(_steps())


def _steps() -> Iterator[dict[str, Any]]:
    from activelearn.services.features import store
    from activelearn.services.ordering import ranking
    from bench import fill

    project = fill.project(0, evaluation_share=HELD_OUT, gate="balanced")
    values = {"project": project.pk, "labels": project.label_set_pk}
    _execute(_ITEMS, {**values, "share": HELD_OUT, "count": ITEMS})
    yield from _timed("features-1m", lambda: store.load(project))
    yield from _timed("features-read-1m", lambda: store.load(project))
    yield from _timed("rank-cold-1m", lambda: ranking.rank(project))
    known = {"pool": LABELS, "evaluation": LABELS // 10}
    for split, count in known.items():
        _execute(_LABELED, {**values, "split": split, "count": count})
    yield from _timed("train-1m", _training(project))
    yield from _scored(project)
    yield from _timed("rank-1m", lambda: ranking.rank(project))
    for split in known:
        _execute(_LABELED, {**values, "split": split, "count": ITEMS})
    _execute(_RARE, {**values, "rare": RARE})
    yield from _timed("held-out-1m", _draw(project))


def _scored(project: Project) -> Iterator[dict[str, Any]]:
    """Score the pool; yield it alone, and as a multiple of the probabilities alone."""
    from activelearn.core.scoring import CHUNK
    from activelearn.models import ModelVersion
    from activelearn.services.features import store
    from activelearn.services.versions import loading

    model, spec = loading.load(ModelVersion.objects.latest("pk"))
    table = store.load(project, spec)
    begun = time.perf_counter()
    for start in range(0, len(table.ids), CHUNK):
        model.probabilities(table.rows[start : start + CHUNK])
    bare = time.perf_counter() - begun
    for made in _timed("score-1m", lambda: _work(project.pk, "learn.score")):
        yield made
        if made["unit"] == "s":
            ratio = made["value"] / bare
            detail = f"of the probabilities alone ({bare:.1f} s)"
            yield row("score-ratio-1m", ratio, "×", 2.0, detail)


def _training(project: Project) -> Callable[[], object]:
    from activelearn.services.training import triggers
    from labeling.models import ProjectCounter
    from labeling.services.work import jobs

    ProjectCounter.add(project.pk, None, confident=LABELS)
    run, _ = triggers.request(project, None, "bench")

    def train() -> None:
        jobs.run(run.job_id)
        run.refresh_from_db()
        print("the run's verdict:", run.verdict)

    return train


def _draw(project: Project) -> Callable[[], object]:
    from labeling.models import Job
    from labeling.services.transfer import beyond
    from labeling.services.work.progress import Progress

    job = Job.objects.create(project=project, kind="import", state="running")
    return lambda: beyond.hold_out(project.pk, Progress(job, job.attempt))


def _work(project: int, kind: str) -> None:
    from labeling.models import Job
    from labeling.services.work import jobs

    waiting = Job.objects.filter(project=project, kind=kind, state="queued")
    for pk in list(waiting.values_list("pk", flat=True)):
        jobs.run(pk)


def _execute(statement: str, values: dict[str, Any]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        cursor.execute("VACUUM ANALYZE labeling_item, labeling_resolution")


def _timed(name: str, step: Callable[[], object]) -> Iterator[dict[str, Any]]:
    """Run a step; yield its seconds, and the most memory that it had."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    begun = time.perf_counter()
    step()
    seconds = time.perf_counter() - begun
    detail = f"{ITEMS:,} items"
    memory = row(f"{name}-memory", most_memory(), "MiB", MOST_MEMORY, detail)
    for made in (row(name, seconds, "s", _TARGETS[name], detail), memory):
        print(made["name"], made["value"], detail, flush=True)
        yield made


# Seconds on two cores; a new order has a figure of its own in the design.
_TARGETS: Final = {
    "features-1m": 600,
    "features-read-1m": 30,
    "rank-cold-1m": 60,
    "train-1m": 300,
    "score-1m": 300,
    "rank-1m": 60,
    "held-out-1m": 60,
}
