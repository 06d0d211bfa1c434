"""Names, figures and facts are for those who need them (attacks-2: 25, 27, 33; S40, S41)."""

from __future__ import annotations

import logging

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from config.logs import OneLine
from labeling.models import ApiToken, Project
from labeling.services.projects import policy
from tests import make
from tests.test_pages import browser

pytestmark = pytest.mark.django_db
OUTSIDE = "192.0.2.1"


def test_attack_25_metrics_are_read_by_a_token_of_the_staff() -> None:
    staff, other = make.user(), make.user()
    staff.is_staff = True
    staff.save()

    def status(key: str) -> int:
        headers = {"Authorization": f"Token {key}"}
        return Client(headers=headers).get("/metrics", REMOTE_ADDR=OUTSIDE).status_code

    assert status(ApiToken.issue(staff)) == 200
    assert status(ApiToken.issue(other)) == 401
    assert status("wrong") == 401
    assert Client().get("/metrics", REMOTE_ADDR=OUTSIDE).status_code == 401
    assert browser(staff).get("/metrics", REMOTE_ADDR=OUTSIDE).status_code == 200


@pytest.mark.parametrize(
    ("address", "headers", "proxies", "status"),
    [
        ("127.0.0.1", {}, 0, 200),
        ("::1", {}, 0, 200),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 0, 401),
        ("127.0.0.1", {}, 1, 401),
        ("192.0.2.1", {}, 0, 401),
        ("", {}, 0, 401),
    ],
)
def test_attack_25_metrics_are_read_on_this_machine_and_not_through_a_proxy(
    address: str, headers: dict[str, str], proxies: int, status: int, settings: Settings
) -> None:
    settings.PROXIES = proxies

    answer = Client(headers=headers).get("/metrics", REMOTE_ADDR=address)

    assert answer.status_code == status


def test_attack_27_no_project_is_called_as_a_page_of_ours() -> None:
    call = make.Caller(make.user(manager=True))
    body = {
        "name": "New",
        "data_type": "text",
        "labels": [{"name": "a"}, {"name": "b"}],
    }

    assert call("post", "projects/", {**body, "slug": "new"}).status_code == 409
    assert call("post", "projects/", body).json()["slug"] == "new-2"
    assert not Project.objects.filter(slug="new").exists()


def test_attack_33_annotators_read_neither_colleagues_nor_how_they_are_checked() -> (
    None
):
    project = make.project()
    who = make.member(project, quota=7)
    path = f"projects/{project.slug}/"

    seen = make.Caller(who.user)("get", path).json()
    rows = make.Caller(who.user)("get", f"{path}members/").json()["results"]

    assert not policy.settings().keys() & seen.keys()
    assert [row["user"] for row in rows] == [who.user.username]
    boss = make.Caller(make.manager_of(project).user)
    assert policy.settings().keys() <= boss("get", path).json().keys()
    assert len(boss("get", f"{path}members/").json()["results"]) == 2
    expert = make.Caller(make.member(project, "expert").user)
    assert policy.settings().keys() <= expert("get", path).json().keys()
    assert len(expert("get", f"{path}members/").json()["results"]) == 1


def test_s41_an_answer_names_its_request_and_so_do_its_problem_and_the_log(
    settings: Settings,
) -> None:
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            OneLine().filter(record)
            lines.append(str(vars(record)["request_id"]))

    logger, handler = logging.getLogger("django.request"), Kept()
    logger.addHandler(handler)
    try:
        own = Client().get("/api/projects/")
        given = Client(headers={"X-Request-ID": "of-the-proxy.1"}).get("/api/projects/")
        forged = Client(headers={"X-Request-ID": "x y"}).get("/api/projects/")
    finally:
        logger.removeHandler(handler)

    assert given.headers["X-Request-ID"] == "of-the-proxy.1"
    assert len({answer.headers["X-Request-ID"] for answer in (own, given, forged)}) == 3
    assert forged.headers["X-Request-ID"] != "x y"
    for answer in (own, given, forged):
        assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/api/nowhere/", 404),
        ("get", "/api/projects/a b/", 404),
        ("post", "/api/projects/x/models/1/nothing/", 404),
        ("delete", "/api/projects/", 405),
    ],
)
def test_s41_every_error_of_the_api_is_a_problem(
    method: str, path: str, status: int
) -> None:
    headers = {"Authorization": f"Token {ApiToken.issue(make.user())}"}

    answer = getattr(Client(headers=headers), method)(path)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_s41_a_host_that_is_not_ours_and_a_missing_csrf_token_are_problems(
    settings: Settings,
) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client(enforce_csrf_checks=True)
    client.force_login(make.user())

    host = client.get("/api/projects/", headers={"Host": "evil.example"})
    token = client.post("/api/projects/", {}, "application/json")
    language = client.post("/language/", {"language": "de"})

    assert (host.status_code, token.status_code) == (400, 403)
    for answer in (host, token):
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["request_id"]
    assert language.headers["Content-Type"].startswith("text/html")


def test_s41_what_breaks_is_a_problem_without_a_word_about_our_insides(
    settings: Settings,
) -> None:
    settings.ROOT_URLCONF = "tests.attacks.broken"
    client = Client(raise_request_exception=False)

    call, page = client.get("/api/broken/"), client.get("/broken/")

    assert call.status_code == page.status_code == 500
    assert call.json()["code"] == "failed"
    assert call.json()["request_id"] == call.headers["X-Request-ID"]
    assert page.headers["X-Request-ID"] in page.content.decode()
    for answer in (call, page):
        assert b"secret" not in answer.content
        assert b"Traceback" not in answer.content


def test_attack_19_a_filter_of_the_admin_with_nul_is_a_bad_request() -> None:
    boss = make.user()
    boss.is_staff = boss.is_superuser = True
    boss.save()
    client = browser(boss)
    client.raise_request_exception = False

    assert client.get("/admin/labeling/job/?state=%00").status_code == 400
    assert client.get("/admin/labeling/job/?state=done").status_code == 200
