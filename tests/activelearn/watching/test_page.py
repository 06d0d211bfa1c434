"""The watch as people and programs see it."""

from __future__ import annotations

import pytest

from activelearn.models import ModelVersion
from labeling.models import Project
from tests import make
from tests.activelearn.watching.written import windows
from tests.test_list_queries import trained
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def watched() -> Project:
    """A project in which a version serves."""
    project = make.project()
    trained(project, 1)
    ModelVersion.objects.filter(project=project).update(stage="champion")
    return project


def page(project: Project, query: str = "") -> str:
    shown = browser(make.manager_of(project).user).get(
        f"/projects/{project.slug}/watch/{query}"
    )
    assert shown.status_code == 200
    return shown.content.decode()


def test_before_any_window_the_page_says_what_it_takes() -> None:
    html = page(watched())

    assert "Nothing is known yet" in html
    assert "is judged when it has 1000 items" in html


def test_a_verdict_is_told_in_words_with_its_evidence_and_what_to_do() -> None:
    project = watched()
    windows(project, 3)

    html = page(project)

    assert "Something is wrong" in html
    assert "Other items than before" in html
    assert "Retrain: labels show that the model errs more often." in html
    assert "the model was wrong on 30 %" in html
    assert "AUC 0.80, p &lt; 0.0001" in html
    assert 'class="plot"' in html
    assert "As a table" in html


def test_the_windows_can_be_leafed_through() -> None:
    project = watched()
    rows = windows(project, 25)

    assert page(project).count("/models/1/card/") == 20
    assert page(project, f"?before={rows[5].pk}").count("/models/1/card/") == 5


def test_the_light_is_that_of_the_worst_stream_of_what_serves() -> None:
    project = watched()
    windows(project, 1, light="green", kind="none")
    windows(project, 1, light="yellow", kind="prior", stream="items")
    windows(project, 1, light="red", model_number=7)
    call = make.Caller(make.member(project, "engineer").user)

    said = call("get", f"projects/{project.slug}/watch/").json()

    assert said["light"] == "yellow"
    assert [window["stream"] for window in said["newest"]] == ["items", "traffic"]
    assert said["newest"][0]["evidence"]["apart"]["auc"] == 0.8


def test_programs_page_through_the_windows_and_annotators_may_not() -> None:
    project = watched()
    rows = windows(project, 3)
    path = f"projects/{project.slug}/watch/windows/"
    call = make.Caller(make.member(project, "engineer").user)

    said = call("get", f"{path}?limit=2").json()

    assert [row["id"] for row in said["results"]] == [rows[2].pk, rows[1].pk]
    assert said["next"]
    other = make.Caller(make.member(project).user)
    assert other("get", path).status_code == 403


def test_one_page_shows_all_projects_that_a_person_may_watch() -> None:
    project, other = watched(), watched()
    windows(project, 1)
    stranger = make.user()
    make.member(project, "engineer", who=stranger)
    make.member(other, "annotator", who=stranger)

    html = browser(stranger).get("/watch/").content.decode()

    assert "Other items than before" in html
    assert project.name in html
    assert other.name not in html
