"""Which model serves: one at any time, the one promoted last, and it is whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.history.record import Final, Op, of


class Sight(NamedTuple):
    """That a version served: when it was seen, and since when it did."""

    begun: float
    ended: float
    number: int
    since: float


def one_champion(history: Sequence[Op], final: Final) -> Iterator[str]:
    """One model serves at any time, from the first promotion on."""
    seen = _sights(history)
    first = min((sight.ended for sight in seen), default=None)
    for op in of(history, "models", "ok"):
        count = len(op.got["champions"])
        if count > 1 or (first is not None and op.begun > first and not count):
            yield f"{count} champions at {op.ended:.3f}"
    for op in of(history, "look", "ok"):
        if op.got["champions"] > 1:
            yield f"{op.got['champions']} champions at {op.ended:.3f}"
    champions = [
        version.number for version in final.versions if version.stage == "champion"
    ]
    if len(champions) > 1 or (seen and not champions):
        yield f"champions in the end: {champions}"


def the_last_promotion_serves(history: Sequence[Op], final: Final) -> Iterator[str]:
    """Whoever looks later sees what came later, and no change is lost.

    A promotion and a rollback say what they made serve, and since when.
    """
    for op in of(history, "promote", "ok"):
        if (op.got["number"], op.got["stage"]) != (op.sent["number"], "champion"):
            yield f"version {op.sent['number']} was promoted and {op.got} served"
    for op in of(history, "rollback", "ok"):
        if op.got["number"] == op.sent["number"] or op.got["stage"] != "champion":
            yield f"version {op.sent['number']} was rolled back and {op.got} served"
    seen = sorted(_sights(history))
    by_end = sorted(seen, key=lambda sight: sight.ended)
    newest, place = -1.0, 0
    for sight in seen:
        while by_end[place].ended < sight.begun:
            newest, place = max(newest, by_end[place].since), place + 1
        if sight.since < newest:
            yield f"version {sight.number} of {sight.since} served after {newest}"
    promoted = {
        version.number: version.promoted_at or -1.0 for version in final.versions
    }
    for sight in seen:
        if promoted.get(sight.number, -1.0) < sight.since:
            yield f"version {sight.number} served since {sight.since}: no trace of it"
    for version in final.versions:
        later = max((sight.since for sight in seen), default=-1.0)
        if version.stage == "champion" and promoted[version.number] < later:
            yield f"version {version.number} serves, and another was promoted after it"


def _sights(history: Sequence[Op]) -> list[Sight]:
    sights = []
    for op in history:
        rows = op.got.get("champions", []) if op.kind == "models" else [op.got]
        if op.kind in ("models", "promote", "rollback") and op.outcome == "ok":
            sights += [
                Sight(op.begun, op.ended, row["number"], row["at"]) for row in rows
            ]
    return sights


def versions_hold(history: Sequence[Op], final: Final) -> Iterator[str]:
    """Every version is whole, and its stage is what was done with it.

    By the gate, or by a person; whoever served before is archived.
    """
    del history
    for version in final.versions:
        judges = [
            r for r in final.runs if r.id == version.run or r.judges == version.number
        ]
        # One that came too late for its version has said nothing of it.
        told = [run.verdict for run in judges if run.verdict != "not waiting"]
        verdict = next((last for last in reversed(told) if last), "")
        if not version.is_whole:
            yield f"the file of version {version.number} is not what it was"
        if version.promoted_at is not None and version.stage not in (
            "champion",
            "archived",
        ):
            yield f"version {version.number} has served and is {version.stage}"
        if version.promoted_at is None and version.stage in ("champion", "archived"):
            yield f"version {version.number} is {version.stage} and has never been promoted"
        if verdict == "promote" and version.promoted_at is None:
            yield f"version {version.number} was to be promoted and was not"
        if (
            verdict != "promote"
            and version.promoted_at is not None
            and not version.by_person
        ):
            yield f"version {version.number} was promoted, the verdict is {verdict!r}"
        # Without a held-out label there is nothing to judge by.
        is_judged = version.judged or verdict != "cannot tell"
        if version.stage == "waiting" and verdict != "cannot tell":
            yield f"version {version.number} waits, the verdict is {verdict!r}"
        # Killed three times, a judgment may be kept without its verdict.
        if verdict and "" not in told and is_judged and version.judged != verdict:
            yield f"version {version.number} was judged {version.judged!r}, its run {verdict!r}"


def what_was_judged_serves(history: Sequence[Op], final: Final) -> Iterator[str]:
    """Who was promoted is who was judged, against the champion that was replaced.

    Each change of what serves begins where the one before ended.
    """
    del history
    runs = {run.id: run for run in final.runs}
    serving: int | None = None
    for promotion in final.promotions:
        if promotion.before != serving:
            yield f"version {promotion.number} replaced {promotion.before}, {serving} served"
        serving = promotion.number
        if promotion.run is None:
            continue
        run = runs[promotion.run]
        if run.judged_bytes != promotion.sha256:
            yield f"version {promotion.number} was promoted, run {run.id} judged other bytes"
        if run.judged_against != promotion.before:
            yield (
                f"version {promotion.number} replaced {promotion.before}, "
                f"it was judged against {run.judged_against}"
            )
        if run.verdict != "promote":
            yield f"run {run.id} promoted {promotion.number}, its verdict is {run.verdict!r}"
    champions = [
        version.number for version in final.versions if version.stage == "champion"
    ]
    if champions not in ([], [serving]):
        yield f"version {serving} was promoted last, serving: {champions}"


def runs_are_judged_once(history: Sequence[Op], final: Final) -> Iterator[str]:
    """A run that is done has one verdict, and its job says the same.

    So it is also where a worker went on with a job that another had taken over.
    """
    del history
    for run in final.runs:
        if run.state == "done" and (not run.verdict or run.verdict != run.told):
            yield f"run {run.id} is {run.verdict!r}, its job says {run.told!r}"
    known = [version.run for version in final.versions]
    for run_id in {number for number in known if known.count(number) > 1}:
        yield f"run {run_id} made {known.count(run_id)} versions"


def runs_asked_for_are_there(history: Sequence[Op], final: Final) -> Iterator[str]:
    """A run that was acknowledged to an engineer is there in the end."""
    known = {run.id for run in final.runs}
    for op in of(history, "train", "ok"):
        if op.got["run"] not in known:
            yield f"run {op.got['run']} was acknowledged and is lost"


def scores_are_the_champions(history: Sequence[Op], final: Final) -> Iterator[str]:
    """In the end what is said of the items comes from the model that serves."""
    del history
    if "learn.score" in dict(final.failed_jobs):
        return
    champions = [
        version.number for version in final.versions if version.stage == "champion"
    ]
    if list(final.scored_by) != champions:
        yield f"the scores are of versions {final.scored_by}, serving: {champions}"
