"""When an online test is looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from activelearn.models import OnlineTest
from activelearn.services.online import looks, outcomes, pairs
from activelearn.services.versions import guards, releases
from labeling.services.work import jobs
from labeling.services.work.transactions import keep_project

# New pairs, or minutes since the last look where there is one at least.
EVERY: Final = 10
MINUTES: Final = 5


def consider(project_id: int) -> None:
    """End a project's online test where a guard breaks; else look at it where that is due."""
    test = releases.running(project_id)
    if test is None or releases.guard(test) or not is_due(test):
        return
    with transaction.atomic():
        # The project's row is locked: it is not deleted meanwhile.
        if project := keep_project(project_id):
            jobs.enqueue("learn.online", project=project, series=f"online:{project_id}")


def is_due(test: OnlineTest) -> bool:
    """Whether there is something new to look at."""
    # Also without anything new: a test must not go on for ever.
    if outcomes.why_over(test) or outcomes.is_late(test):
        return True
    _old, mine = guards.traffic_now(test)
    if test.kind == OnlineTest.Kind.CANARY and looks.is_step_over(test, mine.calls):
        return True
    # The count ends at the tenth: there may be thousands, and it is asked every 15 seconds.
    is_time = timezone.now() - test.looked_at >= timedelta(minutes=MINUTES)
    new = pairs.settled(test)[:EVERY].count()
    return new == EVERY or (is_time and (new > 0 or test.calls.exists()))


def consider_all() -> int:
    """Look at each online test that goes on; return how many."""
    projects = list(
        OnlineTest.objects.filter(ended_at=None).values_list("project", flat=True)
    )
    for pk in projects:
        consider(pk)
    return len(projects)
