"""Two schedulers and five workers on one database, and bells that ring all the time."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.history import ending
from tests.history.checks import answers, learning, lending, models
from tests.history.processes import children_of
from tests.history.record import Log
from tests.history.watcher import Watcher
from tests.running.machine import LEASE, Machine, until

pytestmark = [pytest.mark.running, pytest.mark.soak]
ITEMS = 150
STEP = 10
PROJECT = "/api/projects/p/"
# Beside the worker, the trainer and the scheduler that are there anyway.
CREW = (
    ("worker", "-Qinteractive", "-c2", "-nsecond@%h"),
    ("worker", "-Qtraining", "-c1", "-nthird@%h"),
    ("worker", "-Qtraining", "-c1", "-nfourth@%h"),
)
# For each job as many bells at once as there are workers, so that they meet at it;
# none while there are bells that nobody has heard yet.
RING = """
import time
from celery import current_app
from labeling.models import Job
def ring(name, *ids, queue="training"):
    current_app.send_task(name, ids, queue=queue)
with current_app.connection_for_read() as link:
    bells = link.default_channel.client
    for _ in range(1000):
        time.sleep(0.1)
        if bells.llen("training") or bells.llen("interactive"):
            continue
        for job in Job.objects.claimable():
            for _ in range(3):
                ring("labeling.run_job", job.pk)
        for name in ("settle_all", "reclaim_leases", "ring_jobs"):
            ring(f"labeling.{name}", queue="interactive")
        ring("activelearn.consider_all")
"""
WORK = """
SELECT (SELECT count(*) FROM labeling_job WHERE attempt <> 1 OR state <> 'done') AS again,
       (SELECT count(*) FROM labeling_importrun) AS "import",
       (SELECT count(*) FROM activelearn_trainingrun) AS "learn.train",
       (SELECT count(*) FROM activelearn_rankingfit) AS "learn.rank",
       (SELECT count(*) FROM activelearn_scoringrun) AS "learn.score",
       count(*) FILTER (WHERE kind = 'import') AS "import done",
       count(*) FILTER (WHERE kind IN ('learn.train', 'learn.judge'))
           AS "learn.train done",
       count(*) FILTER (WHERE kind = 'learn.rank') AS "learn.rank done",
       count(*) FILTER (WHERE kind = 'learn.score') AS "learn.score done"
FROM labeling_job
"""
CHECKS = (
    answers.counters_equal_recounts,
    answers.events_tell_all,
    answers.labels_follow_votes,
    lending.never_above_overlap,
    lending.answered_by_votes,
    learning.retrains_once_per_threshold,
    learning.never_two_runs_at_once,
    learning.nothing_left_undone,
    models.one_champion,
    models.versions_hold,
    models.runs_are_judged_once,
    models.scores_are_the_champions,
)


@pytest.fixture
def machine(folder: Path) -> Iterator[Machine]:
    started = Machine(folder / "home", OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    try:
        started.start()
        yield started
    finally:
        started.kill_all()


def test_two_schedulers_and_five_workers_at_once_change_nothing(
    machine: Machine, tmp_path: Path
) -> None:
    begin_work(machine)
    log = Log(tmp_path / "looks.jsonl")
    watcher = Watcher(machine, log)
    watcher.start()
    imports = [import_rows(machine, rows) for rows in (range(80), range(50, ITEMS))]
    created = [created_by(machine, created) for created in imports]
    for number in range(1, 4):
        vote_until(machine, labels=number * STEP)
        ending.come_to_rest(machine)
    steps = ending.read(machine)
    while vote(machine, 50):
        pass
    machine.sure("POST", f"{PROJECT}models/1/promote/", {})
    ending.come_to_rest(machine)
    watcher.stop()
    log.close()

    final = ending.read(machine)

    assert steps.retrains.runs == ((STEP, STEP),) * 3
    assert (steps.retrains.fired, len(steps.runs)) == (3, 3)
    assert sum(created) == len(final.items) == ITEMS
    assert Counter(vote.item for vote in final.votes) == dict.fromkeys(
        (item.id for item in final.items), 1
    )
    assert [said for check in CHECKS for said in check(log.ops, final)] == []
    assert sum(version.stage == "champion" for version in final.versions) == 1
    counts = ask(machine, WORK)
    assert counts["again"] == 0, counts
    for kind in ("import", "learn.train", "learn.rank", "learn.score"):
        assert counts[kind] == counts[f"{kind} done"] > 0, counts


def begin_work(machine: Machine) -> None:
    """Make a project; let more workers, another scheduler and the bells begin."""
    celery = ("-m", "celery", "-A", "config", "--quiet")
    crew = [machine.begin(*celery, *words) for words in CREW]
    machine.begin(*celery, "beat", "-s", str(machine.home / "second-schedule"))
    machine.run("user", "create", "boss", "--manager")
    machine.token = machine.run("token", "boss").split()[1]
    draft = {"name": "P", "slug": "p", "data_type": "text", "task_type": "single"}
    labels = [{"name": "x"}, {"name": "y"}]
    policy = {"retrain_first": STEP, "retrain_growth": 0.0}
    machine.sure("POST", "/api/projects/", {**draft, "labels": labels, **policy})
    until(lambda: all(children_of(process.pid) for process in crew))
    machine.begin("manage.py", "shell", "-c", RING)


def import_rows(machine: Machine, rows: range) -> int:
    texts = ((number, f"{'xy'[number % 2]} says {number}") for number in rows)
    lines = (json.dumps({"external_id": str(n), "text": text}) for n, text in texts)
    return int(
        machine.sure("POST", f"{PROJECT}imports/", "\n".join(lines).encode())["id"]
    )


def created_by(machine: Machine, run: int) -> int:
    """Return how many items an import has made, once it is done."""
    path = f"{PROJECT}imports/{run}/"
    until(lambda: machine.sure("GET", path)["state"] == "done")
    return int(machine.sure("GET", path)["created"])


def vote_until(machine: Machine, *, labels: int) -> None:
    """Vote until so many labels count toward a retrain, and no vote more."""

    def is_there() -> bool:
        ending.await_settled(machine)
        missing = labels - confident(machine)
        return missing == 0 or not vote(machine, missing)

    until(is_there)


def vote(machine: Machine, count: int) -> int:
    """Answer the next items rightly, in one call; return how many."""
    items = machine.sure("POST", LEASE, {"count": count})["items"]
    votes = [
        {
            "assignment": item["assignment"],
            "labels": [item["item"]["data"]["text"][0]],
            "client_id": str(uuid.uuid4()),
        }
        for item in items
    ]
    if votes:
        machine.sure("POST", f"{PROJECT}annotations/", votes)
    return len(votes)


def confident(machine: Machine) -> int:
    query = "SELECT coalesce(sum(confident), 0)::int AS n FROM labeling_projectcounter"
    return int(ask(machine, query)["n"])


def ask(machine: Machine, query: str) -> dict[str, Any]:
    with ending.link_to(machine) as link:
        (row,) = link.execute(query).fetchall()
        return row
