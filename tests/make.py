"""Builders: a test names only the fields it is about."""

from __future__ import annotations

import itertools
import json
import time
import uuid
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from django.db import connection
from django.test import Client
from django.utils import timezone

from labeling import rules
from labeling.models import ApiToken, Assignment, Item, Membership, Project, User
from labeling.services.projects import creation, label_sets, members
from labeling.services.queue import lease as leasing
from labeling.services.queue import order
from labeling.services.votes import submit, suggestions

Given = ParamSpec("Given")
Found = TypeVar("Found")
_numbers = itertools.count(1)


def threaded(work: Callable[Given, Found]) -> Callable[Given, Found]:
    """Close the database connection of the thread that does this work."""

    @wraps(work)
    def done(*args: Given.args, **named: Given.kwargs) -> Found:
        try:
            return work(*args, **named)
        finally:
            connection.close()

    return done


def await_waiting() -> None:
    """Wait until some transaction waits for a lock."""
    deadline = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits")


def user(name: str = "", *, manager: bool = False) -> User:
    return User.objects.create_user(
        name or f"user{next(_numbers)}", password="pw", may_create_projects=manager
    )


def project(
    *,
    labels: Sequence[str] = ("x", "y"),
    data_type: str = "text",
    task_type: str = "single",
    manager: User | None = None,
    **policy: object,
) -> Project:
    draft = creation.ProjectDraft(
        name=f"Project {next(_numbers)}",
        data_type=data_type,
        task_type=task_type,
        labels=[label_sets.LabelDraft(name) for name in labels],
        # Most tests count votes; those of the posterior and of rechecks say so.
        policy={"settled_by": "share", "evaluation_votes": 1, **policy},
    )
    return creation.create(manager or user(manager=True), draft)


def member(
    of: Project, role: str = "annotator", *, who: User | None = None, **limits: Any
) -> Membership:
    added = members.add(of, who or user(), role)
    Membership.objects.filter(pk=added.pk).update(**limits)
    return Membership.objects.select_related("project", "user").get(pk=added.pk)


def manager_of(of: Project) -> Membership:
    return Membership.objects.select_related("project", "user").get(
        project=of, role="manager"
    )


def leave(of: Project, who: User) -> None:
    members.remove(
        Membership.objects.select_related("project").get(project=of, user=who)
    )


def item(of: Project, **fields: Any) -> Item:
    number = next(_numbers)
    values: dict[str, Any] = {
        "external_id": f"i{number}",
        "data": {"text": f"text {number}"},
        "content_hash": f"{number:064d}",
        "group_key": f"g{number}",
        "votes_wanted": of.min_votes,
    }
    return Item.objects.create(project=of, **{**values, **fields})


def items(of: Project, count: int) -> list[Item]:
    return [item(of) for _ in range(count)]


def suggestible(of: Project, some: Sequence[Item]) -> None:
    """Draw the project's seed anew until none of these items is to be answered blind."""
    while any(
        rules.draw(of.seed, f"blind:{item.pk}") < suggestions.BLIND_SHARE
        for item in some
    ):
        of.seed += 1
    of.save(update_fields=["seed"])


def ranked(of: Project, ordered: Sequence[Item], *, slots: int = 1) -> int:
    """Put ``ordered`` into the queue, the first one on top."""
    return order.swap(
        of.pk,
        [
            order.Entry(item.pk, slot, slot == 0, float(rank), "model", 0.5)
            for slot in range(slots)
            for rank, item in enumerate(ordered)
        ],
    )


def lease(who: Membership, count: int = 1) -> list[Assignment]:
    return leasing.lease(who, count).assignments


def vote(
    who: Membership, on: Assignment, *labels: str, client_id: uuid.UUID | None = None
) -> submit.Receipt:
    return submit.submit(
        who, submit.VoteDraft(on.pk, labels, client_id or uuid.uuid4())
    )


class Caller:
    """A program that calls the API with a person's token."""

    def __init__(self, who: User) -> None:
        self.who = who
        self.client = Client()
        self.headers = {"Authorization": f"Token {ApiToken.issue(who)}"}
        # The first call of an hour writes that: no test that counts queries means it.
        ApiToken.objects.filter(user=who).update(used_at=timezone.now())

    def __call__(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> Any:
        return self.client.generic(
            method.upper(),
            f"/api/{path}",
            data="" if body is None else json.dumps(body),
            content_type="application/json",
            headers={**self.headers, **headers},
        )


def _figure(value: float) -> dict[str, float]:
    return {"value": value, "low": value, "high": value}


# What an evaluation says of a model that has its one held-out item right.
REPORT: Final[dict[str, Any]] = {
    "figures": {
        "summary": {
            "items": 1,
            "accuracy": _figure(1),
            "macro_f1": _figure(1),
            "balanced_accuracy": _figure(1),
        },
        "log_loss": _figure(0),
        "labels": [
            {
                "label": "x",
                "precision": _figure(1),
                "recall": _figure(1),
                "f1": _figure(1),
                "support": 1,
                "average_precision": _figure(1),
            }
        ],
        "confusions": [{"truth": "x", "predicted": "x", "items": 1}],
    },
    "slices": [],
    "baselines": [],
    "training": None,
}
