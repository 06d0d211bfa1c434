"""An upload whose connection was cut is not imported as if it were whole (attacks-2, 20)."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.test import Client

from labeling.models import ApiToken, ImportRun, Upload
from tests import make

pytestmark = pytest.mark.django_db

LINES = b"".join(
    json.dumps({"external_id": str(n), "text": f"text {n}"}).encode() + b"\n"
    for n in range(5)
)


def sent(declared: int) -> tuple[int, dict[str, object]]:
    project = make.project()
    key = ApiToken.issue(make.manager_of(project).user)
    client = Client(headers={"Authorization": f"Token {key}"})
    extra: dict[str, Any] = {
        "CONTENT_LENGTH": str(declared),
        "wsgi.input": io.BytesIO(LINES),
    }
    answer = client.generic(
        "POST",
        f"/api/projects/{project.slug}/imports/",
        LINES,
        content_type="application/x-ndjson",
        **extra,
    )
    return answer.status_code, answer.json()


def test_attack_20_a_body_that_is_shorter_than_declared_is_refused() -> None:
    status, problem = sent(10 * len(LINES))

    assert status == 400
    assert f"Only {len(LINES)} of {10 * len(LINES)} bytes came" in str(
        problem["errors"]
    )
    assert not Upload.objects.exists()
    assert not ImportRun.objects.exists()


def test_a_whole_body_is_taken() -> None:
    status, _ = sent(len(LINES))

    assert status == 202
