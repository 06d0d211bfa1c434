"""Every call of the API with every kind of nonsense: refused in words, never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from labeling.models import ApiToken
from tests import make

pytestmark = pytest.mark.django_db

VALUES: list[Any] = [
    None,
    True,
    -1,
    2**53 - 1,
    "",
    "\x00",
    "x" * 70_000,
    [],
    [None],
    [{}],
    {},
    {"a": [1]},
    "' OR 1=1 --",
    "__proto__",
]
BODIES: list[bytes] = [
    b"",
    b"null",
    b"[]",
    b"[[]]",
    b"[null, 1, {}]",
    b"{}",
    b'"text"',
    b"7",
    b"{",
    b"\xff\xfe",
    b"NaN",
    b'{"a": 1e999}',
    b"[" * 2000,
    *(
        json.dumps(dict.fromkeys(names, value)).encode()
        for names in [
            [
                "name",
                "slug",
                "data_type",
                "task_type",
                "labels",
                "overlap",
                "guidelines",
                "count",
                "items",
                "assignments",
                "assignment",
                "client_id",
                "seconds",
                "comment",
                "label",
                "outcome",
                "note",
                "reason",
                "user",
                "role",
                "version",
                "filter",
                "confidence",
                "is_paused",
                "quota",
                "also",
                "precedent",
                "days",
                "uses",
                "item",
                "question",
                "answer",
            ]
        ]
        for value in VALUES
    ),
]
QUERIES = [
    "",
    "?format=x&cursor=%00&state=x&q=%00",
    "?confidence_lt=x&limit=-1&label=%F0",
    # The cursors "p=x" and "r=1&p=7" in Base64.
    "?cursor=cD14",
    "?cursor=cj0xJnA9Nw==",
]


def routes(patterns: Any, prefix: str = "") -> list[str]:
    paths: list[str] = []
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            paths += routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            paths.append(path)
    return paths


PATHS = sorted(
    path
    for path in routes(get_resolver().url_patterns)
    if path.startswith("api/") and "schema" not in path and "docs" not in path
)


@pytest.mark.parametrize("path", PATHS)
def test_nonsense_is_refused_and_never_an_error_of_ours(path: str) -> None:
    project = make.project()
    make.ranked(project, make.items(project, 3))
    who = make.manager_of(project).user
    held = make.lease(make.manager_of(project))[0]
    client = Client(raise_request_exception=False)
    headers = {"Authorization": f"Token {ApiToken.issue(who)}"}
    target = "/" + path.replace("<slug:slug>", project.slug)
    for kind in ("pk", "number", "n", "run"):
        target = target.replace(f"<int:{kind}>", str(held.pk))
    target = target.replace("<slug:which>", "suspects")
    target = target.replace("<str:user>", make.member(project).user.username)
    target = target.replace("<str:sha256>", "0" * 64).replace("<slug:sha256>", "0" * 64)
    for method in ("GET", "POST", "PATCH", "DELETE"):
        for body in BODIES if method in ("POST", "PATCH") else [b""]:
            for query in QUERIES if method == "GET" else [""]:
                answer = client.generic(
                    method,
                    target + query,
                    data=body,
                    content_type="application/json",
                    headers={**headers, "If-Match": '"1"'},
                )
                if answer.streaming:
                    b"".join(answer.streaming_content)  # type: ignore[attr-defined]
                assert answer.status_code < 500, (method, target + query, body[:200])
