"""When going on as it is leads no further, and what is left to try then."""

from __future__ import annotations

import pytest
from django.test import Client

from activelearn.models import Evaluation, LearningPolicy, ModelVersion, WindowTrial
from activelearn.services.training import ended
from labeling.models import AgreementReport, Project
from labeling.services.projects import policy
from tests import make
from tests.activelearn.judging.test_forecasts import kept, page
from tests.test_list_queries import trained

pytestmark = pytest.mark.django_db


def stuck(failed: int = 3, gain: float = 0.001) -> Project:
    """A project with a champion, versions that were no better, and a curve that is flat."""
    project = make.project(labels=("x", "y"))
    trained(project, failed + 1)
    champion = ModelVersion.objects.get(project=project, number=1)
    ModelVersion.objects.filter(pk=champion.pk).update(stage="champion")
    Evaluation.objects.filter(model__project=project, model__number__gt=1).update(
        champion=champion, verdict="not better"
    )
    kept(project, gain)
    return project


def of(project: Project) -> ended.Obsolescence | None:
    return ended.ended(project, LearningPolicy.of(project.pk))


def test_three_versions_that_were_no_better_and_a_flat_curve_say_it() -> None:
    over = of(stuck())

    assert over is not None
    assert over.failed == 3


def test_it_is_not_said_too_early() -> None:
    assert of(stuck(failed=2)) is None
    # As many labels again are expected to help.
    assert of(stuck(gain=0.03)) is None
    # Those that cannot tell yet have not failed.
    waiting = stuck()
    Evaluation.objects.filter(model__project=waiting, model__number=4).update(
        verdict="cannot tell"
    )
    assert of(waiting) is None
    # Nobody knows yet where more labels lead.
    assert of(make.project()) is None


def test_where_the_aim_is_reached_it_is_good_enough() -> None:
    project = stuck()
    policy.change(project, {"aim": 0.7, "aim_figure": "accuracy"})
    assert of(project) is None

    policy.change(project, {"aim": 0.9})
    assert of(project) is not None


def test_what_is_left_to_try_is_what_has_not_been_tried(client: Client) -> None:
    project = stuck()
    champion = Evaluation.objects.get(model__project=project, model__number=1)
    champion.report["figures"]["confusions"] += [
        {"truth": "x", "predicted": "y", "items": 2},
        {"truth": "y", "predicted": "x", "items": 5},
    ]
    champion.save()
    assert project.label_set is not None
    AgreementReport.objects.create(
        project=project,
        computed_at=champion.model.created_at,
        label_set=project.label_set,
        votes_hash="0" * 64,
        items=50,
        votes=100,
        krippendorff_alpha=0.41,
    )
    over = of(project)
    assert over is not None
    steps = [str(step) for step in over.left]

    assert any("Read the items in another way" in step for step in steps)
    assert any(step.startswith("Try windows") for step in steps)
    assert any("alpha is 0.41" in step for step in steps)
    assert any("Look at y and x" in step for step in steps)
    assert not any("doubtful" in step for step in steps)
    WindowTrial.objects.create(project=project, labels=10, days=1)
    shown = page(project, client)
    assert "the last 3 versions were no better than what serves" in shown
    assert "alpha is 0.41" in shown
    assert "Try windows:" not in shown
    call = make.Caller(make.manager_of(project).user)
    reply = call("GET", f"projects/{project.slug}/forecast/").json()
    assert reply["failed"] == 3
    assert "Look at y and x" in " ".join(reply["left"])
