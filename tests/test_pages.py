"""Pages: there for members, absent for others, nothing inline."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.templatetags.static import static
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from activelearn.models import ModelVersion
from labeling.models import Assignment, Project, QueueEntry, User
from labeling.services.projects import policy
from tests import make
from tests.activelearn.test_loop import versions

pytestmark = pytest.mark.django_db

PAGES = (
    *(
        "",
        "label/",
        "import/",
        "export/",
        "members/",
        "disagreements/",
        "models/",
        "models/online/",
    ),
    "watch/",
    "watch/alarms/",
    *(
        "items/",
        "predictions/",
        "agreement/",
        "jobs/",
        "guideline/",
        "labels/",
        "settings/",
        "settings/delete/",
        "items/delete/?all=yes",
        "automation/",
        "my-work/",
        "reviews/",
        "webhooks/",
        "feedback/",
        "predict/",
    ),
)


def browser(who: User) -> Client:
    client = Client()
    client.force_login(who)
    return client


@pytest.mark.parametrize("page", PAGES)
def test_a_manager_sees_every_page_with_nothing_inline(page: str) -> None:
    project = make.project()
    make.item(project)

    shown = browser(make.manager_of(project).user).get(
        f"/projects/{project.slug}/{page}"
    )

    html = shown.content.decode()
    assert shown.status_code == 200
    assert "unsafe" not in shown.headers["Content-Security-Policy"]
    assert not re.search(r"<style|\sstyle=|\son\w+=", html)
    scripts = re.findall(r"<script[^>]*>", html)
    assert all("src=" in script or "application/json" in script for script in scripts)


@pytest.mark.parametrize("page", PAGES)
def test_strangers_get_404_and_visitors_the_login(page: str) -> None:
    path = f"/projects/{make.project().slug}/{page}"

    assert browser(make.user()).get(path).status_code == 404
    assert Client().get(path).headers["Location"].startswith("/login/")


def test_a_browser_finds_the_icon_where_a_page_names_none() -> None:
    answer = Client().get("/favicon.ico")

    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        static("favicon.svg"),
    )


def test_a_project_is_created_by_form_and_a_wrong_one_explained() -> None:
    client = browser(make.user(manager=True))
    form = {"name": "News", "data_type": "text", "labels": "a | 1 | first\nb"}

    assert (
        client.post("/projects/new/", form).headers["Location"]
        == "/projects/news/import/"
    )
    wrong = client.post("/projects/new/", {**form, "labels": "a"})
    assert wrong.status_code == 400
    assert "With one label" in wrong.content.decode()


def test_the_form_of_a_new_project_offers_what_the_model_declares() -> None:
    shown = browser(make.user(manager=True)).get("/projects/new/").content.decode()
    declared = [*Project.DataType.choices, *Project.TaskType.choices]

    offered = re.findall(r'<option value="(\w+)" *>([^<]+)</option>', shown)
    assert offered == [(value, str(words)) for value, words in declared]


def test_what_is_not_typed_of_a_new_project_is_as_the_settings_are_declared() -> None:
    client = browser(make.user(manager=True))
    form = {"name": "News", "data_type": "text", "labels": "a\nb"}
    declared = {
        name: setting.field.get_default() for name, setting in policy.settings().items()
    }

    shown = client.get("/projects/new/").content.decode()
    client.post("/projects/new/", {**form, "evaluation_percent": ""})
    client.post("/projects/new/", {**form, "name": "B", "evaluation_percent": "0"})

    share = f"{declared['evaluation_share']:.0%}".rstrip("%")
    for name in ("overlap", "retrain_first"):
        assert re.search(rf'name="{name}"[^>]*value="{declared[name]}"', shown)
    assert re.search(rf'name="evaluation_percent"[^>]*value="{share}"', shown)
    assert policy.values_of(Project.objects.get(slug="news")) == declared
    assert Project.objects.get(slug="b").evaluation_share == 0


def test_s09_markup_in_names_guidelines_and_items_stays_text() -> None:
    hostile = "<img src=x onerror=alert(1)>"
    project = make.project(labels=(hostile, "y"))
    client = browser(make.manager_of(project).user)

    for page in PAGES:
        html = client.get(f"/projects/{project.slug}/{page}").content.decode()
        assert hostile not in html


def test_the_engineer_rolls_back_in_the_admin() -> None:
    _, (first, second) = versions(2)
    for project in (first, second):
        project.refresh_from_db()
    boss = User.objects.create_superuser("boss")
    client = browser(boss)
    for number in (first.pk, second.pk):
        page = f"/admin/activelearn/modelversion/{number}/"
        assert client.get(f"{page}change/").status_code == 200
        client.post(f"{page}press/", {"button": "promote"})

    client.post(
        f"/admin/activelearn/modelversion/{second.pk}/press/", {"button": "rollback"}
    )

    assert ModelVersion.objects.get(stage="champion") == first


def test_the_home_page_asks_the_same_few_questions_for_any_number_of_projects(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    manager = make.user(manager=True)
    client = browser(manager)
    for _ in range(2):
        make.item(make.project(manager=manager))
    with CaptureQueriesContext(connection) as few:
        client.get("/")
    for _ in range(5):
        make.item(make.project(manager=manager))

    with django_assert_num_queries(len(few)):
        assert client.get("/").content.count(b'class="project"') == 7


def test_a_made_up_upload_is_refused_in_words() -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)

    for name in ("x", "", "123", "0" * 5000):
        shown = client.post(f"/projects/{project.slug}/import/", {"upload": name})

        assert shown.status_code == 400
        assert b"not the name of a file" in shown.content


def test_a_form_without_its_token_is_refused_in_words() -> None:
    strict = Client(enforce_csrf_checks=True)

    shown = strict.post("/join/", {"code": "x"})

    assert shown.status_code == 403
    assert b"load the page anew" in shown.content


@pytest.mark.parametrize("role", ["annotator", "expert", "engineer", "manager"])
def test_the_command_palette_lists_only_pages_that_open(role: str) -> None:
    member = make.member(make.project(), role)
    client = browser(member.user)

    html = client.get(f"/projects/{member.project.slug}/label/").content.decode()
    links = re.findall(r'href="([^"]+)"', html[html.index('id="palette"') :])

    assert len(links) > 4
    assert {client.get(link).status_code for link in links} == {200}


@pytest.mark.parametrize(
    ("text", "is_drawn"),
    [
        ("a <b>text</b>", True),
        ("\n two lines\nand three", True),
        ("a line end\r\nof Windows", False),
        ("long " * 5000, False),
    ],
)
def test_the_station_comes_with_the_first_item(text: str, *, is_drawn: bool) -> None:
    project = make.project()
    make.ranked(project, [make.item(project, data={"text": text})])
    member = make.member(project)
    path = f"/projects/{project.slug}/label/"

    shown = browser(member.user).get(path)

    drawn = f'<article dir="auto">{escape(text)}</article>'
    assert (drawn in shown.content.decode()) is is_drawn
    assert Assignment.objects.get().annotator == member.user
    assert "no-store" in shown.headers["Cache-Control"]


def test_a_page_fetched_ahead_lends_nothing() -> None:
    project = make.project()
    make.ranked(project, make.items(project, 3))
    client = browser(make.member(project).user)

    shown = client.get(
        f"/projects/{project.slug}/label/",
        headers={"Sec-Purpose": "prefetch;prerender"},
    )

    assert shown.status_code == 200
    assert not Assignment.objects.exists()


def test_an_item_with_a_suggestion_is_left_to_the_script() -> None:
    project = make.project(suggestion_mode="assist")
    items = make.items(project, 1)
    make.ranked(project, items)
    make.suggestible(project, items)
    suggestion = {"label": "x", "confidence": 0.9}
    QueueEntry.objects.update(suggestion=suggestion)
    client = browser(make.member(project).user)

    html = client.get(f"/projects/{project.slug}/label/").content.decode()

    assert "<article" not in html
    assert Assignment.objects.get().suggestion == suggestion
