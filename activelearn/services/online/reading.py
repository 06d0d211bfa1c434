"""Online tests for people and programs: the list, one with its looks, what is waited for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from activelearn.core.intervals import Estimate
from activelearn.models import OnlineLook, OnlineTest
from activelearn.models.online import ArmTraffic
from activelearn.services.online import outcomes, pairs
from activelearn.services.versions import guards
from labeling.models import Project

# Looks that are shown of one test, the latest.
MOST: Final = 100


@dataclass(frozen=True)
class OnlineCourse:
    """A test as it stands.

    gain: in accuracy on what people settled. new: settled items that no look has seen.
    calls: in this step, and ready_at: from when on it may end, both of a canary.
    """

    test: OnlineTest
    looks: list[OnlineLook]
    gain: Estimate
    champion: ArmTraffic
    challenger: ArmTraffic
    new: int

    @property
    def calls(self) -> int:
        """What the challenger has answered since its share is what it is."""
        return self.challenger.calls - self.test.step_from

    @property
    def ready_at(self) -> datetime:
        """When the step has lasted as long as the plan asks for."""
        return self.test.stepped_at + timedelta(hours=self.test.step_hours)

    @property
    def is_early(self) -> bool:
        """Whether that is still to come."""
        return self.ready_at > timezone.now()


def tests_of(project: Project) -> QuerySet[OnlineTest]:
    """Return the tests of a project, the latest first."""
    tests = OnlineTest.objects.filter(project=project)
    return tests.select_related("challenger", "champion", "started_by", "ended_by")


def course_of(test: OnlineTest) -> OnlineCourse:
    """Return a test as it stands, with its last looks, the first of them first."""
    # Without the pairs, which may be thousands of items.
    looks = test.looks.defer("pairs").order_by("-pk")[:MOST]
    old, mine = guards.traffic_now(test)
    goes_on = test.ended_at is None
    new = pairs.settled(test)[: test.most].count() if goes_on else 0
    return OnlineCourse(test, list(looks)[::-1], outcomes.gain_of(test), old, mine, new)
