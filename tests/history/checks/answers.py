"""What people said is kept: each answer, change and act once, and what follows from them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tests.history.record import Final, Op, Vote, grants, of

Labels = tuple[str, ...]
# What an act is called in the history of its item.
EVENTS = {
    "edit": "edited",
    "undo": "undone",
    "flag": "flagged",
    "skip": "skipped",
    "release": "released",
}


def each_answer_exactly_once(history: Sequence[Op], final: Final) -> Iterator[str]:
    """An acknowledged answer is one row, an unknown one at most one, a refused none."""
    rows: dict[str, list[Vote]] = defaultdict(list)
    for vote in final.votes:
        rows[vote.client_id].append(vote)
    late = {event.client_id for event in final.events if event.kind == "late"}
    told: dict[str, list[Op]] = defaultdict(list)
    for op in history:
        if op.kind == "submit":
            told[op.sent["client_id"]].append(op)
    for client_id, ops in told.items():
        kept = rows.pop(client_id, [])
        acknowledged = [op for op in ops if op.outcome == "ok"]
        if len(kept) > 1:
            yield f"{client_id} is {len(kept)} rows"
        if acknowledged and not kept:
            yield f"{client_id} was acknowledged and is lost"
        for op in acknowledged:
            if kept and op.got["id"] != kept[0].id:
                yield f"{client_id} was acknowledged as {op.got['id']}, is {kept[0].id}"
        if sum(op.status == 201 for op in acknowledged) > 1:
            yield f"{client_id} was new twice"
        if kept and (kept[0].item, kept[0].user) != (
            ops[0].sent["item"],
            ops[0].user,
        ):
            yield f"{client_id} went to another item or person"
        is_refused = all(op.outcome == "refused" for op in ops)
        if is_refused and kept:
            yield f"{client_id} was refused and yet is a row"
        if is_refused and any(op.status == 409 for op in ops) and client_id not in late:
            yield f"{client_id} was refused with 409 and its work is not kept"
    for client_id in rows:
        yield f"{client_id} is a row that nobody sent"
    for op in of(history, "mismatch", "ok"):
        yield f"{op.sent['client_id']} was taken with two bodies"


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


def counters_equal_recounts(history: Sequence[Op], final: Final) -> Iterator[str]:
    """The counters say what counting says."""
    del history
    standing = Counter(vote.item for vote in final.votes if not vote.is_undone)
    kinds = Counter(event.kind for event in final.events)
    flags = Counter(event.item for event in final.events if event.kind == "flagged")
    recount = {
        "votes": standing.total(),
        "skips": kinds["skipped"],
        "flags": kinds["flagged"],
        "confident": sum(item.was_labeled for item in final.items),
        "corrected": sum(item.corrections for item in final.items),
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
    told = Counter((event.kind, event.annotation) for event in final.events)
    for vote in final.votes:
        if told["voted", vote.id] != 1:
            yield f"vote {vote.id} has {told['voted', vote.id]} events"
        changes = told["edited", vote.id] + told["undone", vote.id]
        if changes != vote.version - 1:
            yield f"vote {vote.id}: {changes} events of changes, version {vote.version}"


def acts_leave_their_events(history: Sequence[Op], final: Final) -> Iterator[str]:
    """An acknowledged act is an event, an unknown one at most one; no event is more.

    Each edit, undo and flag is an event of its own. A skip or a release of what was
    given back already is acknowledged, too, and changes nothing.
    """
    counted: Counter[tuple[str, int]] = Counter()
    for event in final.events:
        if event.kind in EVENTS.values():
            counted[event.kind, event.annotation or event.assignment or 0] += 1
    told: dict[tuple[str, int], list[Op]] = defaultdict(list)
    for op in history:
        is_late = op.kind == "release" and op.got.get("state", "released") != "released"
        if op.kind in EVENTS and op.outcome != "refused" and not is_late:
            what = op.sent.get("annotation") or op.sent["assignment"]
            told[EVENTS[op.kind], what].append(op)
    lent = grants(history)
    undone = Counter(
        event.assignment for event in final.events if event.kind == "undone"
    )
    for kind, what in told.keys() | counted.keys():
        ops, count = told[kind, what], counted[kind, what]
        sure = [op for op in ops if op.outcome == "ok"]
        least, most = len(sure), len(ops)
        if kind == "skipped":
            # Only what was answered after all and taken back is skipped anew.
            least, most = min(least, 1), min(most, 1 + undone[what])
        elif kind == "released":
            least = _turns(sure, lent[what])
        if not least <= count <= most:
            yield f"{what} is {kind} {count} times, not {least} to {most} times"


def _turns(releases: Sequence[Op], lent: Sequence[Op]) -> int:
    """Return how often something was given back for sure: it was lent in between."""
    count, after = 0, 0.0
    for op in sorted(releases, key=lambda op: op.begun):
        if not count or any(
            after < lease.begun and lease.ended < op.begun for lease in lent
        ):
            count, after = count + 1, op.ended
    return count


def verdict(
    given: Sequence[Labels], overlap: int, min_votes: int, confidence: float, known: int
) -> tuple[str, Labels | None]:
    """Return what votes make of an item, settled, disputed or still open, and its label.

    known: among how many labels people choose who are right four times in five; 0 where
    the share of the votes decides.
    """
    if known:
        return _by_likelihood(Counter(given), (overlap, min_votes, confidence), known)
    label, count = next(iter(Counter(given).most_common(1)), (None, 0))
    if given and len(given) >= min_votes and count / len(given) >= confidence:
        return "settled", label
    return "disputed" if len(given) >= overlap else "open", None


def _by_likelihood(
    counts: Counter[Labels], policy: tuple[int, int, float], known: int
) -> tuple[str, Labels | None]:
    overlap, least, confidence = policy
    (label, best), (_, second) = (*counts.most_common(2), (None, 0), (None, 0))[:2]
    missing = max(overlap, counts.total()) - counts.total()

    def likely(more: int) -> float:
        # A vote makes its label .8 / (.2 / (known - 1)) times as likely as another.
        odds = {name: (4 * (known - 1)) ** count for name, count in counts.items()}
        odds[label or ()] *= (4 * (known - 1)) ** more
        return odds[label or ()] / (sum(odds.values()) + known - len(odds))

    if counts.total() < least:
        return "open", None
    if best > second and (likely(0) >= confidence or max(overlap, best) == 1):
        return "settled", label
    return "open" if missing and likely(missing) >= confidence else "disputed", None


def labels_follow_votes(history: Sequence[Op], final: Final) -> Iterator[str]:
    """What an item is follows from its votes: settled, disputed or still open."""
    del history
    policy = final.overlap, final.min_votes, final.confidence, final.known
    votes: dict[int, list[Labels]] = defaultdict(list)
    for vote in final.votes:
        if not vote.is_undone:
            votes[vote.item].append(tuple(sorted(vote.labels)))
    for item in final.items:
        given = votes[item.id]
        state, label = verdict(given, *policy)
        if item.is_held_out and final.evaluation_votes > 1 and len(set(given)) > 1:
            # An expert decides, however sure one of the votes is.
            state, label = "disputed", None
        if item.state != state:
            yield f"item {item.id} is {item.state}; its votes make it {state}: {given}"
        if item.label != label:
            yield f"item {item.id} has label {item.label}; its votes are {given}"
