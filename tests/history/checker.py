"""Judge a history: pure functions of what clients saw and of how things ended.

Every check returns sentences; no sentence means no violation. An operation whose
outcome is unknown may have happened once or not at all.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final as Constant

from tests.history.record import Final, Loan, Op, Vote

# A lease may pass an entry that another one holds locked; a paused or killed
# process holds its locks until it goes on, or until its connection is seen to end.
SLACK: Constant = 15.0
LIVE: Constant = ("leased", "answered")
# So far each generation of the queue ranks before the one before.
APART: Constant = 1e7


def check(history: Sequence[Op], final: Final) -> list[str]:
    """Return every violation."""
    checks: list[Callable[[Sequence[Op], Final], Iterable[str]]] = [
        each_answer_exactly_once,
        no_server_errors,
        leases_never_forgotten,
        no_more_than_asked,
        versions_never_lost,
        never_twice_to_one_person,
        never_above_overlap,
        never_lent_above_overlap,
        higher_ranked_first,
        counters_equal_recounts,
        events_tell_all,
        labels_follow_votes,
        retrains_once_per_threshold,
        nothing_left_undone,
    ]
    return [f"{one.__name__}: {said}" for one in checks for said in one(history, final)]


def _of(history: Iterable[Op], kind: str, *outcomes: str) -> Iterator[Op]:
    return (op for op in history if op.kind == kind and op.outcome in outcomes)


def each_answer_exactly_once(history: Sequence[Op], final: Final) -> Iterator[str]:
    """An acknowledged answer is one row, an unknown one at most one, a refused none."""
    rows: dict[str, list[Vote]] = defaultdict(list)
    for vote in final.votes:
        rows[vote.client_id].append(vote)
    late = {client_id for kind, _, client_id, _ in final.events if kind == "late"}
    told: dict[str, list[Op]] = defaultdict(list)
    for op in history:
        if op.kind == "submit":
            told[op.sent["client_id"]].append(op)
    for client_id, ops in told.items():
        found = rows.pop(client_id, [])
        acknowledged = [op for op in ops if op.outcome == "ok"]
        if len(found) > 1:
            yield f"{client_id} is {len(found)} rows"
        if acknowledged and not found:
            yield f"{client_id} was acknowledged and is lost"
        for op in acknowledged:
            if found and op.got["id"] != found[0].id:
                yield f"{client_id} was acknowledged as {op.got['id']}, is {found[0].id}"
        if sum(op.status == 201 for op in acknowledged) > 1:
            yield f"{client_id} was new twice"
        if found and (found[0].item, found[0].user) != (
            ops[0].sent["item"],
            ops[0].user,
        ):
            yield f"{client_id} went to another item or person"
        is_refused = all(op.outcome == "refused" for op in ops)
        if is_refused and found:
            yield f"{client_id} was refused and yet is a row"
        if is_refused and any(op.status == 409 for op in ops) and client_id not in late:
            yield f"{client_id} was refused with 409 and its work is not kept"
    for client_id in rows:
        yield f"{client_id} is a row that nobody sent"
    for op in _of(history, "mismatch", "ok"):
        yield f"{op.sent['client_id']} was taken with two bodies"


def no_server_errors(history: Sequence[Op], final: Final) -> Iterator[str]:
    """Whatever was killed, the answer is a reason to try again, never a 500."""
    del final
    for status, count in Counter(op.status for op in history).items():
        if status >= 500 and status != 503:
            example = next(op for op in history if op.status == status)
            yield f"{count} answers of {status}, the first to {example.kind}"


def leases_never_forgotten(history: Sequence[Op], final: Final) -> Iterator[str]:
    """What was lent is known ever after, whatever was killed."""
    del final
    for op in _of(history, "submit", "refused"):
        if op.status == 404:
            yield f"assignment {op.sent['assignment']} was lent and is unknown"


def no_more_than_asked(history: Sequence[Op], final: Final) -> Iterator[str]:
    """Who asks for so many items gets no more, however many they hold."""
    del final
    for op in _of(history, "lease", "ok"):
        if len(op.got["items"]) > op.sent["count"]:
            got = len(op.got["items"])
            yield f"{op.user} asked for {op.sent['count']} items and got {got}"


def versions_never_lost(history: Sequence[Op], final: Final) -> Iterator[str]:
    """Each acknowledged change raised the version by one, and no two the same one."""
    rows = {vote.id: vote for vote in final.votes}
    sure: dict[int, list[Op]] = defaultdict(list)
    unsure: Counter[int] = Counter()
    for op in history:
        if op.kind in ("edit", "undo"):
            if op.outcome == "ok":
                sure[op.sent["annotation"]].append(op)
            elif op.outcome == "unknown":
                unsure[op.sent["annotation"]] += 1
    for number, row in rows.items():
        changes = sure.get(number, [])
        least, most = len(changes), len(changes) + unsure[number]
        if not least <= row.version - 1 <= most:
            yield f"vote {number}: version {row.version} after {least} to {most} changes"
        for version, count in Counter(op.sent["version"] for op in changes).items():
            if count > 1:
                yield f"vote {number}: version {version} was changed {count} times"
        newest = max(changes, key=lambda op: op.sent["version"], default=None)
        if newest is None or row.version != newest.sent["version"] + 1:
            continue
        if newest.kind == "edit" and row.labels != tuple(newest.sent["labels"]):
            yield f"vote {number} is {row.labels}, not as edited last"
        if (newest.kind == "undo") != row.is_undone:
            yield f"vote {number} is not as changed last"
    for number in sure.keys() - rows.keys():
        yield f"vote {number} was changed and is lost"


def never_twice_to_one_person(history: Sequence[Op], final: Final) -> Iterator[str]:
    """A person has one assignment per item, and no item again after its answer."""
    pairs: dict[tuple[str, int], set[int]] = defaultdict(set)
    standing: Counter[tuple[str, int]] = Counter()
    for vote in final.votes:
        standing[vote.user, vote.item] += not vote.is_undone
    for (user, item), count in standing.items():
        if count > 1:
            yield f"{user} has {count} standing votes on item {item}"
    answered: dict[tuple[str, int], float] = {}
    reopened: dict[tuple[str, int], float] = {}
    for op in history:
        if op.kind == "submit" and op.outcome == "ok":
            key = (op.user, op.sent["item"])
            answered[key] = min(answered.get(key, math.inf), op.ended)
        if op.kind == "undo":
            key = (op.user, op.sent["item"])
            reopened[key] = min(reopened.get(key, math.inf), op.begun)
    for op in _of(history, "lease", "ok"):
        for one in op.got["items"]:
            key = (op.user, one["item"])
            pairs[key].add(one["assignment"])
            done, again = answered.get(key, math.inf), reopened.get(key, math.inf)
            if op.begun > done and again > op.ended:
                yield f"{op.user} got item {one['item']} again after answering it"
    for (user, item), assignments in pairs.items():
        if len(assignments) > 1:
            yield f"{user} has {len(assignments)} assignments of item {item}"


def never_above_overlap(history: Sequence[Op], final: Final) -> Iterator[str]:
    """In the end no item has more votes or live slots than its overlap."""
    del history
    votes = Counter(vote.item for vote in final.votes if not vote.is_undone)
    live = Counter(loan.item for loan in final.loans if loan.state in LIVE)
    slots = Counter(
        (loan.item, loan.slot) for loan in final.loans if loan.state in LIVE
    )
    for name, counts in (("votes", votes), ("live slots", live)):
        for item, count in counts.items():
            if count > final.overlap:
                yield f"item {item} has {count} {name}, overlap is {final.overlap}"
    for (item, slot), count in slots.items():
        if count > 1:
            yield f"slot {slot} of item {item} is held {count} times"


def never_lent_above_overlap(history: Sequence[Op], final: Final) -> Iterator[str]:
    """At no moment did more people surely hold or have answered an item.

    A person holds an item from the answer that lent it until they began to give it
    back, or until it could have expired; an answered one is theirs until an undo.
    """
    spans: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for item, span in _holds(history):
        if span[1] > span[0]:
            spans[item].append(span)
    for item, held in spans.items():
        edges = sorted([(a, 1) for a, _ in held] + [(b, -1) for _, b in held])
        count = 0
        for at, change in edges:
            count += change
            if count > final.overlap:
                yield f"item {item} was with {count} people at {at:.3f}"
                break


def _holds(history: Sequence[Op]) -> Iterator[tuple[int, tuple[float, float]]]:
    """Return (item, (from, until)) where a person surely had it."""
    granted: dict[int, list[tuple[float, float, float]]] = defaultdict(list)
    item_of: dict[int, int] = {}
    for op in _of(history, "lease", "ok"):
        for one in op.got["items"]:
            item_of[one["assignment"]] = one["item"]
            times = (op.ended, one["expires_at"], op.begun)
            granted[one["assignment"]].append(times)
    for op in _of(history, "submit", "ok"):
        item_of[op.sent["assignment"]] = op.sent["item"]
        granted[op.sent["assignment"]].append((op.ended, math.inf, op.begun))
    endings = _endings(history)
    for assignment, spans in granted.items():
        held: list[tuple[float, float]] = []
        for begun, until, asked in sorted(spans):
            ends = endings.get(assignment, [])
            # What ended while it was granted may have ended after that: unsure.
            if any(a <= begun and asked <= b for a, b in ends):
                continue
            end = min([until, *(a for a, _ in ends if a > begun)])
            if held and begun <= held[-1][1]:
                held[-1] = (held[-1][0], max(held[-1][1], end))
            else:
                held.append((begun, end))
        yield from ((item_of[assignment], span) for span in held)


def _endings(history: Sequence[Op]) -> dict[int, list[tuple[float, float]]]:
    """Return for each assignment during which times something may have ended it."""
    found: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for op in history:
        # Without an answer the server may come to it later.
        until = op.ended + (SLACK if op.outcome == "unknown" else 0.0)
        if op.kind in ("release", "skip", "undo"):
            found[op.sent["assignment"]].append((op.begun, until))
        for assignment in op.got.get("expired", ()):
            found[assignment].append((op.begun, until))
    return found


def higher_ranked_first(history: Sequence[Op], final: Final) -> Iterator[str]:
    """Nobody got an item while one ranked higher lay free for longer than ``SLACK``.

    Looks at slots that were lent once, of items where nothing ended early: of these
    it is sure that they lay in the queue from its making until they were lent.
    """
    del history
    moved = {
        item
        for kind, _, _, item in final.events
        if kind in ("expired", "released", "skipped", "undone", "edited")
    }
    lent = Counter((loan.item, loan.slot) for loan in final.loans)
    touched: dict[str, set[int]] = defaultdict(set)
    queues: dict[tuple[int, bool], list[Loan]] = defaultdict(list)
    for loan in final.loans:
        touched[loan.user].add(loan.item)
        is_sure = lent[loan.item, loan.slot] == 1 and loan.item not in moved
        if is_sure and loan.generation and loan.rank is not None:
            # What has a vote already ranks below zero, among the further votes.
            is_first = loan.slot == 0 and loan.rank >= -loan.generation * APART
            queues[loan.generation, is_first].append(loan)
    for queue in queues.values():
        queue.sort(key=lambda loan: loan.rank or 0.0)
        # The entry ranked before the present one that was lent last of all.
        latest: Loan | None = None
        for loan in queue:
            if (
                latest is not None
                and latest.leased_at > loan.leased_at + SLACK
                and latest.rank != loan.rank
                and latest.item not in touched[loan.user]
            ):
                yield (
                    f"item {loan.item} (rank {loan.rank}) was lent "
                    f"{latest.leased_at - loan.leased_at:.1f} s before "
                    f"item {latest.item} (rank {latest.rank})"
                )
            if latest is None or loan.leased_at > latest.leased_at:
                latest = loan


def counters_equal_recounts(history: Sequence[Op], final: Final) -> Iterator[str]:
    """The counters say what counting says."""
    del history
    standing = Counter(vote.item for vote in final.votes if not vote.is_undone)
    kinds = Counter(kind for kind, *_ in final.events)
    flags = Counter(item for kind, _, _, item in final.events if kind == "flagged")
    recount = {
        "votes": standing.total(),
        "skips": kinds["skipped"],
        "flags": kinds["flagged"],
        "confident": sum(item.was_labeled for item in final.items),
    }
    for name, count in recount.items():
        if final.counters[name] != count:
            yield f"{name}: counter {final.counters[name]}, recount {count}"
    for item in final.items:
        if item.votes != standing[item.id]:
            yield f"item {item.id} says {item.votes} votes, has {standing[item.id]}"
        if item.flags != flags[item.id]:
            yield f"item {item.id} says {item.flags} flags, has {flags[item.id]}"


def events_tell_all(history: Sequence[Op], final: Final) -> Iterator[str]:
    """Each vote, edit and undo is one event."""
    del history
    found = Counter((kind, number) for kind, number, *_ in final.events)
    for vote in final.votes:
        if found["voted", vote.id] != 1:
            yield f"vote {vote.id} has {found['voted', vote.id]} events"
        changes = found["edited", vote.id] + found["undone", vote.id]
        if changes != vote.version - 1:
            yield f"vote {vote.id}: {changes} events of changes, version {vote.version}"


def labels_follow_votes(history: Sequence[Op], final: Final) -> Iterator[str]:
    """What an item is follows from its votes: settled, disputed or still open."""
    del history
    votes: dict[int, list[tuple[str, ...]]] = defaultdict(list)
    for vote in final.votes:
        if not vote.is_undone:
            votes[vote.item].append(tuple(sorted(vote.labels)))
    for item in final.items:
        given = votes[item.id]
        top, count = next(iter(Counter(given).most_common(1)), ((), 0))
        share = count / len(given) if given else 0.0
        is_clear = len(given) >= final.min_votes and share >= final.confidence
        wanted = "settled" if is_clear else "open"
        if not is_clear and len(given) >= final.overlap:
            wanted = "disputed"
        if item.state != wanted:
            yield f"item {item.id} is {item.state}; its votes make it {wanted}: {given}"
        if (item.label is not None) != is_clear or (is_clear and item.label != top):
            yield f"item {item.id} has label {item.label}; its votes are {given}"


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
