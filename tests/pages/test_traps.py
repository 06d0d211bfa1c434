"""What once misled people: settings without effect, a run that was joined, a gate's no."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client

from activelearn.models import ModelVersion, TrainingRun
from activelearn.services.training import triggers
from activelearn.services.versions import registry
from labeling.models import Job, Project, ProjectCounter
from labeling.services.projects import effects, policy
from labeling.services.transfer import importing
from labeling.services.work import waiting
from tests import make
from tests.activelearn.test_loop import versions, work
from tests.pages.html import flat
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def page(client: Client, project: Project, name: str = "") -> str:
    return flat(client.get(f"/projects/{project.slug}/{name}").content)


def test_ux_2_friction_12_assistance_that_nobody_can_see_is_said_and_not_offered() -> (
    None
):
    project = make.project(suggestion_mode="assist", overlap=2)
    client = browser(make.manager_of(project).user)

    assert "never shown: every item wants 2 votes" in page(client, project, "settings/")
    assert "Here every item wants several votes" in page(client, project, "grid/")
    station = page(client, project, "label/")
    assert "/grid/" not in station
    assert 'data-do="words"' not in station

    policy.change(project, {"overlap_share": 0.5})
    project.refresh_from_db()
    assert effects.without_effect(project) == []
    assert "/grid/" in page(client, project, "label/")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"model_votes": True, "settled_by": "share"}, "does not count as a vote"),
        ({"overlap_share": 0.4}, "no item may get more than one"),
        ({"least_skill": 0.8}, "no gold questions are asked"),
        ({"evaluation_share": 0, "evaluation_votes": 3}, "no imported item is held"),
        ({"suggestion_mode": "reveal_after", "overlap": 3}, "wants 3 votes"),
    ],
)
def test_a_setting_that_another_one_makes_idle_is_named(
    values: dict[str, Any], why: str
) -> None:
    (said,) = effects.without_effect(make.project(**values))

    assert why in str(said)


def test_ux_2_friction_10_retrain_now_says_what_it_joined_and_what_is_before_it() -> (
    None
):
    project, other = make.project(), make.project()
    boss = make.manager_of(project).user
    client, path = browser(boss), f"/projects/{project.slug}/models/"
    triggers.request(other, None, "earlier")

    def retrain(why: str) -> str:
        answer = client.post(path, {"action": "train", "reason": why}, follow=True)
        return flat(answer.content)

    first = retrain("new labels")
    run = TrainingRun.objects.get(project=project)
    assert f"Run #{run.pk} is asked for. 1 other job is before it" in first
    assert f"This joins run #{run.pk}" in retrain("a new guideline")

    log = Job.objects.get(pk=run.job_id).log
    assert f"{boss.username} joins: a new guideline" in page(
        client, project, f"jobs/{run.job_id}/"
    )
    assert len(log) == 1


def test_ux_2_friction_11_a_run_is_due_never_at_a_number_of_the_past() -> None:
    project = make.project(retrain_first=2)
    ProjectCounter.add(project.pk, confident=3)
    client = browser(make.manager_of(project).user)

    shown = page(client, project, "models/")
    assert "3 new confident labels and corrections (2 start a run)" in shown
    assert '<span class="chip good">due</span>' in shown


def test_ux_2_friction_9_what_the_gate_refused_serves_only_with_a_reason() -> None:
    project, (version,) = versions(1)
    ModelVersion.objects.filter(pk=version.pk).update(stage="rejected")
    client, path = (
        browser(make.manager_of(project).user),
        f"/projects/{project.slug}/models/",
    )

    assert "The gate said no." in page(client, project, "models/1/promote/")
    form = {"action": "promote", "number": "1", "reason": " "}
    refused = client.post(path, form)
    assert refused.status_code == 409
    assert "say why" in flat(refused.content)
    assert registry.champion(project) is None
    client.post(path, form | {"reason": "the only one there is"})

    champion = registry.champion(project)
    assert champion is not None
    assert champion.promotions.latest("pk").why == "the only one there is"


def test_ux_2_friction_16_an_import_that_used_nothing_is_not_green() -> None:
    project = make.project(data_type="table")
    boss = make.manager_of(project).user
    client = browser(boss)

    def import_(body: bytes) -> str:
        upload = importing.stage(project, boss, "rows.csv", io.BytesIO(body))
        importing.start(upload, boss, {}, {})
        work(project)
        return page(client, project, "import/")

    assert "Nothing imported" not in import_(b"a,b\n1,2\n")
    assert 'class="chip gold">Nothing imported' in import_(b"a,b\n1,2\n")
    assert waiting.ahead_of(Job.objects.latest("pk")).jobs == 0
