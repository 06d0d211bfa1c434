"""What is held out for a label is known for good, whoever writes at the same time."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps

from labeling.models import BeyondSample, ImportRun
from labeling.services.transfer import beyond, importing
from labeling.services.transfer.importing import Limits
from labeling.services.transfer.samples import LabelSample
from tests import doubles
from tests.labeling.transfer.files import bring, lines, start
from tests.labeling.transfer.test_beyond import MISSED, bad, rows, with_good
from tests.labeling.transfer.test_beyond_by_votes import hold_out, voted

pytestmark = pytest.mark.django_db


def test_a_run_that_begins_while_a_file_comes_keeps_what_it_holds_out() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*voted(*MISSED)))
    coming = start(project, "y.jsonl", lines(*rows("good", *range(4))))
    progress = doubles.interrupted(coming.job, after=2, then=lambda: hold_out(project))

    importing.run(progress, Limits(chunk_rows=2))

    coming.refresh_from_db()
    assert coming.received == 4
    assert len(beyond.items_of(project.pk)) == 3
    assert beyond.samples_of(project.pk) == {"bad": LabelSample(3, 12)}


def test_what_imports_of_earlier_releases_kept_is_taken_over_and_back() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*bad(*MISSED)), labels_are="gold")
    items, samples = beyond.items_of(project.pk), beyond.samples_of(project.pk)
    move = import_module("labeling.migrations.0052_held_out_beyond")

    move.give_back(apps, None)
    BeyondSample.objects.all().delete()

    newest = ImportRun.objects.filter(project=project).order_by("pk").last()
    assert newest is not None
    assert newest.options[move.KEY]["labels"] == {"bad": [3, 12]}
    assert newest.options["labels_are"] == "gold"
    move.take_over(apps, None)
    newest.refresh_from_db()
    assert move.KEY not in newest.options
    assert beyond.items_of(project.pk) == items
    assert beyond.samples_of(project.pk) == samples
