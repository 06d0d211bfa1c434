"""One look at an online test: new pairs, the traffic, and what follows from them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as noop

from activelearn.core import sequential
from activelearn.core.sequential import PairedEvidence
from activelearn.models import OnlineCall, OnlineLook, OnlineTest
from activelearn.models.online import ArmTraffic, OnlinePair
from activelearn.services.online import outcomes, pairs
from activelearn.services.versions import guards, releases
from labeling.errors import ConflictError
from labeling.messages import Message
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import lock_project


def look(progress: Progress) -> dict[str, Any]:
    """Take in what is new of the project's test, and decide; run twice, it decides once.

    The pairs are made before the lock, the decision behind it and in one transaction with
    them. What cannot be computed with ends the test without a result. Raises what
    ``Progress.report`` raises, NotFoundError where the project has been deleted, and
    ConflictError, DamagedFileError or InvalidInputError where what follows is refused.
    """
    project = progress.job.project
    test = releases.running(project.pk) if project else None
    if test is None:
        return {}
    progress.report(done=0, total=2, stage=noop("scoring"))
    refusal: Message | None = outcomes.why_over(test)
    new: list[OnlinePair] = []
    try:
        if refusal is None:
            new = pairs.fresh(test, progress)
    except ConflictError as error:
        refusal = error.message
    with transaction.atomic():
        progress.report(done=1, stage=noop("gate"))
        lock_project(test.project_id)
        current = releases.running(test.project_id)
        # Somebody has ended it meanwhile, or an attempt that was thought dead was quicker.
        if current is None or current.pk != test.pk or current.seen.n != test.seen.n:
            return {}
        if refusal := refusal or outcomes.why_over(current):
            releases.finish(current, OnlineTest.Verdict.NO_RESULT, refusal)
        else:
            _take_in(current, new)
            # In the same transaction: no evidence is kept that has not been judged.
            _decide(current)
        progress.report(done=2, stage=noop("done"))
    return {"items": len(new), "verdict": current.verdict}


def _take_in(test: OnlineTest, new: list[OnlinePair]) -> None:
    """Keep new pairs as a look, and count the calls."""
    signs = [pairs.outcome(pair) for pair in new]
    seen = sequential.paired(signs, test.seen)
    test.evidence = asdict(seen)
    test.traffic = {
        side: msgspec.to_builtins(traffic)
        for side, traffic in zip(
            ("champion", "challenger"), _counted(test), strict=True
        )
    }
    test.looked_at = timezone.now()
    test.save(update_fields=["evidence", "traffic", "looked_at"])
    # One look of each share at least: the picture has a step for it.
    if new or not test.looks.filter(share=test.share).exists():
        OnlineLook.objects.create(
            test=test,
            share=test.share,
            pairs=msgspec.to_builtins(new),
            **_figures(seen),
        )


def _figures(seen: PairedEvidence) -> dict[str, Any]:
    return {
        "items": seen.n,
        "better": seen.better,
        "worse": seen.worse,
        "benefit": seen.benefit,
        "harm": seen.harm,
    }


def _counted(test: OnlineTest) -> tuple[ArmTraffic, ArmTraffic]:
    """Return the traffic of both, and delete the calls that are in it."""
    # Locked first: what comes in meanwhile is counted by the next look.
    known = list(
        OnlineCall.objects.filter(test=test).select_for_update().order_by("pk")
    )
    arms = {side: test.traffic_of(is_challenger=side) for side in (False, True)}
    for call in known:
        arms[call.is_challenger] += ArmTraffic(
            1, call.items, call.reviews, call.errors, call.seconds
        )
    OnlineCall.objects.filter(pk__in=[call.pk for call in known]).delete()
    return arms[False], arms[True]


def _decide(test: OnlineTest) -> None:
    """End the test, or take its next step, where its evidence says so."""
    old, mine = (test.traffic_of(is_challenger=side) for side in (False, True))
    # First: a guard is about what happens now, labels may take days.
    if why := guards.broken(old, mine):
        releases.finish(test, OnlineTest.Verdict.GUARD, why)
    elif test.kind == OnlineTest.Kind.CANARY:
        _follow_canary(test, mine)
    else:
        verdict = (
            outcomes.of_reviews(test, old, mine)
            if test.metric == OnlineTest.Metric.REVIEWS
            else outcomes.of_pairs(test)
        )
        _conclude(test, verdict)


def _follow_canary(test: OnlineTest, mine: ArmTraffic) -> None:
    """Stop a canary that people's labels prove worse, or let it answer more."""
    # Not where it is proved better: the steps are there for errors and latency.
    if test.seen.verdict(test.alpha) == "worse":
        _conclude(test, OnlineTest.Verdict.WORSE)
    elif is_step_over(test, mine.calls):
        _won(test, lambda: releases.step_on(test, mine.calls, outcomes.words(test)))
    elif outcomes.is_late(test):
        _conclude(test, OnlineTest.Verdict.CANNOT_TELL)


def is_step_over(test: OnlineTest, calls: int) -> bool:
    """Whether a canary has answered as many calls for as long as its step asks for."""
    lasted = timezone.now() - test.stepped_at
    is_long = lasted >= timedelta(hours=test.step_hours)
    return is_long and calls - test.step_from >= test.step_calls


def _conclude(test: OnlineTest, verdict: str) -> None:
    if verdict == OnlineTest.Verdict.BETTER:
        _won(test, lambda: releases.succeed(test, outcomes.words(test)))
    elif verdict:
        releases.finish(test, verdict, outcomes.words(test, verdict))


def _won(test: OnlineTest, act: Any) -> None:
    """Do what follows a success; where its file cannot be computed with, it has no result."""
    try:
        with transaction.atomic():
            act()
    except ConflictError as refusal:
        test.refresh_from_db()
        releases.finish(test, OnlineTest.Verdict.NO_RESULT, refusal.message)
