"""Votes that come with the items, from another tool."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from labeling import queries
from labeling.models import Annotation, ImportRun, Item, Project
from labeling.services.votes import settle
from tests import make
from tests.labeling.transfer.files import bring, lines

pytestmark = pytest.mark.django_db


MIGRATED = {
    "external_id": "a",
    "text": "one",
    "votes": [
        {"annotator": "Jane Doe", "label": "x", "seconds": 2.5},
        {"annotator": "tom", "label": "y", "created_at": "2024-05-01T10:00:00Z"},
    ],
}


def test_past_votes_arrive_once_from_inactive_accounts() -> None:
    project = make.project(overlap=2)

    for _ in range(2):
        bring(project, "x.jsonl", lines(MIGRATED))

    votes = Annotation.votes.order_by("pk").values_list(
        "annotator__username", "annotator__is_active", "labels", "seconds", "reason"
    )
    assert list(votes) == [
        ("Jane_Doe", False, ["x"], 2.5, "import"),
        ("tom", False, ["y"], None, "import"),
    ]
    settle.settle_project(project.pk)
    assert Item.objects.get().state == Item.State.DISPUTED
    assert queries.progress(project).votes == 2


def test_past_votes_never_use_a_strangers_account() -> None:
    stranger = make.user("tom")
    project = make.project()

    bring(project, "x.jsonl", lines(MIGRATED))

    assert not stranger.annotations.exists()
    assert Annotation.votes.filter(annotator__username=f"tom@{project.slug}").exists()


@pytest.mark.django_db(transaction=True)
def test_past_votes_of_one_name_come_into_two_projects_at_the_same_moment() -> None:
    projects = [make.project(), make.project()]
    both_create = Barrier(2, timeout=5)

    @make.threaded
    def send(project: Project) -> ImportRun:
        names = iter(["Jane Doe"])

        def meet(execute: Any, sql: str, *others: Any) -> Any:
            if sql.startswith('INSERT INTO "labeling_user"') and next(names, None):
                both_create.wait()
            return execute(sql, *others)

        with connection.execute_wrapper(meet):
            return bring(project, "x.jsonl", lines(MIGRATED))

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(send, projects))

    assert [(run.job.state, run.created) for run in runs] == [("done", 1)] * 2
    assert Annotation.votes.values("annotator").distinct().count() == 4


@pytest.mark.parametrize(
    "votes",
    [
        "nonsense",
        7,
        [7],
        [{"label": "x"}],
        [{"annotator": "a", "label": "unknown"}],
        [{"annotator": "a"}],
        [{"annotator": "a", "label": "x"}, {"annotator": "a", "label": "y"}],
        [{"annotator": "a", "label": "x", "seconds": "NaN"}],
        [{"annotator": "a", "label": "x", "created_at": "yesterday"}],
    ],
)
def test_a_row_with_votes_that_cannot_be_kept_is_named(votes: object) -> None:
    project = make.project()

    run = bring(
        project,
        "x.jsonl",
        lines({"id": "a", "text": "one", "votes": votes}, {"id": "b", "text": "two"}),
    )

    assert (run.created, run.rejected) == (1, 1)
    assert run.errors[0]["row"] == 1
