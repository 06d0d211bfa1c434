"""What is private stays so: headers, cookies, lines of the log (attacks-2: 22, 23, 24)."""

from __future__ import annotations

import logging
import os
import secrets
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from config import home
from config.logs import OneLine
from tests import make
from tests.running.machine import ROOT
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def test_attack_22_pages_and_calls_are_kept_nowhere_and_get_no_devices() -> None:
    project = make.project()
    boss = make.manager_of(project).user
    call = make.Caller(boss)
    answers = [
        browser(boss).get("/"),
        browser(boss).get(f"/projects/{project.slug}/settings/"),
        browser(boss).get("/projects/nowhere/"),
        Client().get("/login/"),
        call("get", f"projects/{project.slug}/"),
        call("get", "projects/nowhere/"),
        call("post", f"projects/{project.slug}/queue/lease/", {"count": 1}),
    ]

    for answer in answers:
        assert "no-store" in answer.headers["Cache-Control"]
        assert "camera=()" in answer.headers["Permissions-Policy"]


@pytest.mark.parametrize(("path", "prefix"), [("", "__Host-"), ("/x/y", "__Secure-")])
def test_attack_22_cookies_are_for_this_host_alone_where_there_is_tls(
    path: str, prefix: str
) -> None:
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "LANGUAGE_COOKIE_NAME")
    asked = (
        f"from config import settings as s; print(*[getattr(s, n) for n in {names}])"
    )
    said = subprocess.run(
        [sys.executable, "-c", asked],
        env={
            **os.environ,
            "DATABASE_URL": "postgresql:///none",
            "SECRET_KEY": secrets.token_hex(25),
            "HTTPS": "1",
            "URL_PREFIX": path,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert said == [
        f"{prefix}{name}" for name in ("sessionid", "csrftoken", "django_language")
    ]


def test_attack_23_no_input_makes_a_line_of_the_log_of_its_own() -> None:
    formatter, one_line = logging.Formatter("%(levelname)s %(message)s"), OneLine()

    def line(message: str, fault: Any = None) -> str:
        record = logging.LogRecord("a", 30, "", 1, message, (), fault)
        one_line.filter(record)
        return formatter.format(record)

    assert line("PATCH /x\nFORGED\x1b[31m\u2028") == (
        "WARNING PATCH /x\\nFORGED\\x1b[31m\\u2028"
    )
    assert line("größer") == "WARNING größer"
    try:
        raise ValueError("bad\nWARNING forged")
    except ValueError:
        traced = line("x", sys.exc_info())
    assert all(part.startswith("  | ") for part in traced.split("\n")[1:])


def test_attack_24_a_new_members_password_travels_in_no_cookie() -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)
    path = f"/projects/{project.slug}/members/"

    form = {"action": "add", "user": "fresh", "role": "annotator", "create": "on"}
    answer = client.post(path, form)

    assert "messages" not in answer.cookies
    assert answer.status_code == 302
    assert "logs in with" in client.get(path).content.decode()


def test_k15_no_title_has_a_place_that_nobody_filled() -> None:
    project = make.project()
    boss = make.manager_of(project).user
    path = f"projects/{project.slug}/"
    call = make.Caller(boss)

    answers = [
        call("post", path + "predict/", {}, **{"Content-Type": "text/plain"}),
        call("put", path + "queue/lease/", {}),
    ]
    assert [answer.status_code for answer in answers][1] == 405
    for answer in answers:
        assert "{" not in answer.json()["title"]


@pytest.mark.parametrize("mode", [0o700, 0o711])
def test_a_home_of_an_earlier_release_is_closed(tmp_path: Path, mode: int) -> None:
    media, key, elsewhere = (tmp_path / n for n in ("h/media", "h/key", "elsewhere"))
    for folder in (media, elsewhere):
        folder.mkdir(parents=True)
    key.write_text("x")
    (tmp_path / "h" / "link").symlink_to(elsewhere)
    for path, before in ((media, 0o755), (key, 0o644), (elsewhere, 0o755)):
        path.chmod(before)

    home.close(tmp_path / "h", is_passed=mode == 0o711)

    paths = (tmp_path / "h", media, key, elsewhere)
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [
        *(mode, 0o700, 0o600, 0o755)
    ]
