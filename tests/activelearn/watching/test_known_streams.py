"""Streams whose changes are known, through the API and by the measurement of the bench."""

from __future__ import annotations

import pytest
from django.utils import timezone

from activelearn.models import ModelVersion
from activelearn.services.training import triggers
from activelearn.services.versions import registry
from bench import drift, sets
from labeling.models import Project, Resolution
from labeling.services.votes import resolutions
from tests import make
from tests.activelearn.test_loop import work
from tests.activelearn.watching import streams

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        not sets.is_at_hand("drift_stagger_synthetic"), reason="no data at hand"
    ),
]

Line = dict[str, str]
COLUMNS = ("size", "color", "shape")


def row_of(line: Line) -> dict[str, str]:
    return {name: line[name] for name in COLUMNS}


def keep(project: Project, line: Line, split: str) -> None:
    """Add an item with the label that people give it."""
    item = make.item(project, data=row_of(line), split=split)
    resolution = Resolution(
        project=project,
        item=item,
        label_set=project.label_set,
        labels=[line["label"]],
        source=Resolution.Source.CONSENSUS,
        confidence=1.0,
        created_at=timezone.now(),
    )
    resolutions.record(resolution)
    type(item).objects.filter(pk=item.pk).update(state="settled", votes_wanted=0)


@pytest.mark.django_db
def test_a_concept_that_changes_is_seen_within_a_hundred_labels_and_not_before() -> (
    None
):
    lines = sets.table("drift_stagger_synthetic", "stream")
    project = make.project(data_type="table", labels=("0", "1"), evaluation_rate=0.35)
    for number, line in enumerate(lines[:450]):
        keep(project, line, "pool" if number % 3 else "evaluation")
    triggers.request(project, None, "by hand")
    work(project)
    if registry.champion(project) is None:
        registry.promote(ModelVersion.objects.get(project=project), None)

    lights = []
    for start in range(450, 1150, 50):
        part = lines[start : start + 50]
        streams.ask(project, [row_of(line) for line in part])
        for line in part:
            keep(project, line, "evaluation")
        newest = streams.looked(project)[-1]
        lights.append((start + 50, newest.light, newest.kind))

    before = [light for end, light, _ in lights if end <= 1000]
    assert set(before) == {"green"}
    first = next(end for end, light, _ in lights if light == "red")
    assert first <= 1100
    assert {kind for _, light, kind in lights if light == "red"} == {"concept"}


def test_every_change_is_seen_and_nothing_where_there_is_none() -> None:
    figures = drift.rows("drift")

    assert [row["name"] for row in figures if not row["met"]] in (
        [],
        # The mildest change: the error rises by seven points.
        ["drift, items until seen: sea 5000"],
    )
    assert all("missed" not in row["detail"] for row in figures)
