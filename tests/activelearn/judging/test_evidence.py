"""What held-out items say of a model: stored, answered and shown with its intervals."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from activelearn.core.report import Report
from activelearn.models import LearningPolicy, ModelVersion
from activelearn.services.features import store
from activelearn.services.judging import judgments
from activelearn.services.versions.registry import report_of
from labeling.models import Annotation, Item, Membership, Project, Resolution
from tests import make
from tests.activelearn.test_loop import NAMES, versions

pytestmark = pytest.mark.django_db


def judged() -> tuple[Project, ModelVersion, Report]:
    project, (version,) = versions(1)
    return project, version, report_of(version.evaluation)


def test_an_evaluation_keeps_all_figures_that_its_answers_give() -> None:
    _, version, report = judged()

    evaluation = version.evaluation
    pairs = [(tuple(a), tuple(b)) for a, b in evaluation.pairs.values()]
    summary = report.figures.summary
    assert summary.items == evaluation.items == len(pairs) > 10
    assert summary.accuracy.value == sum(a == b for a, b in pairs) / len(pairs)
    assert summary.accuracy.low < summary.accuracy.value <= summary.accuracy.high
    counts = {(c.truth, c.predicted): c.items for c in report.figures.confusions}
    assert counts == {
        (a, b): pairs.count(((a,), (b,)))
        for a in NAMES
        for b in NAMES
        if ((a,), (b,)) in pairs
    }
    assert [(a == b) for a, b in pairs] == [
        now for _, now in evaluation.outcomes.values()
    ]
    assert report.training is not None
    assert report.training.items == version.snapshot.items


def voted(item_id: int, who: Membership, label: str) -> None:
    vote = Annotation.votes.filter(item=item_id)[0]
    vote.pk, vote.client_id, vote.assignment = None, uuid.uuid4(), None
    vote.annotator_id, vote.labels = who.user_id, [label]
    vote.save(force_insert=True)


def test_a_version_stands_beside_what_it_has_to_beat() -> None:
    project, version, _ = judged()
    labels = Resolution.objects.filter(item__split="evaluation").order_by("item")
    truth = dict(labels.values_list("item", "labels"))
    second, third = make.member(project), make.member(project)
    # Two say what is true, one is wrong on every fourth item.
    for place, (item, (name,)) in enumerate(truth.items()):
        voted(item, second, name)
        wrong = "c0" if name != "c0" else "c1"
        voted(item, third, wrong if place % 4 == 0 else name)

    judgment = judgments.judge(version, store.load(project))

    assert judgment.report is not None
    rows = {row.name: row.summary for row in judgment.report.baselines}
    assert set(rows) == {"majority", "nearest", "people", "people-others"}
    most = max([names[0] for names in truth.values()].count(name) for name in NAMES)
    assert rows["majority"].accuracy.value == most / len(truth)
    assert rows["majority"].balanced_accuracy.value == pytest.approx(
        1 / len({names[0] for names in truth.values()})
    )
    assert rows["nearest"].accuracy.value > 0.9
    # Where one is wrong, the others of each who is right are at a tie: left out.
    wrongs = len(range(0, len(truth), 4))
    votes = 3 * (len(truth) - wrongs) + wrongs
    assert rows["people"].items == votes
    assert rows["people"].accuracy.value == pytest.approx(1 - wrongs / votes)


def test_the_champion_before_is_a_baseline() -> None:
    _, (first, second) = versions(2)

    rows = {row.name: row.summary for row in report_of(second.evaluation).baselines}

    assert (
        rows["champion"].accuracy
        == report_of(first.evaluation).figures.summary.accuracy
    )


def test_people_are_held_against_an_expert_where_one_decided() -> None:
    project, version, _ = judged()
    labels = Resolution.objects.filter(item__split="evaluation", superseded_at=None)
    labels.filter(pk__in=labels[:5].values("pk")).update(source="expert")

    judgment = judgments.judge(version, store.load(project))

    assert judgment.report is not None
    rows = {row.name: row.summary for row in judgment.report.baselines}
    assert rows["people-experts"].items == 5
    assert rows["people-experts"].accuracy.value == 1
    assert {(s.kind, s.name) for s in judgment.report.slices} >= {
        ("source", "expert"),
        ("source", "consensus"),
    }


def test_the_figures_are_answered_with_their_intervals() -> None:
    project, version, report = judged()
    call = make.Caller(make.manager_of(project).user)

    answered = call("get", f"projects/{project.slug}/models/1/evaluation/")
    missing = call("get", f"projects/{project.slug}/models/2/evaluation/")

    body = answered.json()
    assert answered.status_code == 200
    assert (body["number"], body["verdict"]) == (1, version.evaluation.verdict)
    accuracy = report.figures.summary.accuracy
    assert body["figures"]["summary"]["accuracy"] == {
        "value": accuracy.value,
        "low": accuracy.low,
        "high": accuracy.high,
    }
    assert [row["label"] for row in body["figures"]["labels"]] == [
        row.label for row in report.figures.labels
    ]
    assert missing.status_code == 404


def test_the_page_shows_three_milestones_and_never_accuracy_alone() -> None:
    project, _, report = judged()
    LearningPolicy.objects.filter(project=project).update(aim=0.5)
    client = Client()
    client.force_login(make.manager_of(project).user)

    page = client.get(f"/projects/{project.slug}/models/").content.decode()

    assert page.count("Balanced accuracy") == page.count(">Accuracy<") >= 3
    for words in ("The training set", "Held-out items", "The aim of this project"):
        assert words in page
    assert "reached" in page
    accuracy = report.figures.summary.accuracy
    assert (
        f"{accuracy.value:.2f} "
        f'<small class="interval">{accuracy.low:.2f} to {accuracy.high:.2f}</small>'
    ) in page


@pytest.mark.parametrize("version", ["2", "x", "9999999999"])
def test_the_page_stays_where_the_address_names_no_version(version: str) -> None:
    project, _, _ = judged()
    client = Client()
    client.force_login(make.manager_of(project).user)

    page = client.get(f"/projects/{project.slug}/models/?version={version}")

    assert page.status_code == 200


def test_what_an_expert_calls_ambiguous_is_neither_right_nor_wrong() -> None:
    project, version, before = judged()
    table = store.load(project)
    labels = Resolution.objects.filter(item__split="evaluation").order_by("item")
    label = labels[0]
    label.is_ambiguous, label.soft_label = True, {"c0": 0.5, "c1": 0.5}
    label.save(update_fields=["is_ambiguous", "soft_label"])

    judgment = judgments.judge(version, table)

    assert judgment.report is not None
    figures = judgment.report.figures
    assert label.item_id not in judgment.items
    assert figures.summary.items == before.figures.summary.items - 1
    assert figures.undecided == 1
    assert figures.log_loss is not None
    assert before.figures.log_loss is not None
    # Half of it is a label that the model does not expect.
    assert figures.log_loss.value > before.figures.log_loss.value

    # C12: the gate counts groups and not their items.
    Item.objects.filter(split="evaluation").update(group_key="one")
    together = judgments.judge(version, table)

    assert together.comparison.better == judgment.comparison.better > 10
    assert len(together.comparison.terms.nets) == 1
    assert (judgment.verdict, together.verdict) == ("promote", "cannot tell")
