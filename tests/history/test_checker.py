"""The judge is judged: a sound history passes, and each planted fault is found."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from tests.history.checker import check
from tests.history.checks import lending
from tests.history.record import Event, Final, Loan
from tests.history.sample import (
    Change,
    History,
    act,
    but,
    lease,
    of,
    op,
    passed_over,
    plus,
    sound,
    submit,
    told_nothing,
    without,
)

PLANTED: dict[str, Change] = {
    "c1 was acknowledged and is lost": lambda h, f: (
        h,
        but(f, votes=f.votes[1:]),
    ),
    "c1 is 2 rows": lambda h, f: (
        h,
        but(f, votes=(*f.votes, replace(f.votes[0], id=9))),
    ),
    "c1 was acknowledged as 1, is 9": lambda h, f: (h, of(f, "votes", 0, id=9)),
    "c1 was new twice": lambda h, f: ([*h, submit("ada", 7, 1, 1)], f),
    "c1 went to another item": lambda h, f: (h, of(f, "votes", 0, item=2)),
    "c1 was refused and yet is a row": lambda h, f: (
        [replace(h[1], outcome="refused", status=422) if o is h[1] else o for o in h],
        f,
    ),
    "c8 was refused with 409 and its work is not kept": lambda h, f: (
        [*h, replace(submit("ben", 7, 8, 2), outcome="refused", status=409, got={})],
        f,
    ),
    "assignment 8 was lent and is unknown": lambda h, f: (
        [*h, replace(submit("ben", 7, 8, 2), outcome="refused", status=404, got={})],
        f,
    ),
    "ada asked for 0 items and got 1": lambda h, f: (
        [replace(h[0], sent={"count": 0}), *h[1:]],
        f,
    ),
    "nobody sent": lambda h, f: (
        h,
        but(f, votes=(*f.votes, replace(f.votes[0], client_id="c9"))),
    ),
    "with two bodies": lambda h, f: (
        [*h, op("mismatch", "ada", 7, sent={"client_id": "c1"})],
        f,
    ),
    "1 answers of 500": lambda h, f: (
        [*h, op("lease", "ada", 7, outcome="unknown", status=500)],
        f,
    ),
    "version 1 after 1 to 1": lambda h, f: (h, of(f, "votes", 2, version=1)),
    "version 1 was changed 2 times": lambda h, f: ([*h, h[6]], f),
    "not as edited last": lambda h, f: (h, of(f, "votes", 2, labels=("x",))),
    "is not as changed last": lambda h, f: (h, of(f, "votes", 2, is_undone=True)),
    "standing votes on item 1": lambda h, f: (h, of(f, "votes", 1, user="ada")),
    "again after answering it": lambda h, f: ([*h, lease("ada", 8, 1, 1)], f),
    "assignments of item 1": lambda h, f: ([*h, lease("ada", 0, 7, 1)], f),
    "item 1 has 2 votes": lambda h, f: (h, but(f, overlap=1)),
    "slot 0 of item 1 is held 2": lambda h, f: (h, of(f, "loans", 1, slot=0)),
    "slot 1 of item 1 is held 2": lambda h, f: (h, but(f, queued=((1, 1),))),
    "item 1 was with 3 people": lambda h, f: ([*h, lease("cleo", 3.5, 9, 1)], f),
    "item 2 (rank 2.0) was lent": lambda h, f: (
        h,
        but(
            of(f, "loans", 0, leased_at=90.0, user="cleo"),
            events=without(f, "edited").events,
        ),
    ),
    "votes: counter 4, recount 3": lambda h, f: (
        h,
        but(f, counters={**f.counters, "votes": 4}),
    ),
    "confident: counter 0": lambda h, f: (
        h,
        but(f, counters={**f.counters, "confident": 0}),
    ),
    "corrected: counter 0, recount 1": lambda h, f: (
        h,
        of(f, "items", 0, corrections=1),
    ),
    "item 1 says 1 votes": lambda h, f: (h, of(f, "items", 0, votes=1)),
    "item 1 says 1 flags": lambda h, f: (h, of(f, "items", 0, flags=1)),
    "vote 1 has 0 events": lambda h, f: (h, but(f, events=f.events[1:])),
    "0 events of changes": lambda h, f: (h, without(f, "edited")),
    "4 is flagged 1 times, not 2 to 2": lambda h, f: ([*h, act("flag", 3.3)], f),
    "1 is flagged 1 times, not 0 to 0": lambda h, f: (
        h,
        plus(f, Event("flagged", 1, 1)),
    ),
    "4 is skipped 0 times": lambda h, f: (h, without(f, "skipped")),
    "4 is skipped 2 times": lambda h, f: (
        [*h, act("skip", 4)],
        plus(f, Event("skipped", 3, 4)),
    ),
    "4 is released 0 times": lambda h, f: (h, without(f, "released")),
    "4 is released 1 times, not 2 to 2": lambda h, f: (
        [*h, act("release", 4)],
        f,
    ),
    "3 is edited 1 times, not 0 to 0": lambda h, f: ([*h[:6], *h[7:]], f),
    "assignment 4 was skipped and is leased": lambda h, f: (
        h,
        of(f, "loans", 3, state="leased"),
    ),
    "lent again after it was skipped": lambda h, f: ([*h, lease("cleo", 5, 4, 3)], f),
    "assignment 1 is answered and has no vote": lambda h, f: (
        h,
        of(f, "votes", 0, is_undone=True),
    ),
    "assignment 1 has a vote and is not answered": lambda h, f: (
        h,
        of(f, "loans", 0, state="leased"),
    ),
    "ben was told all_lent, and item 2 lay free": lambda h, f: (
        [*h, told_nothing("ben", 50)],
        f,
    ),
    "item 2 wants votes, and ben was sent home": lambda h, f: (
        h,
        but(f, sent_home=("ben",)),
    ),
    "9 was item 3 for ben, is None": lambda h, f: ([*h, lease("ben", 5, 9, 3)], f),
    "its votes make it settled": lambda h, f: (
        h,
        of(f, "items", 0, state="open", label=None),
    ),
    "item 1 has label ('y',)": lambda h, f: (h, of(f, "items", 0, label=("y",))),
    "slot 0 of item 8 lay at the head": passed_over,
    "1 items wait": lambda h, f: (h, of(f, "items", 1, is_unsettled=True)),
    "job 5 learn.train has not ended": lambda h, f: (
        h,
        but(f, open_jobs=("5 learn.train",)),
    ),
}


def test_a_sound_history_has_no_violation() -> None:
    assert check(*sound()) == []


@pytest.mark.parametrize("words", PLANTED)
def test_a_planted_violation_is_found(words: str) -> None:
    violations = check(*PLANTED[words](*sound()))

    assert any(words in violation for violation in violations), violations


def test_what_nobody_saw_end_may_have_happened_or_not() -> None:
    history, final = sound()
    lost = replace(submit("ben", 7, 4, 2), outcome="unknown", status=0, got={})

    assert check([*history, lost], final) == []


def with_cleo_on_item_2(at: float) -> tuple[History, Final]:
    history, final = sound()
    loan = Loan(5, 2, "cleo", 1, "skipped", at, 2.0, 1)
    more = [lease("cleo", at, 5, 2), act("skip", at + 1, 5, 2)]
    counters = {**final.counters, "skips": 2}
    final = but(final, loans=(*final.loans, loan), counters=counters)
    return [*history, *more], plus(final, Event("skipped", 2, 5))


@pytest.mark.parametrize(("user", "at"), [("ada", 50), ("ben", 95), ("ben", 200)])
def test_who_has_had_it_or_comes_as_it_is_lent_may_be_told_that_nothing_is_left(
    user: str, at: float
) -> None:
    history, final = with_cleo_on_item_2(100)

    assert check([*history, told_nothing(user, at)], final) == []
    assert check([*history, told_nothing("ben", 80)], final) != []


def test_who_has_had_all_that_wants_votes_may_be_sent_home() -> None:
    history, final = with_cleo_on_item_2(100)

    assert check(history, but(final, sent_home=("cleo",))) == []
    assert check(history, but(final, sent_home=("cleo", "ada"))) != []


@pytest.mark.parametrize(
    ("user", "rank"),
    [("ben", 4.0), ("ada", 9.0)],
)
def test_an_entry_may_stay_where_only_better_ones_go_or_to_who_had_its_item(
    user: str, rank: float
) -> None:
    history, final = passed_over(*sound(), user, rank=rank)
    had = Loan(99, 8, "ada", 1, "skipped")
    final = but(final, loans=(*final.loans, had))

    assert not [
        violation for violation in check(history, final) if "passed_over" in violation
    ]


@pytest.mark.parametrize("kind", ["flag", "skip", "release"])
def test_an_act_that_nobody_saw_end_may_be_an_event_or_not(kind: str) -> None:
    history, final = sound()
    lost = act(kind, 4.5, 1, 1, outcome="unknown", status=0)
    event = Event({"flag": "flagged", "skip": "skipped"}.get(kind, "released"), 1, 1)
    counted = but(plus(final, event), counters={**final.counters})
    if kind != "release":
        counted.counters[f"{kind}s"] += 1
    if kind == "flag":
        counted = of(counted, "items", 0, flags=1)

    assert check([*history, lost], final) == []
    assert check([*history, lost], counted) == []
    assert check(history, counted) != []


def test_what_two_windows_skip_is_skipped_once() -> None:
    history, final = sound()

    assert check([*history, act("skip", 3.85)], final) == []


def test_what_is_given_back_twice_without_being_lent_between_is_released_once() -> None:
    history, final = sound()
    history.insert(-2, act("release", 3.45))

    assert check(history, final) == []


def test_what_another_window_gives_back_meanwhile_is_not_held_for_sure() -> None:
    history, final = sound()
    given_back = act("release", 3.3, 9, 1)
    crossed = replace(lease("cleo", 3.2, 9, 1), ended=3.5)
    loan = Loan(9, 1, "cleo", 2, "released", 3.25)
    final = plus(but(final, loans=(*final.loans, loan)), Event("released", 1, 9))

    assert check([*history, crossed], final) != []
    assert check([*history, crossed, given_back], final) == []


def test_an_undone_answer_that_is_sent_again_holds_nothing() -> None:
    final = but(sound()[1], overlap=1)
    undo = op("undo", "ada", 3, sent={"annotation": 1, "assignment": 1})
    before = [lease("ada", 1, 1, 1), submit("ada", 2, 1, 1), undo]
    others = [*before, lease("ben", 4, 2, 1), submit("ben", 5, 2, 1)]
    again = submit("ada", 6, 1, 1)
    held = partial(lending.never_lent_above_overlap, final=final)

    assert [*held([*others, replace(again, status=200)])] == []
    assert [*held([*others, again])] == ["item 1 was with 2 people at 6.100"]
    # Without an undo it is the vote whose answer was lost.
    assert [*held([*others[:2], *others[3:], replace(again, status=200)])] != []
