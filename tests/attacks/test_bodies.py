"""Long bodies, and JSON of many parts."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.exceptions import ParseError

from labeling.api.http.parsers import value_of
from tests import make
from tests.test_pages import browser

pytestmark = pytest.mark.django_db
MEBIBYTE = 2**20


class Unread(io.BytesIO):
    """A body that nobody may read."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("the body was read")


def sent(client: Client, path: str, length: int, kind: str = "text/plain") -> Any:
    """Send a request whose body would be so long."""
    client.cookies["csrftoken"] = "a" * 32
    more: dict[str, Any] = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(length)}
    return client.generic("POST", path, content_type=kind, **more)


FORM = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    "path",
    ["/login/", "/projects/p/import/", "/projects/p/predictions/", "/nowhere/"],
)
def test_attack_09_a_stranger_s_long_body_is_refused_unread(path: str) -> None:
    client = Client(enforce_csrf_checks=True)

    answer = sent(client, path, 400 * MEBIBYTE, FORM)

    assert answer.status_code == 413
    assert "64 KiB" in answer.content.decode()


@pytest.mark.parametrize("page", ["import", "predictions"])
def test_attack_09_only_who_may_import_sends_files(page: str, settings: Any) -> None:
    project = make.project()
    path = f"/projects/{project.slug}/{page}/"
    annotator = browser(make.member(project).user)
    outsider = browser(make.user())
    engineer = browser(make.member(project, "engineer").user)
    settings.IMPORT_MAX_BYTES = MEBIBYTE

    assert sent(outsider, path, MEBIBYTE, FORM).status_code == 404
    assert sent(annotator, path, MEBIBYTE, FORM).status_code == 403
    assert sent(engineer, path, 2 * MEBIBYTE, FORM).status_code == 413
    # Read at last: what was sent is no form.
    assert sent(engineer, path, MEBIBYTE, FORM).status_code == 400


@pytest.mark.parametrize("call", ["imports", "predictions"])
def test_a_file_of_more_than_other_calls_may_send_is_taken(call: str) -> None:
    project = make.project()
    said = {"source": "llm"} if call == "predictions" else {}
    line = b'{"id": "a", "text": "b", "label": "x"}' + b" " * 6 * MEBIBYTE
    caller = make.Caller(make.manager_of(project).user)

    answer = caller.client.post(
        f"/api/projects/{project.slug}/{call}/",
        {"file": SimpleUploadedFile("x.jsonl", line), **said},
        headers=caller.headers,
    )

    assert answer.status_code == 202


def test_attack_26_json_above_the_limit_is_a_problem_that_says_so() -> None:
    project = make.project()
    client = browser(make.member(project).user)
    most = django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    answer = sent(
        client,
        f"/api/projects/{project.slug}/queue/lease/",
        most + 1,
        "application/json",
    )

    assert answer.status_code == 413
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "too_large"
    assert "5120 KiB" in answer.json()["detail"]


@pytest.mark.parametrize(
    "raw",
    [
        b"[" + b"[]," * 1_600_000 + b"1]",
        b"[1234567890123456" + b",1" * 2_400_000 + b"]",
    ],
)
def test_attack_26_json_of_many_parts_is_refused_at_once(raw: bytes) -> None:
    begun = time.process_time()

    with pytest.raises(ParseError) as refused:
        value_of(raw)

    assert refused.value.status_code == 413
    assert time.process_time() - begun < 0.5


def test_json_of_as_many_parts_as_a_call_needs_is_read() -> None:
    assert len(value_of(b"[" + b"{}," * 10_000 + b"{}]")) == 10_001
