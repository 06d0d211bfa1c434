"""The verdict of an online test, and that in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.utils import timezone

from activelearn.core import sequential
from activelearn.core.intervals import Estimate
from activelearn.models import ModelVersion, OnlineTest
from activelearn.models.online import ArmTraffic
from labeling.messages import Message, message
from labeling.services.votes import relabel

# Before as many pairs nobody is told that there is no gain: the interval is wide.
FEWEST: Final = 100
_Outcome = OnlineTest.Verdict


def of_pairs(test: OnlineTest) -> str:
    """Return the verdict of what people have settled; empty where it goes on.

    Better: proved, and by as much as was declared where that is an A/B test. No gain: the
    interval of the difference, which holds at any moment, ends below the least one.
    """
    seen = test.seen
    verdict = seen.verdict(test.alpha)
    # Harm first: nobody waits for more of it.
    if verdict == "worse":
        return _Outcome.WORSE
    gain = gain_of(test)
    if seen.n >= FEWEST and gain.high < test.least:
        return _Outcome.NO_GAIN
    is_split = test.kind == OnlineTest.Kind.SPLIT
    if verdict == "better" and (not is_split or gain.value >= test.least):
        return _Outcome.BETTER
    return _Outcome.CANNOT_TELL if seen.n >= test.most or is_late(test) else ""


def of_reviews(test: OnlineTest, champion: ArmTraffic, challenger: ArmTraffic) -> str:
    """Return the verdict of how many items each leaves to people; empty where it goes on.

    Each has answered items of its own, so this needs many more than pairs do. People's
    labels may prove it worse all the same.
    """
    if test.seen.verdict(test.alpha) == "worse":
        return _Outcome.WORSE
    old, mine = champion.reviewed, challenger.reviewed
    if sequential.unpaired(old, mine, test.least) >= sequential.limit(test.alpha):
        is_less = mine.hits * old.n < old.hits * mine.n
        return _Outcome.BETTER if is_less else _Outcome.WORSE
    is_over = min(old.n, mine.n) >= test.most or is_late(test)
    return _Outcome.CANNOT_TELL if is_over else ""


def gain_of(test: OnlineTest) -> Estimate:
    """Return the difference in accuracy so far, with an interval that holds at any look."""
    return sequential.difference(test.seen, test.alpha)


def is_late(test: OnlineTest) -> bool:
    """Whether a test has gone on for all its days."""
    return timezone.now() - test.started_at >= timedelta(days=test.days)


def words(test: OnlineTest, verdict: str = _Outcome.BETTER) -> Message:
    """Return what a test has found, with its figures."""
    seen, gain = test.seen, gain_of(test)
    if test.metric == OnlineTest.Metric.REVIEWS and verdict != _Outcome.CANNOT_TELL:
        return _words_of_reviews(test)
    if verdict == _Outcome.CANNOT_TELL and not seen.n:
        return message("nothing was settled in its time that chance had drawn")
    return message(
        "of %(items)s items that people settled, the new version alone has %(better)s right and the other alone %(worse)s: accuracy %(gain)s (%(low)s to %(high)s)",
        items=seen.n,
        better=seen.better,
        worse=seen.worse,
        gain=round(gain.value, 3),
        low=round(gain.low, 3),
        high=round(gain.high, 3),
    )


def _words_of_reviews(test: OnlineTest) -> Message:
    old, mine = (test.traffic_of(is_challenger=side) for side in (False, True))
    return message(
        "the new version leaves %(more)s of %(items)s items to people, the other %(less)s of %(others)s",
        more=mine.reviews,
        items=mine.items,
        less=old.reviews,
        others=old.items,
    )


def why_over(test: OnlineTest) -> Message | None:
    """Return what ends a test without a result; None where it goes on."""
    return next(_ends(test), None)


def _ends(test: OnlineTest) -> Iterator[Message]:
    champion, challenger = test.champion, test.challenger
    # Read anew: the caller may have loaded them before a promotion.
    champion.refresh_from_db(fields=["stage"])
    challenger.refresh_from_db(fields=["stage"])
    if champion.stage != ModelVersion.Stage.CHAMPION:
        yield message("version %(number)s does not serve now", number=champion.number)
    if challenger.stage not in (ModelVersion.Stage.SHADOW, ModelVersion.Stage.CANARY):
        number = challenger.number
        yield message("version %(number)s is not tried any more", number=number)
    if relabel.in_force(test.project_id) != test.label_set_id:
        yield message("there are other labels now")
