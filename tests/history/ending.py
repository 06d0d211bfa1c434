"""How things stand in the database when all is quiet again."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from config.home import socket_folder
from tests.history.record import (
    Event,
    Final,
    Item,
    Loan,
    Promotion,
    Retrains,
    Run,
    Version,
    Vote,
)
from tests.running.machine import PARTS, Machine, until

Rows = Callable[[str], list[dict[str, Any]]]
# Nobody waits for a worker that was killed; who lives still has to bear it, too.
_LET_GO = """
UPDATE labeling_job SET alive_until = now() - interval '1 second'
WHERE state = 'running' RETURNING id
"""
_END_RESTS = """
UPDATE labeling_job SET not_before = NULL
WHERE state = 'queued' AND not_before > now() RETURNING id
"""
_WAITS = """
WITH held_out AS (
    SELECT i.project_id, count(*) AS items, count(r.id) AS labels
    FROM labeling_item i LEFT JOIN labeling_resolution r
      ON r.item_id = i.id AND r.superseded_at IS NULL
    WHERE i.split = 'evaluation' AND i.state <> 'invalid' GROUP BY i.project_id
)
SELECT (SELECT count(*) FROM labeling_item WHERE is_unsettled)
     + (SELECT count(*) FROM labeling_job WHERE state IN ('queued', 'running'))
     + (SELECT count(*) FROM activelearn_modelversion v JOIN held_out USING (project_id)
        LEFT JOIN activelearn_evaluation e ON e.model_id = v.id
        WHERE v.stage = 'waiting' AND held_out.labels > coalesce(e.items, 0)
          AND held_out.labels >= least(held_out.items, v.waits_for)) AS n,
       (SELECT sum(confident) FROM labeling_projectcounter) AS confident,
       (SELECT sum(confident + corrected) FROM labeling_projectcounter) AS counted,
       coalesce((SELECT label_count FROM activelearn_retraintrigger), 0) AS labels,
       coalesce((SELECT label_count FROM activelearn_rankingfit ORDER BY id DESC LIMIT 1),
                -10) AS ranked,
       retrain_first AS first, retrain_growth AS growth
FROM activelearn_learningpolicy
"""


def link_to(machine: Machine) -> psycopg.Connection[dict[str, Any]]:
    """Return a connection to the machine's own database."""
    return psycopg.connect(
        host=str(socket_folder(machine.home)),
        user="postgres",
        dbname="assay",
        autocommit=True,
        row_factory=dict_row,
        connect_timeout=10,
    )


def let_go(machine: Machine) -> None:
    """Take every job from who is at it, as after a minute's silence."""
    until(lambda: _rows(machine, _LET_GO) is not None)


def come_to_rest(machine: Machine) -> None:
    """Wait until all is quiet; nobody rests between jobs meanwhile.

    What never becomes quiet is the judge's to tell.
    """
    with contextlib.suppress(TimeoutError):
        until(lambda: _is_quiet(machine), seconds=240)


def await_settled(machine: Machine) -> None:
    """Wait until every vote has had its effect on how many more are wanted."""
    unsettled = "SELECT count(*) AS n FROM labeling_item WHERE is_unsettled"
    until(lambda: _rows(machine, unsettled) == [{"n": 0}])


def _is_quiet(machine: Machine) -> bool:
    """Whether no vote is to be settled, no job has to end and no new one is due.

    The message that labels have come may be lost; then a sweep finds them later.
    """
    is_quiet = _rows(machine, _END_RESTS) is not None and _rows(machine, _WAITS)
    if not is_quiet:
        return False
    (row,) = is_quiet
    due = Retrains(row["first"], row["growth"], 0, row["labels"]).due_after
    stale = row["confident"] - row["ranked"] >= min(25, max(10, row["ranked"] // 10))
    return not (row["n"] or stale or row["counted"] >= due(row["labels"]))


def told_of(machine: Machine) -> str:
    """Return how things stand with a machine that does not get on, for a person."""
    jobs = _rows(
        machine,
        "SELECT id, kind, state, attempt, not_before, alive_until, now() AS now"
        " FROM labeling_job WHERE state IN ('queued', 'running')",
    )
    waits = _rows(
        machine,
        "SELECT pid, state, wait_event, left(query, 80) AS query, xact_start"
        " FROM pg_stat_activity WHERE xact_start < now() - interval '5 seconds'",
    )
    lines = machine.log.read_text(errors="replace").splitlines()[-40:]
    parts = {part: machine.pid_of(part) for part in PARTS}
    rows = _rows(machine, _WAITS)
    return "\n".join(map(str, [parts, rows, jobs, waits, *lines]))


def _rows(machine: Machine, query: str) -> list[dict[str, Any]] | None:
    """Return what a query finds, or None while the database is coming up."""
    try:
        with link_to(machine) as link:
            return link.execute(query).fetchall()
    except psycopg.OperationalError:
        return None


def read(machine: Machine, sent_home: Sequence[str] = ()) -> Final:
    """Read everything that the checks need, at one moment."""
    with link_to(machine) as link, link.transaction():
        link.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

        return read_with(
            lambda query: link.execute(query).fetchall(), machine.home, sent_home
        )


def read_with(rows: Rows, home: Path, sent_home: Sequence[str] = ()) -> Final:
    """Read the same by a function that returns the rows of a query."""
    (project,) = rows("SELECT * FROM labeling_project")
    return Final(
        overlap=project["overlap"],
        min_votes=project["min_votes"],
        evaluation_votes=project["evaluation_votes"],
        confidence=project["confidence"],
        known=0 if project["settled_by"] == "share" else _labels(rows, project),
        votes=tuple(_votes(rows)),
        loans=tuple(_loans(rows)),
        items=tuple(_items(rows)),
        counters=rows(
            "SELECT sum(votes)::int AS votes, sum(skips)::int AS skips,"
            " sum(flags)::int AS flags, sum(confident)::int AS confident,"
            " sum(corrected)::int AS corrected"
            " FROM labeling_projectcounter"
        )[0],
        events=tuple(
            Event(**row)
            for row in rows(
                "SELECT kind, item_id AS item, assignment_id AS assignment,"
                " annotation_id AS annotation, CASE kind WHEN 'late'"
                " THEN payload ->> 'client_id' ELSE '' END AS client_id"
                " FROM labeling_annotationevent"
            )
        ),
        retrains=_retrains(rows),
        runs=tuple(_runs(rows, home)),
        versions=tuple(_versions(rows, home)),
        promotions=tuple(
            Promotion(**row)
            for row in rows(
                "SELECT m.number, b.number AS before, p.sha256, p.run_id AS run"
                " FROM activelearn_promotion p"
                " JOIN activelearn_modelversion m ON m.id = p.model_id"
                " LEFT JOIN activelearn_modelversion b ON b.id = p.before_id"
                " ORDER BY p.id"
            )
        ),
        scored_by=tuple(
            row["model_number"]
            for row in rows("SELECT DISTINCT model_number FROM labeling_prediction")
        ),
        open_jobs=tuple(
            f"{row['id']} {row['kind']}"
            for row in rows(
                "SELECT id, kind FROM labeling_job WHERE state IN ('queued', 'running')"
            )
        ),
        failed_jobs=tuple(
            (row["kind"], row["error"])
            for row in rows(
                "SELECT kind, error ->> 'text' AS error"
                " FROM labeling_job WHERE state = 'failed'"
            )
        ),
        queued=tuple(
            (row["item_id"], row["slot"])
            for row in rows("SELECT item_id, slot FROM labeling_queueentry")
        ),
        sent_home=tuple(sent_home),
    )


def _votes(rows: Rows) -> Any:
    for row in rows(
        "SELECT a.id, a.client_id::text, a.item_id, u.username, a.assignment_id,"
        " a.labels, a.version, a.undone_at FROM labeling_annotation a"
        " JOIN labeling_user u ON u.id = a.annotator_id"
    ):
        yield Vote(
            row["id"],
            row["client_id"],
            row["item_id"],
            row["username"],
            row["assignment_id"],
            tuple(row["labels"]),
            row["version"],
            row["undone_at"] is not None,
        )


def _loans(rows: Rows) -> Any:
    for row in rows(
        "SELECT a.*, u.username FROM labeling_assignment a"
        " JOIN labeling_user u ON u.id = a.annotator_id"
    ):
        yield Loan(
            row["id"],
            row["item_id"],
            row["username"],
            row["slot"],
            row["state"],
            row["leased_at"].timestamp(),
            row["rank"],
            row["generation"],
        )


def _labels(rows: Rows, project: dict[str, Any]) -> int:
    """Return how many labels a project has."""
    (row,) = rows(
        "SELECT count(*)::int AS n FROM labeling_label"
        f" WHERE label_set_id = {int(project['label_set_id'])}"
    )
    return int(row["n"])


def _items(rows: Rows) -> Any:
    for row in rows(
        "SELECT i.id, i.state, i.votes, i.votes_wanted, i.flags, i.is_unsettled, r.labels,"
        " i.split = 'pool' AND EXISTS (SELECT 1 FROM labeling_resolution o"
        "   WHERE o.item_id = i.id AND NOT o.is_ambiguous) AS was_labeled,"
        # By the labels alone, not by what was marked when they were given.
        " (SELECT count(*) FROM (SELECT o.labels, lag(o.labels) OVER (ORDER BY o.id)"
        "   AS before FROM labeling_resolution o WHERE o.item_id = i.id"
        "   AND i.split = 'pool' AND NOT o.is_ambiguous) AS changed"
        "   WHERE before <> labels)::int AS corrections,"
        " i.split = 'evaluation' AS is_held_out"
        " FROM labeling_item i LEFT JOIN labeling_resolution r"
        " ON r.item_id = i.id AND r.superseded_at IS NULL"
    ):
        labels = row["labels"]
        yield Item(
            row["id"],
            row["state"],
            row["votes"],
            row["votes_wanted"],
            row["flags"],
            row["is_unsettled"],
            None if labels is None else tuple(labels),
            row["was_labeled"],
            row["corrections"],
            row["is_held_out"],
        )


def _retrains(rows: Rows) -> Retrains:
    (policy,) = rows("SELECT * FROM activelearn_learningpolicy")
    trigger = next(iter(rows("SELECT * FROM activelearn_retraintrigger")), None)
    runs = [
        (row["new"], row["due"])
        for row in rows(
            "SELECT (reason -> 'values' ->> 'new')::int AS new,"
            " (reason -> 'values' ->> 'wanted')::int AS due"
            " FROM activelearn_trainingrun WHERE trigger = 'labels' ORDER BY id"
        )
    ]
    return Retrains(
        policy["retrain_first"],
        policy["retrain_growth"],
        trigger["fired"] if trigger else 0,
        trigger["label_count"] if trigger else 0,
        tuple(runs),
    )


def _runs(rows: Rows, home: Path) -> Any:
    for row in rows(
        "SELECT r.id, j.state, r.verdict, r.judgment, v.number AS judges,"
        " extract(epoch FROM j.started_at)::float8 AS started_at,"
        " coalesce(j.result ->> 'verdict', '') AS told"
        " FROM activelearn_trainingrun r"
        " JOIN labeling_job j ON j.id = r.job_id"
        " LEFT JOIN activelearn_modelversion v ON v.id = r.judges_id ORDER BY r.id"
    ):
        kept = row.pop("judgment")
        file = home / "learn" / "judgments" / kept[:2] / kept
        judged = json.loads(file.read_bytes()) if kept else {}
        yield Run(
            **row,
            judged_bytes=judged.get("sha256", ""),
            judged_against=judged.get("champion"),
        )


def _versions(rows: Rows, home: Path) -> Any:
    for row in rows(
        "SELECT m.number, m.run_id, m.stage, m.sha256,"
        " m.promoted_by_id IS NOT NULL AS by_person,"
        " extract(epoch FROM m.promoted_at)::float8 AS promoted_at,"
        " coalesce(e.verdict, '') AS judged FROM activelearn_modelversion m"
        " LEFT JOIN activelearn_evaluation e ON e.model_id = m.id ORDER BY m.number"
    ):
        file = home / "learn" / "models" / row["sha256"][:2] / row["sha256"]
        yield Version(
            row["number"],
            row["run_id"],
            row["stage"],
            row["promoted_at"],
            row["by_person"],
            row["judged"],
            file.is_file() and sha256(file.read_bytes()).hexdigest() == row["sha256"],
        )
