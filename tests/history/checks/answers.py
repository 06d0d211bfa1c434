"""What people said is kept: each answer, change and act once, and what follows from them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tests.history.record import Final, Op, Vote, of


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
