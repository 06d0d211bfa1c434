"""Every call with whatever its schema allows or forbids: it answers as the schema says.

Schemathesis makes the calls. They go through the whole application with its middleware to a
project that has something in each list, and leave it as it was. The seed is fixed, so a failure
comes again; ``ASSAY_EXAMPLES=500 .venv/bin/python -m pytest -m soak tests/test_any_call.py`` takes
more, and another seed each time.
"""

from __future__ import annotations

import gc
import io
import os
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
)

from config.chunked import with_length
from labeling.models import (
    Annotation,
    ApiToken,
    Assignment,
    Disagreement,
    ImportRun,
    Inquiry,
    Invitation,
    Item,
    Job,
    Membership,
    Precedent,
    Project,
    User,
)
from tests import make, openapi
from tests.labeling.transfer.files import bring, lines
from tests.test_list_queries import worked_on

pytestmark = [pytest.mark.long, pytest.mark.django_db]

RIGHT, WRONG = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
# The tool fails to make a form with a file that is none.
NOT_MADE = {("POST /api/projects/{slug}/imports/", WRONG)}
STATUSES: Counter[tuple[str, int]] = Counter()
CALLERS: list[Caller] = []
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@cache
def schema() -> Any:
    loaded = schemathesis.openapi.from_dict(openapi.document())
    loaded.app = served
    return loaded


def served(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Answer as the server does, which reads all of an answer and closes it."""
    answer: Any = with_length(WSGIHandler())(environ, start)
    try:
        return [b"".join(answer)]
    finally:
        answer.close()


@pytest.fixture(autouse=True)
def nothing_left_open() -> Iterator[None]:
    """Close the files that are left of calls, or the collector warns in another test."""
    before = {id(file) for file in open_files()}
    yield
    for file in open_files():
        if id(file) not in before:
            file.close()


def open_files() -> list[io.FileIO]:
    """Return the files without a name that this process has open."""
    files = [thing for thing in gc.get_objects() if isinstance(thing, io.FileIO)]
    return [file for file in files if not file.closed and isinstance(file.name, int)]


@dataclass
class Caller:
    """Who calls, and what there is for them that an address or a body may name."""

    role: str
    project: Project
    user: User
    headers: dict[str, str]

    def _held(self) -> Assignment | None:
        held = Assignment.objects.filter(annotator=self.user, state="leased")
        return held.order_by("pk").first()

    @cached_property
    def rows(self) -> dict[str, int]:
        """The first row of each list, by how its address begins."""
        lists: dict[str, Any] = {
            "items": Item.objects,
            "annotations": Annotation.votes.filter(annotator=self.user),
            "disagreements": Disagreement.objects,
            "inquiries": Inquiry.objects,
            "invitations": Invitation.objects,
            "imports": ImportRun.objects,
            "jobs": Job.objects,
            "precedents": Precedent.objects,
        }
        first = {name: rows.order_by("pk").first() for name, rows in lists.items()}
        first["assignments"] = self._held()
        return {name: row.pk for name, row in first.items() if row}

    def named(self, path: str) -> dict[str, object]:
        """Return what the parts of an address of the schema may be."""
        name = path.partition("/{slug}/")[2].partition("/{id}/")[0]
        others = Membership.objects.filter(project=self.project, role="annotator")
        parts: dict[str, object] = {
            "slug": self.project.slug,
            "user": others.latest("pk").user.username,
            "number": 2,
            "before": 1,
        }
        return parts | ({"id": self.rows[name]} if name in self.rows else {})

    def filled(self, body: dict[str, object]) -> dict[str, object]:
        """Return a body with what there is, where it names such."""
        held, item = self.rows.get("assignments"), Item.objects.earliest("pk")
        known: dict[str, object] = {
            "assignment": held,
            "assignments": [held],
            "item": item.pk,
            "items": [item.external_id],
            "label": "x",
            "labels": ["x"],
            "role": "annotator",
        }
        return {name: known.get(name, value) for name, value in body.items()}


def callers() -> list[Caller]:
    """Return a manager, an annotator and nobody, at a project with rows in its lists."""
    project = worked_on(4)
    bring(project, "x.jsonl", lines({"text": "imported"}, {"text": ""}))
    people = {"manager": make.manager_of(project), "annotator": make.member(project)}
    for who in people.values():
        for lent in make.lease(who, 2)[:1]:
            make.vote(who, lent, "x")
    known = [
        Caller(
            role,
            project,
            who.user,
            {"Authorization": f"Token {ApiToken.issue(who.user)}"},
        )
        for role, who in people.items()
    ]
    return [*known, Caller("nobody", project, make.user(), {})]


@contextmanager
def taken_back() -> Iterator[None]:
    """Take back what a request does, and keep the connection of the test.

    The framework closes connections after a request: ours has a transaction open.
    """
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    attempt = transaction.atomic()
    # An export wants to begin a transaction of its own: only a test may stand around it.
    vars(attempt)["_from_testcase"] = True
    try:
        with attempt:
            yield
            transaction.set_rollback(True)
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


def faults(caller: Caller, case: Any, mode: GenerationMode) -> Iterator[str]:
    """Make a call, and yield what is wrong with its answer."""
    case.headers = {
        name: value
        for name, value in (case.headers or {}).items()
        if name.lower() != "authorization"
    }
    with taken_back():
        answer = case.call(headers=caller.headers)
    STATUSES[caller.role, answer.status_code] += 1
    wrong = []
    declared = case.operation.definition.raw["responses"]
    if answer.status_code < 400 and str(answer.status_code) not in declared:
        wrong.append(f"{answer.status_code} is not declared")
    # No such address, where a part of it is none.
    strangers = (401, 404) if mode == WRONG else (401,)
    if not caller.headers and answer.status_code not in strangers:
        wrong.append(f"{answer.status_code} for nobody")
    is_wrong = any(part.mode == WRONG for part in case.meta.components.values())
    # A list of votes is answered one by one, each with its own status.
    is_wrong = is_wrong and not isinstance(case.body, list)
    checks = [*CHECKS, *([negative_data_rejection] if is_wrong else [])]
    try:
        case.validate_response(answer, checks=checks)
    except FailureGroup as failures:
        wrong += [str(failure) for failure in failures.exceptions]
    for why in wrong:
        yield f"{why}\n{caller.role}: {case.as_curl_command()}\n{answer.text[:300]}"


def attempt(operation: Any, mode: GenerationMode, number: int, most: int) -> list[str]:
    """Make so many calls of an operation; return what is wrong with the answers."""
    wrong: list[str] = []

    @seed(number)
    @settings(
        max_examples=most,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode), draw=st.integers(0, 9))
    def calls(case: Any, draw: int) -> None:
        parts, body = dict(case.path_parameters or {}), case.body
        path = case.meta.components.get(ParameterLocation.PATH)
        has_wrong_path = path is not None and path.mode == WRONG
        for caller in CALLERS:
            if draw and not has_wrong_path:
                names = caller.named(operation.path)
                case.path_parameters = {
                    name: names.get(name, value) for name, value in parts.items()
                }
            if draw > 4 and isinstance(body, dict) and mode == RIGHT:
                case.body = caller.filled(body)
            wrong.extend(faults(caller, case, mode))

    # Of a call without a part that could be wrong there is no wrong one.
    with suppress(Unsatisfiable) if mode == WRONG else nullcontext():
        calls()
    return wrong


def all_calls(number: int, most: int) -> list[str]:
    """Call every operation; return what is wrong with the answers."""
    STATUSES.clear()
    CALLERS[:] = callers()
    wrong = []
    for result in schema().get_all_operations():
        operation = result.ok()
        for mode in (RIGHT, WRONG):
            if (operation.label, mode) not in NOT_MADE:
                wrong += attempt(operation, mode, number, most)
    return wrong


def test_every_call_answers_as_its_schema_says() -> None:
    wrong = all_calls(number=1, most=3)

    assert not wrong, "\n\n".join([*wrong[:30], f"{len(wrong)} of {STATUSES}"])
    for role in ("manager", "annotator"):
        assert sum(STATUSES[role, status] for status in (200, 201, 202, 204)) > 20


@pytest.mark.soak
def test_every_call_answers_as_its_schema_says_however_often_it_is_made() -> None:
    number = secrets.randbelow(10**6)

    wrong = all_calls(number, most=int(os.environ.get("ASSAY_EXAMPLES", "100")))

    assert not wrong, f"seed {number}\n" + "\n\n".join(wrong[:30])
