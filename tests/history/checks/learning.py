"""What is learned from the answers: when, how often, and to which end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.history.record import Final, Op


def retrains_once_per_threshold(history: Sequence[Op], final: Final) -> Iterator[str]:
    """Each threshold that was passed fired once, and none is passed without firing."""
    del history
    told = final.retrains
    due = told.due_after
    if final.counters["confident"] >= due(told.labels):
        yield f"{final.counters['confident']} labels, fired last at {told.labels}"
    if len(told.runs) > told.fired:
        yield f"{len(told.runs)} runs, though fired only {told.fired} times"
    if len(told.runs) < told.fired:
        return  # a run that waited has answered for two thresholds
    labels = 0
    for new, wanted in told.runs:
        if wanted != due(labels) - labels:
            yield f"{wanted} labels were due; after {labels} it is {due(labels) - labels}"
        if new < wanted:
            yield f"a run started at {new} new labels, {wanted} were due"
        labels += new
    if told.runs and labels != told.labels:
        yield f"the runs saw {labels} labels, the trigger {told.labels}"


def nothing_left_undone(history: Sequence[Op], final: Final) -> Iterator[str]:
    """In the end every item is settled as far as it can be and every job has ended."""
    del history
    if left := [item.id for item in final.items if item.is_unsettled]:
        yield f"{len(left)} items wait to be settled"
    yield from (f"job {job} has not ended" for job in final.open_jobs)
