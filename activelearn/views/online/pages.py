"""Online tests: the list with a form for a new one, and the page of each."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from activelearn.models import ModelVersion, OnlineTest
from activelearn.services.online import reading
from activelearn.services.versions import registry, releases
from activelearn.services.versions.plans import OnlinePlan
from activelearn.views.online import pictures
from labeling.errors import AssayError
from labeling.models import Membership
from labeling.services.projects import members
from labeling.views.page.paging import listing
from labeling.views.page.scope import context, member_of, or_404, sentences_of, whole

# Versions that the form offers, the newest ones.
OFFERED = 20


@login_required
def tests(request: HttpRequest, slug: str) -> HttpResponse:
    """List the tests; begin another one, after what it would do has been shown."""
    member = member_of(request, slug, members.ENGINEER)
    errors: list[str] = []
    preview = None
    if request.method == "POST":
        try:
            plan, number = _plan_of(request), whole(request.POST.get("model"))
            if request.POST.get("action") == "begin":
                why = request.POST.get("reason", "")
                begun = releases.begin(member.project, number, plan, member.user, why)
                return redirect("online-test", slug, begun.pk)
            version = releases.check_may_begin(member.project, number, plan)
            preview = {"plan": plan, "version": version}
        except AssayError as error:
            errors = sentences_of(error)
    page = context(
        member,
        "models",
        errors=errors,
        preview=preview,
        tests=listing(request, reading.tests_of(member.project)),
        **_choices(member),
    )
    status = 409 if errors else 200
    return render(request, "activelearn/online.html", page, status=status)


def _choices(member: Membership) -> dict[str, Any]:
    """Return what the form offers."""
    serving = registry.champion(member.project)
    others = ModelVersion.objects.filter(project=member.project)
    others = others.exclude(stage=ModelVersion.Stage.CHAMPION)
    going_on = releases.running(member.project_id)
    return {
        "champion": serving,
        "going_on": going_on,
        "offered": [] if going_on or not serving else others[:OFFERED],
        "kinds": OnlineTest.Kind.choices,
        "metrics": OnlineTest.Metric.choices,
        "followers": OnlineTest.Follows.choices,
        "usual": OnlinePlan(),
    }


def _plan_of(request: HttpRequest) -> OnlinePlan:
    """Return the plan of the form; what is no number is refused by its bounds."""
    usual = OnlinePlan()
    kind = request.POST.get("kind", usual.kind)
    return OnlinePlan(
        kind=kind,
        metric=request.POST.get("metric", usual.metric),
        follows=request.POST.get("follows", usual.follows),
        least=_number(request.POST.get("least", ""), usual.least * 100) / 100,
        most=int(_number(request.POST.get("most", ""), usual.most)),
    )


def _number(raw: str, usual: float) -> float:
    """Return a number of the form; what is none is 0, which no plan allows."""
    if not raw:
        return usual
    try:
        value = float(raw.replace(",", "."))
    except ValueError:
        return 0.0
    return value if 0 <= value <= 10**6 else 0.0


@login_required
def test(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show a test with its course; take the next step, or stop it.

    Raises Http404 where there is no such test.
    """
    member = member_of(request, slug, members.ENGINEER)
    with or_404():
        shown = releases.test_of(member.project, pk)
    errors: list[str] = []
    if request.method == "POST":
        try:
            _act(request, member, shown)
            return redirect("online-test", slug, pk)
        except AssayError as error:
            errors = sentences_of(error)
    course = reading.course_of(shown)
    page = context(
        member,
        "models",
        errors=errors,
        course=course,
        test=shown,
        picture=pictures.picture_of(course),
    )
    status = 409 if errors else 200
    return render(request, "activelearn/online_test.html", page, status=status)


def _act(request: HttpRequest, member: Membership, shown: OnlineTest) -> None:
    why = request.POST.get("reason", "")
    if request.POST.get("action") == "advance":
        releases.advance(shown, member.user, why)
        messages.success(request, _("The next step is taken."))
    elif request.POST.get("action") == "stop":
        releases.stop(shown, member.user, why)
        messages.success(
            request, _("It is stopped: the version that serves answers each call.")
        )
