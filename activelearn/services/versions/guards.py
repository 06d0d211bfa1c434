"""The guards of a canary: errors, latency and review rate, whatever the labels say later."""

from __future__ import annotations

from typing import Final

from django.db.models import Count, Sum

from activelearn.core import sequential
from activelearn.models import OnlineCall, OnlineTest
from activelearn.models.online import ArmTraffic
from labeling.messages import Message, message

# Calls that failed, and their share beyond the champion's.
MOST_ERRORS: Final = 3
ERROR_RATE: Final = 0.01
# How many times as slow, and how many seconds for each item; both after some calls.
SLOWER: Final = 3.0
SECONDS: Final = 0.02
CALLS: Final = 30
# By so much more of the items that go to people, proved at this error.
REVIEW_RATE: Final = 0.1
REVIEW_ALPHA: Final = 0.01


def traffic_now(test: OnlineTest) -> tuple[ArmTraffic, ArmTraffic]:
    """Return what champion and challenger have answered, counted yet or not."""
    sums = (Sum(name) for name in ("items", "reviews", "errors", "seconds"))
    rows = OnlineCall.objects.filter(test=test).values_list("is_challenger")
    new = {side: ArmTraffic(*row) for side, *row in rows.annotate(Count("pk"), *sums)}
    old, mine = (
        test.traffic_of(is_challenger=side) + new.get(side, ArmTraffic())
        for side in (False, True)
    )
    return old, mine


def broken(champion: ArmTraffic, challenger: ArmTraffic) -> Message | None:
    """Return which guard breaks, in words; None where all hold."""
    if _fails(champion, challenger):
        return message(
            "%(errors)s of the %(calls)s calls to it failed; the one that serves answered them",
            errors=challenger.errors,
            calls=challenger.calls,
        )
    if _is_slow(champion, challenger):
        return message(
            "it takes %(slow)s ms for an item, the one that serves %(quick)s ms",
            slow=round(1000 * challenger.each, 1),
            quick=round(1000 * champion.each, 1),
        )
    if _asks_more(champion, challenger):
        return message(
            "it leaves %(more)s of its %(items)s items to people, the one that serves %(less)s of %(others)s",
            more=challenger.reviews,
            items=challenger.items,
            less=champion.reviews,
            others=champion.items,
        )
    return None


def _fails(champion: ArmTraffic, challenger: ArmTraffic) -> bool:
    if challenger.errors < MOST_ERRORS:
        return False
    # Where the database is slow or away, both fail: that is not the challenger's fault.
    usual = champion.errors / champion.calls if champion.calls else 0.0
    return challenger.errors / challenger.calls > usual + ERROR_RATE


def _is_slow(champion: ArmTraffic, challenger: ArmTraffic) -> bool:
    if min(champion.calls, challenger.calls) < CALLS:
        return False
    # Both: of a tenth of a millisecond three times as much matters to nobody.
    by = challenger.each - champion.each
    return challenger.each > SLOWER * champion.each and by > SECONDS


def _asks_more(champion: ArmTraffic, challenger: ArmTraffic) -> bool:
    if not champion.items or not challenger.items:
        return False
    # Large and proved: a little more matters to nobody, and much may be luck.
    more = challenger.reviews / challenger.items - champion.reviews / champion.items
    proof = sequential.unpaired(champion.reviewed, challenger.reviewed, REVIEW_RATE)
    return more > REVIEW_RATE and proof >= sequential.limit(REVIEW_ALPHA)
