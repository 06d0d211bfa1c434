"""How things stand in the database when all is quiet again."""

from __future__ import annotations

import re
from typing import Any

import psycopg
from psycopg.rows import dict_row

from config.home import socket_folder
from tests.history.record import Final, Item, Loan, Retrains, Vote
from tests.running.machine import Machine

_REASON = re.compile(r"(\d+) new confident labels; (\d+) were due")
_WAITS = """
SELECT (SELECT count(*) FROM labeling_item WHERE is_unsettled)
     + (SELECT count(*) FROM labeling_job WHERE state IN ('queued', 'running')) AS n
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


def is_quiet(machine: Machine) -> bool:
    """Whether no vote waits to be settled and no job has yet to end."""
    try:
        with link_to(machine) as link:
            row = link.execute(_WAITS).fetchone()
            return row is not None and row["n"] == 0
    except psycopg.OperationalError:
        return False  # the database is coming up


def read(machine: Machine) -> Final:
    """Read everything that the checks need, at one moment."""
    with link_to(machine) as link, link.transaction():
        link.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

        def rows(query: str) -> list[dict[str, Any]]:
            return link.execute(query).fetchall()

        (project,) = rows("SELECT * FROM labeling_project")
        return Final(
            overlap=project["overlap"],
            min_votes=project["min_votes"],
            confidence=project["confidence"],
            votes=tuple(_votes(rows)),
            loans=tuple(_loans(rows)),
            items=tuple(_items(rows)),
            counters=rows(
                "SELECT sum(votes)::int AS votes, sum(skips)::int AS skips,"
                " sum(flags)::int AS flags, sum(confident)::int AS confident"
                " FROM labeling_projectcounter"
            )[0],
            events=tuple(
                (row["kind"], row["annotation_id"], row["late"], row["item_id"])
                for row in rows(
                    "SELECT kind, annotation_id, item_id,"
                    " CASE kind WHEN 'late' THEN payload ->> 'client_id' ELSE '' END"
                    " AS late FROM labeling_annotationevent"
                )
            ),
            retrains=_retrains(rows, project),
            open_jobs=tuple(
                f"{row['id']} {row['kind']}"
                for row in rows(
                    "SELECT id, kind FROM labeling_job"
                    " WHERE state IN ('queued', 'running')"
                )
            ),
        )


def _votes(rows: Any) -> Any:
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


def _loans(rows: Any) -> Any:
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


def _items(rows: Any) -> Any:
    for row in rows(
        "SELECT i.id, i.state, i.votes, i.flags, i.is_unsettled, r.labels,"
        " i.split = 'pool' AND EXISTS (SELECT 1 FROM labeling_resolution o"
        "   WHERE o.item_id = i.id) AS was_labeled"
        " FROM labeling_item i LEFT JOIN labeling_resolution r"
        " ON r.item_id = i.id AND r.superseded_at IS NULL"
    ):
        labels = row["labels"]
        yield Item(
            row["id"],
            row["state"],
            row["votes"],
            row["flags"],
            row["is_unsettled"],
            None if labels is None else tuple(labels),
            row["was_labeled"],
        )


def _retrains(rows: Any, project: dict[str, Any]) -> Retrains:
    trigger = next(iter(rows("SELECT * FROM activelearn_retraintrigger")), None)
    runs = [
        (int(found[1]), int(found[2]))
        for row in rows(
            "SELECT reason FROM activelearn_trainingrun WHERE trigger = 'labels'"
            " ORDER BY id"
        )
        if (found := _REASON.fullmatch(row["reason"]))
    ]
    return Retrains(
        project["retrain_first"],
        project["retrain_growth"],
        trigger["fired"] if trigger else 0,
        trigger["labels"] if trigger else 0,
        tuple(runs),
    )
