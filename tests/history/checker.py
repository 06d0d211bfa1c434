"""Judge a history: pure functions of what clients saw and of how things ended.

Every check returns sentences; no sentence means no violation. An operation whose
outcome is unknown may have happened once or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from tests.history.checks import answers, learning, lending, models, order
from tests.history.record import Final, Op

Check = Callable[[Sequence[Op], Final], Iterable[str]]
# Of how things stand at any moment, whatever was asked before.
ALWAYS: list[Check] = [
    answers.counters_equal_recounts,
    answers.events_tell_all,
    lending.slots_held_once,
    lending.answered_by_votes,
    models.runs_are_judged_once,
]
# Of what clients were told, and of how things stand when all is quiet again.
CHECKS: list[Check] = [
    *ALWAYS,
    answers.each_answer_exactly_once,
    answers.versions_never_lost,
    answers.acts_leave_their_events,
    answers.labels_follow_votes,
    lending.leases_never_forgotten,
    lending.no_more_than_asked,
    lending.never_twice_to_one_person,
    lending.never_above_overlap,
    lending.never_lent_above_overlap,
    lending.skipped_for_good,
    lending.nothing_only_where_nothing_is,
    lending.nothing_is_left,
    order.higher_ranked_first,
    order.none_passed_over,
    learning.retrains_once_per_threshold,
    learning.never_two_runs_at_once,
    learning.nothing_left_undone,
    models.one_champion,
    models.the_last_promotion_serves,
    models.versions_hold,
    models.what_was_judged_serves,
    models.runs_asked_for_are_there,
    models.scores_are_the_champions,
]


def check(history: Sequence[Op], final: Final) -> list[str]:
    """Return every violation."""
    return _violations([no_server_errors, *CHECKS], history, final)


def check_at_any_time(now: Final) -> list[str]:
    """Return every violation in how things stand, also while they go on."""
    return _violations(ALWAYS, (), now)


def _violations(
    checks: Iterable[Check], history: Sequence[Op], final: Final
) -> list[str]:
    return [
        f"{check.__name__}: {said}"
        for check in checks
        for said in check(history, final)
    ]


def no_server_errors(history: Sequence[Op], final: Final) -> Iterator[str]:
    """Whatever was killed, the answer is a reason to try again, never a 500."""
    del final
    for status, count in Counter(op.status for op in history).items():
        if status >= 500 and status != 503:
            example = next(op for op in history if op.status == status)
            yield f"{count} answers of {status}, the first to {example.kind}"


def summary(history: Sequence[Op]) -> str:
    """Return what happened, in one line per kind of operation."""
    counts = Counter((op.kind, op.outcome) for op in history)
    kinds = sorted({kind for kind, _ in counts})
    lines = [
        f"{kind:<10}"
        + "".join(f"{counts[kind, o]:>9} {o}" for o in ("ok", "refused", "unknown"))
        for kind in kinds
    ]
    times = sorted(op.ended for op in history)
    gap = max((b - a for a, b in pairwise(times)), default=0.0)
    return "\n".join([*lines, f"longest silence {gap:.1f} s"])
