"""A lease under measure: flat in items and in one's own past, and beside batch work."""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.row import SCALE, row

if TYPE_CHECKING:
    from labeling.models import Membership, Project

ROOT = Path(__file__).resolve().parents[1]
MANY = max(5000, int(1_000_000 * SCALE))
OWN = max(1000, int(20_000 * SCALE))
SKIPS = max(500, int(4000 * SCALE))
GOLD = max(200, int(2000 * SCALE))
LEASES = max(60, int(400 * min(1, SCALE)))
FLAT, BUSY = 1.2, 1.3
CROWD = 20
# An export or a rescore of everything from its beginning to its end.
WHOLE = 20 * min(1, SCALE)


def _times(
    *whose: Membership, count: int = LEASES, seconds: float = 0
) -> list[list[float]]:
    """Lease and answer in turns, so often and so long; return milliseconds per lease."""
    from labeling.services.projects import members
    from labeling.services.queue.lease import lease
    from labeling.services.votes import submit

    taken: list[list[float]] = [[] for _ in whose]
    until = time.monotonic() + seconds
    for number in itertools.count():
        if number >= count + 20 and time.monotonic() > until:
            break
        for mine, person in zip(taken, whose, strict=True):
            # As each request does.
            who = members.membership(person.user, person.project.slug)
            start = time.perf_counter()
            lent = lease(who, 1)
            spent = 1000 * (time.perf_counter() - start)
            if number >= 20:
                mine.append(spent)
            vote = submit.VoteDraft(lent.assignments[0].pk, ("x",), uuid.uuid4())
            submit.submit(who, vote)
    return taken


def _median_and_p99(times: list[float]) -> str:
    ordered = sorted(times)
    return (
        f"{statistics.median(ordered):.2f} ms"
        f" (p99 {ordered[int(0.99 * len(ordered))]:.1f})"
    )


def _ratio(
    name: str, times: list[list[float]], target: float, words: tuple[str, str]
) -> dict[str, Any]:
    big, small = times
    value = statistics.median(big) / statistics.median(small)
    detail = f"{words[0]} {_median_and_p99(big)}, {words[1]} {_median_and_p99(small)}"
    return row(name, value, "×", target, detail)


def _lease_at_a_million() -> list[dict[str, Any]]:
    from bench import fill

    small, large = fill.project(1000), fill.project(MANY)
    for project in (small, large):
        fill.rank(project, 20_000)
    times = _times(fill.person(large), fill.person(small))
    words = (f"{MANY:,} items", "1,000 items")
    return [_ratio("lease-1m", times, FLAT, words)]


def _lease_after_own_past() -> list[dict[str, Any]]:
    from bench import fill

    project = fill.project(OWN + 4 * LEASES)
    old, new = fill.person(project), fill.person(project)
    fill.answer(old, OWN)
    fill.rank(project, 20_000)
    words = (f"after {OWN:,} own labels", "after none")
    return [_ratio("lease-own-past", _times(old, new), FLAT, words)]


def _lease_after_own_past_with_overlap() -> list[dict[str, Any]]:
    """The head of the further votes is full of what the person has answered."""
    from bench import fill

    project = fill.project(OWN + 8 * LEASES, overlap=2)
    old, new = fill.person(project), fill.person(project)
    fill.answer(old, OWN)
    fill.rank(project, OWN + 8 * LEASES)
    words = (f"after {OWN:,} own labels, two votes per item", "after none")
    return [_ratio("lease-own-past-overlap", _times(old, new), FLAT, words)]


def _lease_after_own_past_with_a_quota() -> list[dict[str, Any]]:
    from bench import fill

    project = fill.project(OWN + 4 * LEASES)
    old, new = (fill.person(project, quota=2 * OWN) for _ in range(2))
    fill.answer(old, OWN)
    fill.rank(project, 20_000)
    words = (f"with a quota after {OWN:,} own labels", "after none")
    return [_ratio("lease-own-past-quota", _times(old, new), FLAT, words)]


def _lease_after_many_gold_questions() -> list[dict[str, Any]]:
    """Where a least skill is asked for, so that each lease looks at the person's."""
    from bench import fill

    project = fill.project(GOLD + 4 * LEASES, least_skill=0.5)
    old, new = fill.person(project), fill.person(project)
    fill.answer_gold(old, GOLD)
    fill.answer_gold(new, 10)
    fill.rank(project, 20_000)
    words = (f"with a least skill after {GOLD:,} gold questions", "after 10")
    return [_ratio("lease-own-gold", _times(old, new), FLAT, words)]


def _lease_after_own_skips() -> list[dict[str, Any]]:
    """The head of the first votes is full of what the person has skipped."""
    from bench import fill

    project = fill.project(SKIPS + 4 * LEASES)
    old, new = fill.person(project), fill.person(project)
    fill.skip(old, SKIPS)
    fill.rank(project, 20_000)
    words = (f"after {SKIPS:,} own skips", "after none")
    return [_ratio("lease-own-skips", _times(old, new), FLAT, words)]


def _lease_past_the_work_of_others() -> list[dict[str, Any]]:
    """A quarter of the queue, its head, is of held-out items that experts label."""
    from bench import fill
    from labeling.models import Item

    whose = []
    for others in (OWN // 4, 0):
        project = fill.project(OWN, evaluation_by=["expert"])
        head = Item.objects.filter(project=project).order_by("pk")[:others]
        Item.objects.filter(pk__in=head.values("pk")).update(split="evaluation")
        fill.rank(project, OWN)
        whose.append(fill.person(project))
    words = (f"{OWN // 4:,} of {OWN:,} for other roles and ahead", "none")
    return [_ratio("lease-others-work", _times(*whose), FLAT, words)]


def _lease_while_busy() -> list[dict[str, Any]]:
    from bench import fill

    project = fill.project(MANY)
    crowd = [fill.person(project) for _ in range(CROWD)]
    results = []
    for name in ("export", "rescore", "deletion"):
        fill.rank(project, 20_000)
        idle = _times(*crowd, count=LEASES // CROWD)
        with _beside(name, project):
            busy = _times(*crowd, seconds=WHOLE)
        idle += _times(*crowd, count=LEASES // CROWD)
        words = (f"during {name}, {MANY:,} items, {CROWD} people", "before and after")
        times = [list(itertools.chain(*series)) for series in (busy, idle)]
        results.append(_ratio(f"lease-during-{name}", times, BUSY, words))
    return results


@contextmanager
def _beside(work: str, project: Project) -> Iterator[None]:
    """Let another process repeat a piece of batch work."""
    words = [sys.executable, "-m", "bench.lease", work, str(project.pk)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as busy:
        if busy.stdout is None or not busy.stdout.readline():
            raise RuntimeError(f"{work} did not start")
        try:
            yield
            if busy.poll() is not None:
                raise RuntimeError(f"{work} has ended too early")
        finally:
            busy.kill()


def _work(name: str, project_id: int) -> None:
    """Do it again and again: export everything, rescore it all, or delete some."""
    import django

    django.setup()
    from bench import fill
    from labeling.models import Item, Project
    from labeling.services.projects import removal
    from labeling.services.transfer import exporting, predictions

    project = Project.objects.get(pk=project_id)
    sys.stdout.write("started\n")
    sys.stdout.flush()
    while True:
        if name == "deletion":
            # In the queue too, but behind what is lent while it is measured.
            items = Item.objects.filter(project=project, state="open").order_by("pk")
            ids = items.values_list("pk", flat=True)[10 * LEASES :][: removal.CHUNK]
            removal.delete_now(project, list(ids))
        elif name == "export":
            for _ in exporting.stream(project, "jsonl", {}):
                pass
        else:
            ids = Item.objects.filter(project=project).values_list("pk", flat=True)
            scores = ((pk, "x", 0.5) for pk in ids.iterator(20_000))
            predictions.publish(project_id, 1, scores)
            fill.rank(project, 20_000)


PARTS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "lease-1m": _lease_at_a_million,
    "lease-own-past": _lease_after_own_past,
    "lease-own-past-overlap": _lease_after_own_past_with_overlap,
    "lease-own-past-quota": _lease_after_own_past_with_a_quota,
    "lease-own-gold": _lease_after_many_gold_questions,
    "lease-own-skips": _lease_after_own_skips,
    "lease-others-work": _lease_past_the_work_of_others,
    "lease-busy": _lease_while_busy,
}

if __name__ == "__main__":
    _work(sys.argv[1], int(sys.argv[2]))
