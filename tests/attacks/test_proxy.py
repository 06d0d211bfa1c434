"""Debian's nginx with TLS, below a path, before two web processes."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from email.message import Message
from http.client import HTTPConnection
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.attacks.test_slow_requests import HALVES, opened
from tests.running.machine import Machine, free_port, open_folder, until

pytestmark = [
    pytest.mark.running,
    pytest.mark.soak,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not here"),
]
HOST = "label.example.com"
CONFIGURATION = """
daemon off;
pid {folder}/pid;
error_log {folder}/errors;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/bodies;
  proxy_temp_path {folder}/answers;
  client_header_timeout 5s;
  client_body_timeout 5s;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/certificate;
    ssl_certificate_key {folder}/key;
    client_max_body_size 5m;
    location /x/y/ {{
      proxy_pass http://127.0.0.1:{behind};
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-Proto $scheme;
    }}
  }}
}}
"""


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    with open_folder() as folder:
        started = Machine(
            folder / "home", ALLOWED_HOSTS=HOST, HTTPS="1", URL_PREFIX="/x/y"
        )
        try:
            started.launch()
            until(lambda: probe(started, "/readyz") == 200, seconds=240)
            yield started
        finally:
            started.kill_all()


def probe(machine: Machine, path: str) -> int:
    """Ask by address and without TLS, as whoever looks whether it lives."""
    link = HTTPConnection("127.0.0.1", machine.port, timeout=20)
    try:
        link.request("GET", path)
        return link.getresponse().status
    except OSError:
        return 0
    finally:
        link.close()


@pytest.fixture(scope="module")
def proxy(machine: Machine) -> Iterator[int]:
    """Run nginx; return its port."""
    folder, port = machine.home.parent, free_port()
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"),
            *("-keyout", folder / "key", "-out", folder / "certificate"),
        ],
        check=True,
        capture_output=True,
    )
    file = folder / "nginx.conf"
    file.write_text(CONFIGURATION.format(folder=folder, port=port, behind=machine.port))
    with subprocess.Popen(["nginx", "-c", file, "-p", folder]) as process:
        try:
            yield port
        finally:
            process.terminate()


class Answer(NamedTuple):
    status: int
    headers: Message
    text: str


class Person:
    """A browser's cookies, and calls through the proxy."""

    def __init__(self, port: int, trusted: Path) -> None:
        self.port = port
        self.cookies = CookieJar()
        context = ssl.create_default_context(cafile=str(trusted))
        context.check_hostname = False  # we come by the address
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(self.cookies),
            Stay(),
        )

    def ask(self, path: str, form: dict[str, str] | bytes | None = None) -> Answer:
        values = {cookie.name: cookie.value for cookie in self.cookies}
        token = values.get("__Secure-csrftoken")
        sent = urllib.parse.urlencode(form).encode() if isinstance(form, dict) else form
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}",
            data=sent,
            headers={
                "Host": HOST,
                "Origin": f"https://{HOST}",
                "X-CSRFToken": str(token),
                "Content-Type": "application/json"
                if isinstance(form, bytes)
                else "application/x-www-form-urlencoded",
            },
        )
        try:
            answer = self.opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return Answer(answer.status, answer.headers, answer.read().decode())


class Stay(urllib.request.HTTPRedirectHandler):
    """Follow no redirect: it names another host than we come by."""

    def redirect_request(self, *_: Any) -> None:
        return None


def test_below_a_path_behind_tls_people_log_in_and_label(
    machine: Machine, proxy: int
) -> None:
    password = machine.run("user", "create", "boss", "--manager").split()[-1]
    person = Person(proxy, machine.home.parent / "certificate")
    until(lambda: person.ask("/x/y/login/").status == 200, seconds=20)

    entered = person.ask("/x/y/login/", {"username": "boss", "password": password})
    home = person.ask("/x/y/")
    body: dict[str, object] = {"name": "P", "slug": "p", "data_type": "text"}
    body |= {"task_type": "single", "labels": [{"name": "x"}, {"name": "y"}]}
    made = person.ask("/x/y/api/projects/", json.dumps(body).encode())
    station = person.ask("/x/y/projects/p/label/")
    sheet = home.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    style = person.ask(sheet)

    assert (entered.status, entered.headers["Location"]) == (302, "/x/y/")
    assert all(cookie.secure for cookie in person.cookies)
    assert {cookie.path for cookie in person.cookies} == {"/x/y/"}
    assert (home.status, made.status, station.status) == (200, 201, 200)
    assert sheet.startswith("/x/y/static/")
    assert style.status == 200
    assert home.headers["Strict-Transport-Security"]


def test_probes_need_neither_name_nor_tls(machine: Machine) -> None:
    assert (probe(machine, "/healthz"), probe(machine, "/readyz")) == (200, 200)
    assert probe(machine, "/login/") in (301, 400)


def test_halves_of_requests_hold_up_nobody_behind_it(
    machine: Machine, proxy: int
) -> None:
    person = Person(proxy, machine.home.parent / "certificate")
    with ExitStack() as attack:
        for kind in ("half a head", "half a body"):
            for _ in range(100):
                attack.enter_context(opened(machine.port, HALVES[kind]))
                attack.enter_context(opened(proxy, b""))

        assert [person.ask("/x/y/login/").status for _ in range(5)] == [200] * 5
