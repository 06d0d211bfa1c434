"""Settings that the learner reads are heard: the next order is made by them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from activelearn.services.ordering import ranking
from activelearn.services.versions import registry
from config.celery import app
from labeling.models import Job, PredictionSource, QueueEntry
from labeling.services.projects import policy
from labeling.services.transfer.outside import sources
from tests import make
from tests.activelearn.test_loop import versions, work
from tests.labeling.transfer.predicted import predicted

pytestmark = pytest.mark.django_db
Commits = Callable[..., Any]


@pytest.fixture
def bells() -> Iterator[None]:
    """Let each bell be answered where it rings."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


@pytest.mark.parametrize(
    ("changes", "is_heard"),
    [
        ({"suggestion_mode": "assist"}, True),
        ({"strategy": "entropy"}, True),
        ({"suggestion_mode": "blind"}, False),  # as it is already
        ({"name": "Another", "lease_minutes": 7}, False),
    ],
)
def test_an_order_is_requested_where_the_learner_reads_another_value(
    bells: None,
    django_capture_on_commit_callbacks: Commits,
    *,
    changes: dict[str, Any],
    is_heard: bool,
) -> None:
    project = make.project()
    with django_capture_on_commit_callbacks(execute=True):
        policy.change(project, changes)

    assert Job.objects.filter(kind="learn.rank").exists() is is_heard


def test_an_order_is_requested_where_predictions_come_from_outside_or_go(
    bells: None, django_capture_on_commit_callbacks: Commits
) -> None:
    project = make.project()
    row = {"id": make.item(project).external_id, "label": "x"}
    with django_capture_on_commit_callbacks(execute=True):
        predicted(project, row)
    orders = Job.objects.filter(kind="learn.rank")
    assert orders.count() == 1
    orders.delete()

    source = PredictionSource.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        sources.delete_source(project, source.pk)

    assert orders.count() == 1


def test_suggestions_that_are_switched_on_are_there_without_another_label(
    bells: None, django_capture_on_commit_callbacks: Commits
) -> None:
    project, (first,) = versions(1)
    registry.promote(first, None)
    work(project)
    ranking.rank(project)
    assert not QueueEntry.objects.exclude(suggestion=None).exists()

    with django_capture_on_commit_callbacks(execute=True):
        policy.change(project, {"suggestion_mode": "assist"})
    work(project)

    assert QueueEntry.objects.exclude(suggestion=None).exists()
