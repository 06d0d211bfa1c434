"""The judge of what is learned is judged: each planted fault is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.history.checker import check
from tests.history.record import Promotion, Retrains, Run
from tests.history.sample import Change, but, change, look, models, of, op, sound

PLANTED: dict[str, Change] = {
    "labels, fired last at 0": lambda h, f: (
        h,
        but(f, retrains=Retrains(1, 0.2, 0, 0)),
    ),
    "2 runs, though fired only 1": lambda h, f: (
        h,
        but(f, retrains=replace(f.retrains, runs=((1, 1), (1, 1)))),
    ),
    "a run says (3, 3), 1 were due and 1 were new": lambda h, f: (
        h,
        but(f, retrains=replace(f.retrains, runs=((3, 3),))),
    ),
    "a run started at 0 new": lambda h, f: (
        h,
        but(f, retrains=replace(f.retrains, runs=((0, 1),))),
    ),
    "the runs ((2, 1),) saw more labels": lambda h, f: (
        h,
        but(f, retrains=replace(f.retrains, runs=((2, 1),))),
    ),
    "fired 2 times from 0 to 1 labels": lambda h, f: (
        h,
        but(f, retrains=replace(f.retrains, fired=2)),
    ),
    "fired 0 times from 0 to 1 labels": lambda h, f: (
        [*h, look(3, labels=1), look(4, labels=1, fired=1)],
        f,
    ),
    "nothing was trained after 1 labels": lambda h, f: (
        [*h, look(30), look(31, fired=1, labels=1, runs=1)],
        f,
    ),
    "2 runs wait, 0 are at work": lambda h, f: ([*h, look(1, waiting=2)], f),
    "0 runs wait, 2 are at work": lambda h, f: ([*h, look(1, running=2)], f),
    "a job learn.rank failed: ValueError": lambda h, f: (
        h,
        but(f, failed_jobs=(("learn.rank", "ValueError: 3"),)),
    ),
    "2 champions at": lambda h, f: ([*h, models(7, (1, 6.5), (2, 6.5))], f),
    "2 champions at 1.100": lambda h, f: ([*h, look(1, champions=2)], f),
    "0 champions at": lambda h, f: ([*h, models(9.5)], f),
    "champions in the end: []": lambda h, f: (
        h,
        of(f, "versions", 0, stage="archived"),
    ),
    "champions in the end: [1, 2]": lambda h, f: (
        h,
        of(f, "versions", 1, stage="champion"),
    ),
    "version 2 was promoted and": lambda h, f: (
        [*h, change("promote", 9.5, 2, 1, 9.05)],
        f,
    ),
    "version 1 was rolled back and": lambda h, f: (
        [*h, change("rollback", 9.5, 1, 1, 9.05)],
        f,
    ),
    "version 2 of 8.05 served after 9.05": lambda h, f: (
        [*h, models(9.5, (2, 8.05))],
        f,
    ),
    "version 1 served since 9.05: no trace": lambda h, f: (
        h,
        of(f, "versions", 0, promoted_at=6.5),
    ),
    "version 1 serves, and another was promoted after it": lambda h, f: (
        [*h, change("promote", 10, 2, 2, 10.05)],
        of(f, "versions", 1, promoted_at=10.05),
    ),
    "the file of version 1": lambda h, f: (h, of(f, "versions", 0, is_whole=False)),
    "version 2 has served and is rejected": lambda h, f: (
        h,
        of(f, "versions", 1, stage="rejected"),
    ),
    "version 2 is archived and has never been promoted": lambda h, f: (
        h,
        of(f, "versions", 1, promoted_at=None),
    ),
    "version 1 was to be promoted": lambda h, f: (
        h,
        of(f, "versions", 0, promoted_at=None),
    ),
    "version 2 was promoted, the verdict is 'not better'": lambda h, f: (
        h,
        of(f, "versions", 1, by_person=False),
    ),
    "version 2 was judged 'promote'": lambda h, f: (
        h,
        of(f, "versions", 1, judged="promote"),
    ),
    "run 1 is '', its job says 'promote'": lambda h, f: (
        h,
        of(f, "runs", 0, verdict=""),
    ),
    "run 1 is 'promote', its job says 'no model'": lambda h, f: (
        h,
        of(f, "runs", 0, told="no model"),
    ),
    "version 1 was promoted, run 1 judged other bytes": lambda h, f: (
        h,
        of(f, "promotions", 0, sha256="b"),
    ),
    "version 1 replaced None, it was judged against 3": lambda h, f: (
        h,
        of(f, "runs", 0, judged_against=3),
    ),
    "version 1 replaced None, 2 served": lambda h, f: (
        h,
        of(f, "promotions", 2, before=None),
    ),
    "run 2 promoted 2, its verdict is 'not better'": lambda h, f: (
        h,
        of(f, "promotions", 1, run=2),
    ),
    "version 2 was promoted last, serving: [1]": lambda h, f: (
        h,
        but(f, promotions=f.promotions[:2]),
    ),
    "version 2 waits, the verdict is 'not better'": lambda h, f: (
        h,
        of(f, "versions", 1, stage="waiting"),
    ),
    "version 2 was judged 'not better', its run 'promote'": lambda h, f: (
        h,
        but(f, runs=(*f.runs, Run(3, "done", 8, "promote", "promote", judges=2))),
    ),
    "run 1 made 2 versions": lambda h, f: (h, of(f, "versions", 1, run=1)),
    "run 3 was acknowledged and is lost": lambda h, f: (
        [*h, op("train", "eve", 11, got={"run": 3})],
        f,
    ),
    "the scores are of versions (2,)": lambda h, f: (h, but(f, scored_by=(2,))),
}


@pytest.mark.parametrize("words", PLANTED)
def test_a_planted_violation_is_found(words: str) -> None:
    violations = check(*PLANTED[words](*sound()))

    assert any(words in violation for violation in violations), violations


def test_a_run_that_waits_answers_for_the_thresholds_passed_meanwhile() -> None:
    history, final = sound()
    retrains = replace(final.retrains, fired=2, labels=11)
    final = but(final, retrains=retrains, counters={**final.counters})
    looks = [look(3), look(4, fired=1, labels=1, runs=1)]

    assert not of_learning(check([*history, *looks], final))
    assert of_learning(
        check([*history, *looks, look(30, fired=1, labels=1, runs=1)], final)
    )


def of_learning(violations: list[str]) -> list[str]:
    return [violation for violation in violations if violation.startswith("retrains")]


def test_who_looks_while_it_changes_sees_what_served_before_or_after() -> None:
    history, final = sound()
    asked_before = replace(models(7.9, (1, 6.5)), ended=8.3)

    assert check([*history, asked_before], final) == []
    assert check([*history, models(8.2, (1, 6.5))], final) != []


def test_a_promotion_that_nobody_saw_end_may_have_happened_or_not() -> None:
    history, final = sound()
    lost = replace(change("promote", 10, 2, 2, 0), outcome="unknown", status=0, got={})
    happened = of(
        of(final, "versions", 0, stage="archived"),
        "versions",
        1,
        stage="champion",
        promoted_at=10.05,
    )

    assert check([*history, lost], final) == []
    came = (*final.promotions, Promotion(2, 1, "b"))
    assert check([*history, lost], but(happened, scored_by=(2,), promotions=came)) == []


def test_a_job_whose_workers_were_killed_again_and_again_may_fail() -> None:
    history, final = sound()
    failed = (("learn.score", "Its worker died three times."),)

    assert check(history, but(final, failed_jobs=failed, scored_by=(2,))) == []
