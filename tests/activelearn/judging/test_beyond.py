"""K11: no verdict and no figure of all items hangs on what is held out for a label."""

from __future__ import annotations

import pytest

from activelearn.models import ModelVersion
from activelearn.services.features import store
from activelearn.services.judging import judgments
from activelearn.services.labels import calibrations, coverage
from activelearn.services.ordering import ranking
from activelearn.services.training import dry_run, triggers
from labeling.models import BeyondSample, Item, Project, Resolution
from tests import make
from tests.activelearn.test_loop import versions

pytestmark = pytest.mark.django_db


def held_for_label(project: Project, count: int) -> tuple[str, list[int]]:
    """Have some items of the commonest label be held out for it beyond the draw."""
    labels = Resolution.objects.filter(
        project=project, item__split="evaluation", superseded_at=None
    )
    names = [label for (label,) in labels.values_list("labels", flat=True)]
    label = max(sorted(set(names)), key=names.count)
    own = labels.filter(labels=[label]).values("item")
    items = Item.objects.filter(pk__in=own).order_by("pk")[:count]
    BeyondSample.objects.create(
        project=project,
        label_set_id=project.label_set_pk,
        label=label,
        groups=[item.group_key for item in items],
        held_out=count,
        of=2 * count,
    )
    return label, [item.pk for item in items]


def judged(version: ModelVersion) -> judgments.Judgment:
    return judgments.judge(version, store.load(version.project))


def test_k11_what_is_held_out_for_a_label_counts_in_its_recall_and_nowhere_else() -> (
    None
):
    project, (version,) = versions(1)
    before = judged(version)
    pairs = zip(before.truth, before.predicted, strict=True)
    answers = dict(zip(before.items, pairs, strict=True))
    names = [names[0] for names in before.truth]

    label, items = held_for_label(project, 4)
    after = judged(version)

    assert set(after.items) == set(before.items) - set(items)
    assert after.comparison.n == before.comparison.n - 4
    assert before.report is not None
    assert after.report is not None
    figures = after.report.figures
    assert figures.summary.items == len(after.items)
    hits = [answers[pk][0] == answers[pk][1] for pk in after.items]
    assert figures.summary.accuracy.value == sum(hits) / len(hits)
    (row,) = (row for row in figures.labels if row.label == label)
    assert (row.support, row.beyond) == (names.count(label), 4)
    (all_of_it,) = (r for r in before.report.figures.labels if r.label == label)
    assert row.recall.value == all_of_it.recall.value


def test_k11_the_gate_looks_at_a_label_with_what_is_held_out_for_it() -> None:
    project, (_, second) = versions(2)
    before = judged(second)
    label, _ = held_for_label(project, 4)

    after = judged(second)

    assert before.report is not None
    assert after.report is not None
    parts_of = [
        {part.name: part.items for part in report.parts if part.kind == "label"}
        for report in (before.report, after.report)
    ]
    assert parts_of[0][label] == parts_of[1][label]
    assert after.comparison.n == before.comparison.n - 4


def test_k11_neither_a_calibration_nor_a_wait_is_of_such_items() -> None:
    project, (version,) = versions(1)
    ModelVersion.objects.filter(pk=version.pk).update(stage="waiting")
    table = store.load(project)
    held = Item.objects.filter(project=project).evaluation()
    settled = ranking.material_of(project).settled
    wait = triggers.wait_of(project)
    dry = dry_run.dry_run(project)

    _, items = held_for_label(project, 4)

    material = calibrations.take(version.snapshot, table)
    assert set(material.labels).isdisjoint(items)
    assert ranking.material_of(project).settled == settled - 4
    assert wait is not None
    later = triggers.wait_of(project)
    assert later is not None
    assert later.label_count == wait.label_count - 4
    assert later.items == wait.items - 4
    assert dry_run.dry_run(project).held_out == dry.held_out - 4
    counts = coverage.coverage_of(project)
    assert (counts.beyond, counts.items) == (4, held.count())
    assert counts.labeled + counts.beyond + counts.waiting == counts.items


def test_k11_page_and_api_say_how_many_are_held_out_for_a_label() -> None:
    project, (version,) = versions(1)
    label, _ = held_for_label(project, 4)
    judgment = judged(version)
    judgments.evaluate(version, judgment)
    call = make.Caller(make.manager_of(project).user)

    counts = call("get", f"projects/{project.slug}/coverage/").json()
    figures = call("get", f"projects/{project.slug}/models/1/evaluation/").json()
    call.client.force_login(call.who)
    page = call.client.get(f"/projects/{project.slug}/models/").content.decode()

    assert counts["beyond"] == 4
    labels = {row["label"]: row["beyond"] for row in figures["figures"]["labels"]}
    assert labels.pop(label) == 4
    assert not any(labels.values())
    assert "4 beyond the draw" in page
