"""What a call is given is used or refused in words (attacks-2: 28, 29, 35, 38)."""

from __future__ import annotations

import http.client
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from config.chunked import with_length
from labeling.models import ApiToken, ImportRun, Invitation, Item, Project, Upload
from tests import make
from tests.openapi import operations
from tests.running.machine import ROOT, free_port, until

BODIES_MAY_BE_EMPTY = ["invitations/", "queue/lease/", "training-runs/"]
LINES = b'{"external_id": "a", "text": "one"}\n{"text": "two"}\n'


@pytest.mark.django_db
@pytest.mark.parametrize("path", BODIES_MAY_BE_EMPTY)
@pytest.mark.parametrize("body", [b"null", b'""', b"[]", b"0"])
def test_attack_28_what_is_no_object_is_not_taken_for_an_empty_one(
    path: str, body: bytes
) -> None:
    project = make.project()
    who = make.manager_of(project).user
    headers = {"Authorization": f"Token {ApiToken.issue(who)}"}

    answer = Client(headers=headers).post(
        f"/api/projects/{project.slug}/{path}", body, "application/json"
    )

    assert answer.status_code == 400
    assert answer.json()["detail"] == "The body must be a JSON object."
    assert not Invitation.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("path", BODIES_MAY_BE_EMPTY)
def test_no_body_at_all_is_an_empty_one(path: str) -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)

    assert call("post", f"projects/{project.slug}/{path}").status_code < 300


def test_attack_28_the_schema_tells_every_status_and_what_is_sent() -> None:
    for path, method, operation in operations():
        replies = operation["responses"]
        good = [status for status in replies if status.startswith("2")]
        assert good, (method, path)
        assert "default" in replies or "schema" in path, (method, path)
        if "requestBody" in operation:
            for content in operation["requestBody"]["content"].values():
                assert content["schema"] != {"type": "object"}, (method, path)
    statuses = {
        status for *_, operation in operations() for status in operation["responses"]
    }
    assert {"200", "201", "202", "204", "default"} <= statuses


def project_with_a_caller() -> tuple[Project, Callable[..., Any]]:
    project = make.project()
    make.items(project, 2)
    call = make.Caller(make.manager_of(project).user)
    return project, lambda method, path: call(method, f"projects/{project.slug}/{path}")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("get", "items/?stat=open", "state"),
        ("get", "items/?state=open&stat=open", "cursor"),
        ("get", "export/?filter=open", "format"),
        ("get", "members/?role=expert", "limit"),
        ("get", "?fields=name", "this call has none"),
        ("post", "queue/lease/?count=5", "this call has none"),
        ("delete", "items/?stat=open", "expect"),
    ],
)
def test_attack_29_a_parameter_that_there_is_not_is_refused_with_those_that_there_are(
    method: str, path: str, known: str
) -> None:
    project, call = project_with_a_caller()

    answer = call(method, path)

    assert answer.status_code == 400
    ((name, (why,)),) = answer.json()["errors"].items()
    assert name in {"stat", "filter", "role", "fields", "count"}
    assert why.startswith("There is no such parameter")
    assert known in why
    assert project.items.count() == 2


@pytest.mark.django_db
def test_attack_29_a_parameter_that_comes_twice_is_refused() -> None:
    _, call = project_with_a_caller()

    answer = call("get", "items/?state=open&state=settled")

    assert answer.json()["errors"] == {"state": ["One value: it came more than once."]}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["raw", "bom", "fields", "embeddings"])
def test_attack_29_a_choice_of_an_export_is_taken_or_refused(name: str) -> None:
    _, call = project_with_a_caller()

    answer = call("get", f"export/?format=csv&{name}=maybe")

    assert answer.status_code == 400
    assert answer.json()["errors"].keys() == {name}
    for choice in ("true", "0"):
        export = call("get", f"export/?format=csv&{name}={choice}")
        assert export.status_code == 200
        assert b"".join(export.streaming_content)


@pytest.mark.django_db
def test_pages_take_whatever_stands_in_their_address() -> None:
    project = make.project()
    client = Client()
    client.force_login(make.manager_of(project).user)

    page = client.get(f"/projects/{project.slug}/items/?stat=open&utm_source=mail")

    assert page.status_code == 200


class Unfinished(io.BytesIO):
    """Chunks whose connection ends before the last one."""

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        if not piece:
            raise OSError("no more data")
        return piece


def sent_in_chunks(stream: io.BytesIO, kind: str = "application/x-ndjson") -> Any:
    project = make.project()
    key = ApiToken.issue(make.manager_of(project).user)
    more: dict[str, Any] = {
        "HTTP_AUTHORIZATION": f"Token {key}",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "CONTENT_LENGTH": "",
        "CONTENT_TYPE": kind,
        "wsgi.input": stream,
        "wsgi.input_terminated": True,
    }
    path = f"/api/projects/{project.slug}/imports/"
    return Client().generic("POST", path, **more)


@pytest.mark.django_db
def test_attack_35_lines_that_come_in_chunks_are_imported() -> None:
    answer = sent_in_chunks(io.BytesIO(LINES))

    assert answer.status_code == 202, answer.content
    assert Upload.objects.get().size == len(LINES)


@pytest.mark.django_db
def test_attack_35_chunks_that_do_not_end_are_no_file() -> None:
    answer = sent_in_chunks(Unfinished(LINES))

    assert answer.status_code == 400
    assert "did not come whole" in str(answer.json()["errors"])
    assert not Upload.objects.exists()


@pytest.mark.django_db
def test_attack_35_a_form_in_chunks_is_told_what_it_needs() -> None:
    answer = sent_in_chunks(io.BytesIO(LINES), "multipart/form-data; boundary=x")

    assert answer.status_code == 400
    assert "Content-Length" in str(answer.json()["errors"])
    assert not ImportRun.objects.exists()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Run the web server before a site of one line, which gives chunks a length."""
    port = free_port()
    words = (
        f"--bind=127.0.0.1:{port}",
        "--worker-class=running.server.Worker",
        "--log-level=critical",
    )
    with subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "tests.attacks.chunked", *words], cwd=ROOT
    ) as process:
        try:
            until(lambda: answered(port, "/", [b"a"])[0] == 200, seconds=30)
            yield port
        finally:
            process.terminate()


def answered(port: int, path: str, pieces: list[bytes]) -> tuple[int, Any]:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        link.request("POST", path, body=iter(pieces), encode_chunked=True)
        answer = link.getresponse()
        return answer.status, json.loads(answer.read())
    except OSError:
        return 0, None
    finally:
        link.close()


@pytest.mark.parametrize(
    ("path", "pieces", "length", "read"),
    [
        ("/api/projects/p/queue/lease/", [b'{"count"', b": 3}"], "12", 12),
        ("/login/", [b"x" * 50_000] * 2, str(2**16 + 1), 2**16 + 1),
        ("/api/projects/", [b"x" * 2**20] * 6, str(5 * 2**20 + 1), 5 * 2**20 + 1),
        ("/api/projects/p/imports/", [b"x" * 2**20] * 6, "", 6 * 2**20),
        ("/api/projects/p/predictions/", [b"x" * 2**20] * 6, "", 6 * 2**20),
    ],
)
def test_attack_35_a_body_in_chunks_has_its_length_or_is_a_stream(
    port: int, path: str, pieces: list[bytes], length: str, read: int
) -> None:
    assert answered(port, path, pieces) == (200, [length, read])


def test_a_server_that_does_not_know_the_end_of_a_body_is_asked_for_none() -> None:
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": Unfinished(b"")}

    list(with_length(lambda _environ, _start: [])(environ, lambda *_: None))

    assert "CONTENT_LENGTH" not in environ


@pytest.mark.django_db
def test_attack_38_an_object_is_no_name_of_an_item() -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)

    answer = call(
        "post",
        f"projects/{project.slug}/predict/",
        {"items": [{"data": {"text": "a"}, "id": {"a": 1}}]},
    )

    assert answer.status_code == 400
    assert answer.json()["errors"]["items"]["0"].keys() == {"id"}
    assert not Item.objects.exists()


def refusal(module: str, **environment: str) -> str:
    """Import a module of ours in a process of its own; return why it refuses."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import {module}"],
        cwd=ROOT,
        env={
            "DATABASE_URL": "postgresql://nobody@nowhere/assay",
            "SECRET_KEY": "3Vw9zQ-7hT2kLx8pRf4mYc6bNd1sGj5a",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr.strip().rpartition("\n")[2] if done.returncode else ""


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({}, ""),
        ({"SECRET_KEY": "a"}, "SECRET_KEY can be guessed"),
        ({"SECRET_KEY": "ab" * 40}, "SECRET_KEY can be guessed"),
        ({"DEBUG": "1", "ALLOWED_HOSTS": "label.example.com"}, "DEBUG=1 shows"),
        ({"DEBUG": "1"}, ""),
    ],
)
def test_attack_38_a_site_whose_secret_can_be_guessed_or_that_shows_its_insides_is_not_served(
    environment: dict[str, str], why: str
) -> None:
    words = refusal("config.wsgi", **environment)

    assert why in words
    assert bool(words) == bool(why)
