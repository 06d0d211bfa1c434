"""A lease reads as little after a long past of one's own as after none."""

from __future__ import annotations

import pytest
from django.db import connection

from labeling.models import Assignment, Gold, Membership
from labeling.services.projects import members
from labeling.services.queue import questions
from labeling.services.votes import gold
from tests import make

pytestmark = pytest.mark.django_db
MANY = 300


def rows_read(who: Membership) -> int:
    """Return how many rows a lease reads, once the first have passed what is their own."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # or the plans would be those of the test before
    read = []
    for _ in range(7):
        asking = members.membership(who.user, who.project.slug)
        before = _read_so_far()
        (lent,) = make.lease(asking)
        read.append(_read_so_far() - before)
        make.vote(who, lent, "x")
    return min(read)


def _read_so_far() -> int:
    with connection.cursor() as cursor:
        # A table is small here: no reason to read it all.
        for way in ("seqscan", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} TO off")
        cursor.execute(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))"
            " FROM pg_stat_xact_user_tables"
        )
        return int(cursor.fetchone()[0])


def test_after_many_own_answers_with_a_quota() -> None:
    project = make.project()
    make.ranked(project, make.items(project, MANY + 20))
    who, other = (make.member(project, quota=2 * MANY) for _ in range(2))
    for _ in range(MANY // 50):
        for assignment in make.lease(who, 50):
            make.vote(who, assignment, "x")

    assert rows_read(who) <= rows_read(other) + 5


def test_after_many_gold_questions_with_a_least_skill() -> None:
    project = make.project(least_skill=0.5)
    known = make.items(project, MANY)
    gold.record(project, [(item, ["x"]) for item in known])
    Gold.objects.update(is_question=True)
    who, other = make.member(project), make.member(project)
    for asked in Assignment.objects.filter(pk__in=questions.lend(who, MANY)):
        make.vote(who, asked, "x")
    make.ranked(project, make.items(project, 20))

    assert rows_read(who) <= rows_read(other) + 5
