"""What is learned from the answers: when, how often, and to which end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from tests.history.record import SLACK, Final, Op, Retrains, of

# The one reason for which a job may fail when nothing but its workers is at fault.
OFTEN_KILLED = "Its worker died three times."


class Count(NamedTuple):
    """How often retraining had fired at a moment, at how many labels, and its runs."""

    at: float = -math.inf
    fired: int = 0
    labels: int = 0
    runs: int = 0


def retrains_once_per_threshold(history: Sequence[Op], final: Final) -> Iterator[str]:
    """Each threshold that was passed fired once, and none is passed without firing.

    A run that waits answers for the thresholds that are passed meanwhile: so there may
    be fewer runs than thresholds, but something was trained after each.
    """
    told = final.retrains
    counted = final.counters["confident"] + final.counters["corrected"]
    if counted >= told.due_after(told.labels):
        yield f"{counted} labels, fired last at {told.labels}"
    counts = [
        Count(op.begun, *(op.got[name] for name in Count._fields[1:]))
        for op in of(history, "look", "ok")
    ]
    end = Count(math.inf, told.fired, told.labels, len(told.runs))
    for before, after in pairwise([Count(), *counts, end]):
        yield from _fired(before, after, told)
        # A run may begin while the one who has found it waiting has yet to say so.
        is_trained = any(run.started_at > before.at - SLACK for run in final.runs)
        if after.fired > before.fired and not is_trained:
            yield f"nothing was trained after {after.labels} labels were due"


def _fired(before: Count, after: Count, told: Retrains) -> Iterator[str]:
    """Say what cannot be of what was seen at two moments, one after the other."""
    fires, runs = after.fired - before.fired, told.runs[before.runs : after.runs]
    due = before.labels
    for _ in range(fires):
        due = told.due_after(due)
    if after.labels < due or (not fires and after.labels > before.labels):
        yield f"fired {fires} times from {before.labels} to {after.labels} labels"
    if len(runs) > fires:
        yield f"{len(runs)} runs, though fired only {fires} times"
    new = after.labels - before.labels
    if fires == 1 and runs and runs[0] != (new, due - before.labels):
        yield f"a run says {runs[0]}, {due - before.labels} were due and {new} were new"
    for known, wanted in runs:
        if known < wanted:
            yield f"a run started at {known} new labels, {wanted} were due"
    if sum(known for known, _ in runs) > new:
        yield f"the runs {runs} saw more labels than the {new} that were new"


def never_two_runs_at_once(history: Sequence[Op], final: Final) -> Iterator[str]:
    """At most one run waits and one is at work, whenever one looks."""
    del final
    for op in of(history, "look", "ok"):
        if op.got["waiting"] > 1 or op.got["running"] > 1:
            yield f"{op.got['waiting']} runs wait, {op.got['running']} are at work"


def nothing_left_undone(history: Sequence[Op], final: Final) -> Iterator[str]:
    """In the end every item is settled as far as it can be and every job has ended."""
    del history
    if left := [item.id for item in final.items if item.is_unsettled]:
        yield f"{len(left)} items wait to be settled"
    yield from (f"job {job} has not ended" for job in final.open_jobs)
    for kind, error in final.failed_jobs:
        if error != OFTEN_KILLED:
            yield f"a job {kind} failed: {error}"
