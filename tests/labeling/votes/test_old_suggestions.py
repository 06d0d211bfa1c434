"""What an earlier release said of items with several labels was one label: it goes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection

from labeling.models import Prediction, Project, QueueEntry
from labeling.services.queue import order
from labeling.services.transfer import predictions
from tests import make

BEFORE = "0026_corrections"
TOLD = {"label": "x", "confidence": 0.9, "model": 1}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def forward() -> Iterator[None]:
    yield
    call_command("migrate", verbosity=0)


def told(task_type: str) -> Project:
    project = make.project(task_type=task_type)
    item = make.item(project)
    predictions.publish(project.pk, 1, [(item.pk, "x", 0.9)])
    order.swap(
        project.pk, [order.Entry(item.pk, 0, True, 0.0, "model", suggestion=TOLD)]
    )
    return project


@pytest.mark.soak  # migrates back and forth: twenty seconds
def test_c11_one_label_of_several_is_not_shown_any_more(forward: None) -> None:
    del forward
    single, multi = told("single"), told("multi")
    call_command("migrate", "labeling", BEFORE, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM labeling_prediction")
        assert cursor.fetchone() == (2,)

    call_command("migrate", verbosity=0)

    assert [row.names for row in Prediction.objects.all()] == [["x"]]
    assert Prediction.objects.get().project == single
    suggestions = dict(QueueEntry.objects.values_list("project", "suggestion"))
    assert suggestions == {single.pk: TOLD, multi.pk: None}
