"""Online tests: a new version beside the one that serves."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from activelearn import models
from activelearn.api.wire.judging.figures import Estimate
from activelearn.models.online import ArmTraffic
from activelearn.models.version import LONGEST_REASON
from activelearn.services.online import outcomes, reading
from activelearn.services.versions.plans import OnlinePlan
from labeling.api.http.fields import (
    AccountName,
    Body,
    Finished,
    Moment,
    ReplyData,
    Share,
    VersionNumber,
    about,
    checked_later,
    one_of,
    text,
)
from labeling.templatetags.localized import localized

_Row = models.OnlineTest
_Kind = Annotated[
    str,
    one_of(
        _Row.Kind.values,
        "`split` is an A/B test; a `shadow` answers no calls, a `canary` ever more.",
    ),
]
_Metric = Annotated[
    str, one_of(_Row.Metric.values, "`reviews` only where `kind` is `split`.")
]
_Follows = Annotated[
    str,
    one_of(_Row.Follows.values, "What a success leads to; `canary` after a shadow."),
]
_Least = Annotated[float, about("The smallest difference that matters, a share.")]
_Most = Annotated[int, about("Settled items after which it ends without a verdict.")]


class OnlinePlanBody(Body):
    """What is declared before a test begins; it is kept and not changed."""

    or_nothing: ClassVar = frozenset({"reason"})

    model: Annotated[
        int, checked_later(1, 2**31 - 1, "The number of the version to be tried.")
    ]
    kind: _Kind = "shadow"
    metric: _Metric = "accuracy"
    follows: _Follows = "person"
    share: Annotated[Share, about("Of the calls, in an A/B test (`split`).")] = 0.5
    least: Annotated[
        _Least, Meta(extra_json_schema={"minimum": 0.001, "maximum": 0.5})
    ] = 0.01
    most: Annotated[_Most, checked_later(20, 20_000)] = 2000
    days: Annotated[int, checked_later(1, 365, "After which it ends.")] = 14
    step_calls: Annotated[
        int, checked_later(1, 10**6, "Calls of each step of a canary.")
    ] = 100
    step_hours: Annotated[
        float, checked_later(0, 720, "Hours of each step of a canary.")
    ] = 1.0
    reason: Annotated[str, text(LONGEST_REASON, "It is kept with who and when.")] | (
        None
    ) = None


class OnlineTraffic(ReplyData):
    """What one of the two has answered."""

    calls: Annotated[int, about("Calls, or parts of them.")]
    items: Annotated[int, about("Items in these.")]
    reviews: Annotated[int, about("Of these, how many went to people.")]
    errors: Annotated[int, about("Calls that failed; the champion answered them.")]
    seconds: Annotated[float, about("In all.")]


class OnlineLook(ReplyData):
    """One look at the evidence."""

    at: Annotated[Moment, about("When it was.")]
    share: Annotated[Share, about("Of the calls that the challenger answered.")]
    items: Annotated[int, about("Settled items so far.")]
    better: Annotated[int, about("Of these, right by the challenger alone.")]
    worse: Annotated[int, about("Right by the champion alone.")]
    benefit: Annotated[
        float, about("Natural logarithm of the evidence; ln(1/alpha) proves.")
    ]
    harm: Annotated[float, about("The same for the challenger being worse.")]


class OnlineTest(ReplyData):
    """A challenger beside the champion."""

    id: Annotated[int, about("The server's number of the test.")]
    kind: _Kind
    challenger: Annotated[VersionNumber, about("The version that is tried.")]
    champion: Annotated[VersionNumber, about("The version that served then.")]
    metric: _Metric
    least: _Least
    follows: _Follows
    most: _Most
    days: Annotated[int, about("After which it ends.")]
    share: Annotated[Share, about("Of the calls that the challenger answers.")]
    items: Annotated[int, about("Settled items that both were compared on.")]
    better: Annotated[int, about("Of these, right by the challenger alone.")]
    worse: Annotated[int, about("Right by the champion alone.")]
    gain: Annotated[Estimate, about("In accuracy; it holds at any moment.")]
    verdict: Annotated[
        str, one_of(_Row.Verdict.values, "Empty while it goes on.", or_empty=True)
    ]
    explanation: Annotated[str, about("Why, in the caller's language.")]
    started_at: Annotated[Moment, about("When it began.")]
    started_by: Annotated[AccountName | None, about("Null where a gate began it.")]
    reason: Annotated[str, about("In the words of whoever began it.")]
    ended_at: Finished
    ended_by: Annotated[AccountName | None, about("Null where no person ended it.")]
    ended_reason: Annotated[str, about("In the words of whoever ended it.")]


class OnlineCourse(ReplyData):
    """A test with its course."""

    test: Annotated[OnlineTest, about("Its plan and its evidence.")]
    traffic: Annotated[
        dict[str, OnlineTraffic], about("Of `champion` and `challenger`.")
    ]
    new: Annotated[int, about("Settled items that the next look takes in.")]
    looks: Annotated[list[OnlineLook], about("The last 100, in order.")]


def plan_of(body: OnlinePlanBody) -> OnlinePlan:
    """Return the plan that was sent."""
    return OnlinePlan(
        kind=body.kind,
        metric=body.metric,
        follows=body.follows,
        share=body.share,
        least=body.least,
        most=body.most,
        days=body.days,
        step_calls=body.step_calls,
        step_hours=body.step_hours,
    )


def test_of(test: models.OnlineTest) -> OnlineTest:
    """Return a test for the wire."""
    seen, gain = test.seen, outcomes.gain_of(test)
    return OnlineTest(
        id=test.pk,
        kind=test.kind,
        challenger=test.challenger.number,
        champion=test.champion.number,
        metric=test.metric,
        least=test.least,
        follows=test.follows,
        most=test.most,
        days=test.days,
        share=test.share,
        items=seen.n,
        better=seen.better,
        worse=seen.worse,
        gain=Estimate(value=gain.value, low=gain.low, high=gain.high),
        verdict=test.verdict,
        explanation=localized(test.explanation) if test.explanation else "",
        started_at=test.started_at,
        started_by=test.started_by.username if test.started_by else None,
        reason=test.why,
        ended_at=test.ended_at,
        ended_by=test.ended_by.username if test.ended_by else None,
        ended_reason=test.ended_why,
    )


def course_of(course: reading.OnlineCourse) -> OnlineCourse:
    """Return a test with its looks for the wire."""
    arms = {"champion": course.champion, "challenger": course.challenger}
    return OnlineCourse(
        test=test_of(course.test),
        traffic={side: _traffic_of(arm) for side, arm in arms.items()},
        new=course.new,
        looks=[
            OnlineLook(
                at=look.at,
                share=look.share,
                items=look.items,
                better=look.better,
                worse=look.worse,
                benefit=look.benefit,
                harm=look.harm,
            )
            for look in course.looks
        ],
    )


def _traffic_of(arm: ArmTraffic) -> OnlineTraffic:
    return OnlineTraffic(
        calls=arm.calls,
        items=arm.items,
        reviews=arm.reviews,
        errors=arm.errors,
        seconds=arm.seconds,
    )
