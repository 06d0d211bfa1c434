"""What is held out for a label is known for good, whoever writes at the same time."""

from __future__ import annotations

from collections import Counter
from importlib import import_module

import numpy as np
import pytest
from django.apps import apps

from activelearn.models import ModelVersion
from activelearn.services.training import triggers
from labeling.models import BeyondSample, ImportRun
from labeling.services.projects import label_sets
from labeling.services.transfer import beyond, importing, samples
from labeling.services.transfer.importing import Limits
from labeling.services.transfer.samples import LabeledGroup, LabelSample, Samples
from labeling.services.votes import resolutions, settle
from labeling.services.work import jobs
from tests import doubles, make
from tests.labeling.transfer.files import bring, lines, start
from tests.labeling.transfer.test_beyond import MISSED, bad, groups_of, rows, with_good
from tests.labeling.transfer.test_beyond_by_votes import hold_out, voted

pytestmark = pytest.mark.django_db


def test_what_comes_after_a_run_has_the_chance_of_what_was_there_before() -> None:
    rng = np.random.default_rng(0)
    times: Counter[str] = Counter()
    for draws in rng.random((4000, 10)):
        grouped = {
            f"g{n}": LabeledGroup(draw, draw < 0.1, items=1, labels={"bad"})
            for n, draw in enumerate(draws)
        }
        early = {key: grouped[key] for key in ("g0", "g1", "g2", "g3", "g4")}
        first = samples.drawn(early, ["bad"], room=10)
        if not first.groups:
            continue
        for key, group in early.items():
            group.is_free = False
            group.drawn_for = first.groups.get(key, frozenset())
            group.is_held_out = group.is_held_out or bool(group.drawn_for)

        later = samples.drawn(grouped, ["bad"], room=10, before=first)

        assert later.groups.keys() >= first.groups.keys()
        held = {key for key, group in grouped.items() if group.is_held_out}
        times.update(held | later.groups.keys() | {"all"})

    # Two of five at first: so each of the ten in two fifths of the cases.
    for number in range(10):
        assert times[f"g{number}"] / times["all"] == pytest.approx(0.4, abs=0.03)


def test_a_sample_of_ten_takes_no_more_groups() -> None:
    rng = np.random.default_rng(0)
    grouped = {
        f"g{n}": LabeledGroup(draw, is_held_out=False, items=1, labels={"bad"})
        for n, draw in enumerate(rng.random(500))
    }
    early = {key: grouped[key] for key in ("g0", "g1", "g2", "g3")}
    first = samples.drawn(early, ["bad"], room=10)
    for key in early.keys() - first.groups.keys():
        early[key].is_free = False

    later = samples.drawn(grouped, ["bad"], room=10, before=first)

    assert first.labels == {"bad": LabelSample(2, 4)}
    assert len(later.groups) == 10
    # At the chance of one half: of about twenty groups, and not of five hundred.
    assert later.labels["bad"].held_out == 10
    assert 12 < later.labels["bad"].of < 32
    assert samples.drawn(grouped, ["bad"], room=10, before=later) == later


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


def test_a_training_run_beside_an_import_learns_from_none_of_what_it_holds_out() -> (
    None
):
    project = with_good()
    bring(project, "x.jsonl", lines(*voted(*MISSED)))
    settle.settle_project(project.pk)
    coming = start(project, "y.jsonl", lines(*rows("good", *range(4))))
    run, _ = triggers.request(project, None, "to see")
    progress = doubles.interrupted(
        coming.job, after=2, then=lambda: jobs.run(run.job_id)
    )

    importing.run(progress, Limits(chunk_rows=2))

    (version,) = ModelVersion.objects.filter(project=project)
    held = beyond.items_of(project.pk)
    assert len(held) == 3
    assert not held.keys() & set(version.snapshot.item_ids or ())
    assert beyond.samples_of(project.pk) == {"bad": LabelSample(3, 12)}


def test_a_second_training_run_keeps_what_the_first_one_held_out() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*voted(*MISSED)))
    settle.settle_project(project.pk)
    first, _ = triggers.request(project, None, "to see")
    jobs.run(first.job_id)
    held = beyond.items_of(project.pk)
    more = lines(*rows("good", *range(200, 240)))
    bring(project, "y.jsonl", more, labels_are="gold")

    second, _ = triggers.request(project, None, "to see again")
    jobs.run(second.job_id)

    assert len(held) == 3
    assert beyond.items_of(project.pk) == held
    assert beyond.samples_of(project.pk) == {"bad": LabelSample(3, 12)}
    versions = ModelVersion.objects.filter(project=project)
    assert len(versions) == 2
    for version in versions:
        assert not held.keys() & set(version.snapshot.item_ids or ())


def test_a_run_that_was_cancelled_after_its_snapshot_takes_nothing_back() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*voted(*MISSED)))
    hold_out(project)
    # It had taken what it learns from, and had judged nothing yet.
    resolutions.take(project, "pool")

    assert hold_out(project) == Samples()
    assert groups_of(project) == {*MISSED[:3]}
    assert beyond.samples_of(project.pk) == {"bad": LabelSample(3, 12)}


def test_what_a_run_learns_from_makes_no_sample_smaller() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*bad(*MISSED)), labels_are="gold")
    resolutions.take(project, "pool")
    resolutions.take(project, "evaluation")

    bring(project, "y.jsonl", lines(*rows("good", 300)), labels_are="gold")

    assert groups_of(project) == {*MISSED[:3]}
    assert beyond.samples_of(project.pk) == {"bad": LabelSample(3, 12)}


def test_of_labels_that_became_one_nobody_knows_of_how_many_they_were_drawn() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*bad(*MISSED)), labels_are="gold")
    (row,) = BeyondSample.objects.all()
    row.pk, row.label = None, "good"
    row.save()

    label_sets.revise(
        project,
        make.manager_of(project).user,
        [label_sets.LabelDraft("poor"), label_sets.LabelDraft("new")],
        {"bad": "poor", "good": "poor"},
    )

    assert len(beyond.items_of(project.pk)) == 3
    assert beyond.samples_of(project.pk) == {}
    assert hold_out(project) == Samples()
    assert len(beyond.items_of(project.pk)) == 3


def test_what_imports_of_earlier_releases_kept_is_taken_over_and_back() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*bad(*MISSED)), labels_are="gold")
    before = beyond.items_of(project.pk), beyond.samples_of(project.pk)
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
    assert (beyond.items_of(project.pk), beyond.samples_of(project.pk)) == before
