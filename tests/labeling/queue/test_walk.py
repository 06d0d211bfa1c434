"""The way of one lease through the code: short, and each fact is asked once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from labeling.models import Membership, QueueEntry
from labeling.services.projects import members
from labeling.services.queue.lease import lease
from tests import make

pytestmark = pytest.mark.django_db
ROOT: Final = Path(__file__).parents[3]
SERVICE: Final = ("labeling/services/", "labeling/models/")
# What a plain lease takes today, to be lowered where it gets shorter; who has to raise
# one says why in the commit.
MOST_CALLS: Final = 14
MOST_FILES: Final = 5
# The floor is asked before the statement and told after it.
MOST_RETURNS: Final = 2
# Two of these ask whether the dial of automation hides what the model says.
MOST_CALLS_WITH_HTTP: Final = 50


def walk(work: Callable[[], Any], *folders: str) -> list[tuple[str, str]]:
    """Return file and name of each function of ``folders`` that work calls, in order."""
    calls: list[tuple[str, str]] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(ROOT):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith(folders):
                calls.append((name, frame.f_code.co_name))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def person(**limits: Any) -> Membership:
    """Return somebody in a project with many free items, who has answered one."""
    project = make.project()
    make.ranked(project, make.items(project, 9))
    who = make.member(project, **limits)
    make.vote(who, make.lease(who)[0], "x")
    return members.membership(who.user, project.slug)


def test_a_plain_lease_visits_few_rooms_and_hardly_one_twice() -> None:
    who = person()

    calls = walk(lambda: lease(who, 1), *SERVICE)

    stays = [file for file, _ in groupby(file for file, _ in calls)]
    assert len(calls) <= MOST_CALLS, calls
    assert len(set(stays)) <= MOST_FILES, stays
    assert len(stays) - len(set(stays)) <= MOST_RETURNS, stays
    # What has been asked is handed on.
    assert len(set(calls)) == len(calls), calls


def test_a_plain_lease_by_http_is_short_too() -> None:
    who = person()
    call = make.Caller(who.user)
    path = f"projects/{who.project.slug}/queue/lease/"
    # The first call loads the views.
    assert call("post", path, {"count": 1}).status_code == 200

    calls = walk(lambda: call("post", path, {"count": 1}), "labeling/api/", *SERVICE)

    assert len(calls) <= MOST_CALLS_WITH_HTTP, calls


@pytest.mark.parametrize(("count", "expected"), [(2, 2), (9, 4), (1, 1)])
def test_with_a_quota_the_facts_are_read_once_and_handed_on(
    count: int, expected: int
) -> None:
    # One is answered. The head of the queue gives three; what is behind it nobody has
    # queued, so the lease goes on step by step.
    who = person(quota=5)
    head = QueueEntry.objects.order_by("rank").values_list("pk", flat=True)[:3]
    QueueEntry.objects.exclude(pk__in=list(head)).delete()

    with CaptureQueriesContext(connection) as queries:
        lent = lease(who, count)

    looks = [query for query in queries if "labeling_projectcounter" in query["sql"]]
    assert len(looks) == 1
    assert len(lent.assignments) == expected
