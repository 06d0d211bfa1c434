"""Who got what: never too much, never twice, never forgotten."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tests.history.record import SLACK, Final, Loan, Op, grants, of

LIVE = ("leased", "answered")
# Why a person gets nothing although there is something.
REFUSALS = ("paused", "quota", "skill")


def leases_never_forgotten(history: Sequence[Op], final: Final) -> Iterator[str]:
    """What was lent is known ever after, whatever was killed."""
    known = {loan.id: (loan.user, loan.item) for loan in final.loans}
    told = {
        (lent["assignment"], op.user, lent["item"])
        for op in of(history, "lease", "ok")
        for lent in op.got["items"]
    }
    for number, user, item in sorted(told):
        if known.get(number) != (user, item):
            yield f"{number} was item {item} for {user}, is {known.get(number)}"
    for op in of(history, "submit", "refused"):
        if op.status == 404:
            yield f"assignment {op.sent['assignment']} was lent and is unknown"


def no_more_than_asked(history: Sequence[Op], final: Final) -> Iterator[str]:
    """Who asks for so many items gets no more, however many they hold."""
    del final
    for op in of(history, "lease", "ok"):
        if len(op.got["items"]) > op.sent["count"]:
            got = len(op.got["items"])
            yield f"{op.user} asked for {op.sent['count']} items and got {got}"


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
    for op in of(history, "lease", "ok"):
        for lent in op.got["items"]:
            key = (op.user, lent["item"])
            pairs[key].add(lent["assignment"])
            done, again = answered.get(key, math.inf), reopened.get(key, math.inf)
            if op.begun > done and again > op.ended:
                yield f"{op.user} got item {lent['item']} again after answering it"
    for (user, item), assignments in pairs.items():
        if len(assignments) > 1:
            yield f"{user} has {len(assignments)} assignments of item {item}"


def never_above_overlap(history: Sequence[Op], final: Final) -> Iterator[str]:
    """In the end no item has more votes or live assignments than its overlap."""
    del history
    votes = Counter(vote.item for vote in final.votes if not vote.is_undone)
    live = Counter(loan.item for loan in final.loans if loan.state in LIVE)
    for name, counts in (("votes", votes), ("live slots", live)):
        for item, count in counts.items():
            if count > final.overlap:
                yield f"item {item} has {count} {name}, overlap is {final.overlap}"


def slots_held_once(history: Sequence[Op], final: Final) -> Iterator[str]:
    """A slot is one person's, or it waits in the queue."""
    del history
    held = [(loan.item, loan.slot) for loan in final.loans if loan.state in LIVE]
    for (item, slot), count in Counter(held + list(final.queued)).items():
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
    for op in of(history, "lease", "ok"):
        for item in op.got["items"]:
            item_of[item["assignment"]] = item["item"]
            times = (op.ended, item["expires_at"], op.begun)
            granted[item["assignment"]].append(times)
    undos = of(history, "undo", "ok", "unknown")
    undone = {op.sent["annotation"]: op.begun for op in undos}
    for op in of(history, "submit", "ok"):
        item_of[op.sent["assignment"]] = op.sent["item"]
        # One that is sent again after it was undone is recognized, and stays undone.
        is_known = op.status == 200
        if not (is_known and undone.get(op.got["id"], math.inf) < op.ended):
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
    endings: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for op in history:
        if op.kind in ("release", "skip", "undo"):
            endings[op.sent["assignment"]].append((op.begun, _until(op)))
        for assignment in op.got.get("expired", ()):
            endings[assignment].append((op.begun, op.ended))
    return endings


def _until(op: Op) -> float:
    """Return when it has happened at the latest.

    Without an answer the server may come to it later.
    """
    return op.ended + (SLACK if op.outcome == "unknown" else 0.0)


def answered_by_votes(history: Sequence[Op], final: Final) -> Iterator[str]:
    """An assignment is answered where a vote of it stands, and nowhere else."""
    del history
    standing = {vote.assignment for vote in final.votes if not vote.is_undone}
    answered = {loan.id for loan in final.loans if loan.state == "answered"}
    for number in answered - standing:
        yield f"assignment {number} is answered and has no vote"
    for number in standing - answered:
        yield f"assignment {number} has a vote and is not answered"


def skipped_for_good(history: Sequence[Op], final: Final) -> Iterator[str]:
    """What a person has skipped is never theirs again, but by an answer of their own."""
    state = {loan.id: loan.state for loan in final.loans}
    lent = grants(history)
    own: dict[int, list[Op]] = defaultdict(list)
    for op in history:
        if op.kind in ("submit", "undo") and op.outcome != "refused":
            own[op.sent["assignment"]].append(op)
    for op in of(history, "skip", "ok"):
        number = op.sent["assignment"]
        back = min(
            (loan.begun for loan in own[number] if _until(loan) > op.begun),
            default=math.inf,
        )
        if back == math.inf and state.get(number) != "skipped":
            yield f"assignment {number} was skipped and is {state.get(number)}"
        if any(op.ended < loan.begun and loan.ended < back for loan in lent[number]):
            yield f"assignment {number} was lent again after it was skipped"


def nothing_only_where_nothing_is(history: Sequence[Op], final: Final) -> Iterator[str]:
    """Nobody is told that nothing is left while an item surely lies free for them.

    That it lies free is sure long before it was lent as often as it wants votes at
    least: a lease may hold it for a moment and fail.
    """
    free = sorted(_free_until(final), key=lambda slot: -slot[0])
    for op in of(history, "lease", "ok"):
        if op.got["items"] or op.got["reason"] in REFUSALS:
            continue
        end = op.ended + SLACK
        for until, item, loans in free:
            if until <= end:
                break
            if all(loan.user != op.user or loan.leased_at > end for loan in loans):
                yield f"{op.user} was told {op.got['reason']}, and item {item} lay free"
                break


def _free_until(final: Final) -> Iterator[tuple[float, int, list[Loan]]]:
    """Return until when each item lay free for anyone new, and its loans.

    Of what was given back it is not known when it was lent first.
    """
    loans: dict[int, list[Loan]] = defaultdict(list)
    for loan in final.loans:
        loans[loan.item].append(loan)
    ends = ("expired", "released")
    given_back = {event.item for event in final.events if event.kind in ends}
    for item in final.items:
        if item.id not in given_back:
            times = sorted(loan.leased_at for loan in loans[item.id])
            taken = times[final.min_votes - 1 :]
            yield (taken or [math.inf])[0], item.id, loans[item.id]


def nothing_is_left(history: Sequence[Op], final: Final) -> Iterator[str]:
    """Who was sent home in the end has had every item that wants more votes."""
    del history
    for user in final.sent_home:
        for item in free_for(user, final):
            yield f"item {item} wants votes, and {user} was sent home"


def free_for(user: str, final: Final) -> list[int]:
    """Return the items that want more votes and that a person has not had."""
    live = Counter(loan.item for loan in final.loans if loan.state in LIVE)
    had = {
        loan.item
        for loan in final.loans
        if loan.user == user and loan.state not in ("expired", "released")
    }
    return [
        item.id
        for item in final.items
        if item.wants_votes
        and max(item.votes, live[item.id]) < item.wanted
        and item.id not in had
    ]
