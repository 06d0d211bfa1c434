"""The pool is scored anew when a person asks for it: on the page, by a program, in the admin."""

from __future__ import annotations

import pytest
from django.test import Client

from activelearn.models import ScoringRun
from activelearn.services.predictions import scoring
from activelearn.services.training import triggers
from activelearn.services.versions import registry
from labeling.models import Job, Prediction, Project, User
from labeling.services.work import jobs
from labeling.services.work.progress import Cancelled
from tests import make
from tests.activelearn.test_loop import one_more_label, versions, work
from tests.doubles import watched

pytestmark = pytest.mark.django_db


def served() -> Project:
    """Return a project whose pool was scored by what serves."""
    project, (version,) = versions(1)
    registry.promote(version, None)
    work(project)
    return project


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def admin() -> User:
    return User.objects.create_superuser(f"root{User.objects.count()}", password="pw")


def test_the_pool_is_scored_anew_once_for_two_who_ask() -> None:
    project = served()
    before = ScoringRun.objects.count()
    Prediction.objects.filter(project=project).delete()
    call = make.Caller(make.manager_of(project).user)
    address = f"projects/{project.slug}/scores/"

    first, second = (call("post", address, {}) for _ in range(2))

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert first.json()["url"] == (
        f"/api/projects/{project.slug}/jobs/{first.json()['id']}/"
    )
    work(project)
    assert ScoringRun.objects.count() == before + 1
    assert Prediction.objects.filter(project=project).exists()
    page = client_of(make.manager_of(project).user).get(
        f"/projects/{project.slug}/models/"
    )
    assert "has scored" in page.content.decode()


def test_a_pass_that_is_cancelled_leaves_the_scores_as_they_were() -> None:
    project = served()
    scores = list(Prediction.objects.order_by("item").values_list("item", "confidence"))
    job = scoring.request(project, make.manager_of(project).user)
    progress = watched(jobs.claim(job.pk), cancel_at=1)

    with pytest.raises(Cancelled):
        scoring.run(progress)

    kept = Prediction.objects.order_by("item").values_list("item", "confidence")
    assert list(kept) == scores


def test_without_a_model_there_is_nothing_to_score() -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)

    answer = call("post", f"projects/{project.slug}/scores/", {})

    assert answer.status_code == 409
    assert not Job.objects.filter(kind="learn.score").exists()


def test_only_engineers_of_the_project_have_it_scored_or_stop_a_job() -> None:
    project = served()
    waiting = scoring.request(project, make.manager_of(project).user)
    annotator, stranger = make.member(project).user, make.user()
    elsewhere = make.manager_of(make.project()).user
    paths = ("scores/", f"jobs/{waiting.pk}/cancel/")

    refused = [
        make.Caller(who)("post", f"projects/{project.slug}/{path}", {}).status_code
        for who in (annotator, stranger, elsewhere)
        for path in paths
    ]

    assert refused == [403, 403, 404, 404, 404, 404]
    waiting.refresh_from_db()
    assert waiting.state == Job.State.QUEUED


def test_a_job_is_stopped_by_a_program_and_on_the_models_page() -> None:
    project = served()
    manager = make.manager_of(project).user
    one_more_label(project)
    run, _ = triggers.request(project, manager, "")
    # From the page of another project it is not reached.
    other = make.project()
    form = {"action": "cancel", "job": run.job_id}
    client_of(make.manager_of(other).user).post(f"/projects/{other.slug}/models/", form)
    run.job.refresh_from_db()
    assert run.job.state == Job.State.QUEUED

    client_of(manager).post(f"/projects/{project.slug}/models/", form)
    score = scoring.request(project, manager)
    answer = make.Caller(manager)(
        "post", f"projects/{project.slug}/jobs/{score.pk}/cancel/", {}
    )

    run.job.refresh_from_db()
    assert run.job.state == Job.State.CANCELLED
    assert answer.json()["state"] == "cancelled"


def test_an_admin_scores_and_stops_and_staff_without_the_right_do_not() -> None:
    project = served()
    one_more_label(project)
    run, _ = triggers.request(project, None, "by hand")
    staff = User.objects.create_user("staff", password="pw", is_staff=True)
    score = f"/admin/labeling/project/{project.pk}/press/"
    stop = f"/admin/activelearn/trainingrun/{run.pk}/press/"

    for who in (staff, make.manager_of(project).user):
        client_of(who).post(score, {"button": "score"})
        client_of(who).post(stop, {"button": "cancel"})
    assert not Job.objects.filter(kind="learn.score", state="queued").exists()
    client = client_of(admin())
    client.post(score, {"button": "score"})
    client.post(stop, {"button": "cancel"})

    assert Job.objects.filter(kind="learn.score", state="queued").count() == 1
    run.job.refresh_from_db()
    assert run.job.state == Job.State.CANCELLED
