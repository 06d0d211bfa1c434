"""Online tests: those there were, a new one, its steps and its end."""

from __future__ import annotations

from typing import Annotated, ClassVar

from activelearn.api.wire import online
from activelearn.api.wire.versions import history
from activelearn.services.online import reading
from activelearn.services.versions import releases
from labeling.api.http.calls import call
from labeling.api.http.fields import one_of
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.models import User
from labeling.services.projects import members

OnlineAct = Annotated[str, one_of(["advance", "stop"])]


class OnlineTestsView(ProjectView):
    """Online tests, and a new one."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER
    allowed_to_write: ClassVar = members.ENGINEER

    @call(name="projects_online_tests_list")
    def get(self) -> Page[online.OnlineTest]:
        """List the tests, the latest first."""
        rows = reading.tests_of(self.member.project)
        return page_of(rows, self.request, online.test_of)

    @call(201)
    def post(self, body: online.OnlinePlanBody) -> online.OnlineTest:
        """Begin a test; one goes on at a time."""
        user = User.objects.get(pk=self.member.user_id)
        test = releases.begin(
            self.member.project,
            body.model,
            online.plan_of(body),
            user,
            body.reason or "",
        )
        return online.test_of(test)


class OnlineTestView(ProjectView):
    """One online test."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER

    @call()
    def get(self, pk: int) -> online.OnlineCourse:
        """Return its plan, its evidence so far, and its looks."""
        test = releases.test_of(self.member.project, pk)
        return online.course_of(reading.course_of(test))


class OnlineActView(ProjectView):
    """The next step of a test, or its end."""

    allowed_to_write: ClassVar = members.ENGINEER

    @call(name="projects_online_tests_act")
    def post(
        self, pk: int, action: OnlineAct, body: history.ReasonBody
    ) -> online.OnlineTest:
        """Do it; from a stop on the champion answers each call."""
        user = User.objects.get(pk=self.member.user_id)
        test = releases.test_of(self.member.project, pk)
        act = releases.advance if action == "advance" else releases.stop
        act(test, user, body.reason or "")
        return online.test_of(releases.test_of(self.member.project, pk))
