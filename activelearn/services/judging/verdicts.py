"""The gate's verdict, in words for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext_noop as noop

from activelearn.core.duel import Outcome
from activelearn.core.gate import Comparison, GateVerdict
from activelearn.core.leaks import Leaks
from activelearn.core.parts import Part
from activelearn.core.training import NeverAbsentError, TooFewLabelsError
from activelearn.models import Duel
from labeling.messages import Message, message, verbatim

MAJORITY: Final = message("always saying the commonest label")


def version(number: int) -> Message:
    """Return how a version of the project's model is named within a sentence."""
    return message("version %(number)s", number=number)


WORDS: Final[dict[GateVerdict, str]] = {
    "promote": noop(
        "On %(items)s held-out items it fixes %(better)s and breaks %(worse)s against %(name)s. It takes over."
    ),
    "not better": noop(
        "On %(items)s held-out items it fixes %(better)s and breaks %(worse)s against %(name)s. That is not better, so it does not take over."
    ),
    "worse on a part": noop(
        "On %(items)s held-out items it fixes %(better)s and breaks %(worse)s against %(name)s, but it is worse on %(part)s. It does not take over."
    ),
    "cannot tell": noop(
        "On %(items)s held-out items it fixes %(better)s and breaks %(worse)s against %(name)s. Too few to tell: it waits, and is judged again by itself at about %(needed)s held-out labels."
    ),
    "a person decides": noop(
        "On %(items)s held-out items it fixes %(better)s and breaks %(worse)s against %(name)s. It waits for a person, who may promote it."
    ),
}


def explain(comparison: Comparison, against: Message) -> Message:
    """Return why a model takes over from ``against``, or why it does not."""
    if comparison.n == 0:
        return _without_items(comparison)
    facts: dict[str, int | Message] = {
        "items": comparison.n,
        "better": comparison.better,
        "worse": comparison.worse,
        "name": against,
    }
    if comparison.verdict == "cannot tell":
        facts["needed"] = comparison.needed
    if comparison.verdict == "worse on a part":
        facts["part"] = _named(comparison.worse_on)
    return Message(WORDS[comparison.verdict], facts)


PARTS: Final[dict[str, str]] = {
    "label": noop("the label “%(name)s” (fixes %(better)s, breaks %(worse)s)"),
    "length": noop("texts of %(name)s characters (fixes %(better)s, breaks %(worse)s)"),
    "metadata": noop("items with “%(name)s” (fixes %(better)s, breaks %(worse)s)"),
    "source": noop(
        "items whose label is from “%(name)s” (fixes %(better)s, breaks %(worse)s)"
    ),
    "tag": noop("the tag “%(name)s” (fixes %(better)s, breaks %(worse)s)"),
}


def _named(parts: Sequence[Part]) -> Message:
    """Return the worst of the parts in words, and how many more there are."""
    worst = parts[0]
    facts: dict[str, str | int] = {
        "name": worst.name,
        "better": worst.better,
        "worse": worst.worse,
    }
    words = Message(PARTS[worst.kind], facts)
    if len(parts) == 1:
        return words
    return message("%(part)s and %(more)s more", part=words, more=len(parts) - 1)


def _without_items(comparison: Comparison) -> Message:
    if comparison.verdict == "a person decides":
        return message(
            "No held-out item is labeled yet. It waits for a person, who may promote it."
        )
    return message(
        "No held-out item is labeled yet. It waits, and is judged by itself at about %(needed)s held-out labels.",
        needed=comparison.needed,
    )


def why_leak(leaks: Leaks) -> Message:
    """Return why nothing is promoted on held-out items that a model has learned from."""
    return message(
        "%(leaking)s of %(items)s held-out items are nearly the same as items that it learned from, or of their groups: too many to judge it. It does not take over.",
        leaking=len(leaks.items),
        items=leaks.checked,
    )


def left_out(leaks: Leaks) -> Message:
    """Return what a leak check has found, for the log of a run."""
    return message(
        "leak check: %(pairs)s pairs across the split; left out of %(items)s held-out items: %(leaking)s that leak and %(repeats)s repeats (%(examples)s)",
        pairs=leaks.pairs,
        items=leaks.checked,
        leaking=len(leaks.items),
        repeats=len(leaks.repeats),
        examples=", ".join(f"#{own} ~ #{other}" for own, other in leaks.examples)
        or "–",
    )


# In the order of a duel's life.
OF_DUEL: Final[dict[str, str]] = {
    "go on": noop(
        "Of %(asked)s items on which it differs from version %(number)s, people answer %(better)s as it does and %(worse)s as that one does. Too close to tell: %(more)s more are asked about."
    ),
    "promote": noop(
        "Of %(asked)s items on which it differs from version %(number)s, people answer %(better)s as it does and %(worse)s as that one does. It takes over."
    ),
    "not better": noop(
        "Of %(asked)s items on which it differs from version %(number)s, people answer %(better)s as it does and %(worse)s as that one does. That is not better, so it does not take over."
    ),
    "worse on a part": noop(
        "Of %(asked)s items on which it differs from version %(number)s, people answer %(better)s as it does and %(worse)s as that one does, but on the held-out items it is worse on %(part)s. It does not take over."
    ),
    "cannot tell": noop(
        "Of %(asked)s items on which it differs from version %(number)s, people answer %(better)s as it does and %(worse)s as that one does. Too close to tell: it waits for held-out labels."
    ),
}


def of_duel(
    duel: Duel, verdict: str, outcome: Outcome, worse_on: Sequence[Part]
) -> Message:
    """Return what came of a duel."""
    facts: dict[str, int | Message] = {
        "asked": outcome.asked,
        "better": outcome.better,
        "worse": outcome.worse,
        "number": duel.champion.number,
    }
    if verdict == "go on":
        facts["more"] = outcome.next - outcome.asked
    if verdict == "worse on a part":
        facts["part"] = _named(worse_on)
    return Message(OF_DUEL[verdict], facts)


def alike(duel: Duel) -> Message:
    """Return why no duel is held between two versions that hardly differ."""
    return message(
        "No duel: it differs from version %(number)s on %(differing)s of %(items)s open items only.",
        number=duel.champion.number,
        differing=duel.differing,
        items=duel.items,
    )


def duel_progress(duel: Duel) -> Message:
    """Return how many of a duel's items are answered."""
    return message(
        "duel with version %(number)s: %(answered)s of %(asked)s items are answered",
        number=duel.champion.number,
        answered=duel.answered,
        asked=duel.asked,
    )


def no_result(duel: Duel, why: Message) -> Message:
    """Return that a duel ends without a result, and why."""
    return message(
        "The duel with version %(number)s ends without a result: %(why)s.",
        number=duel.champion.number,
        why=why,
    )


def no_longer(number: int) -> Message:
    """Return why a version that waited is not judged again."""
    return message("Version %(number)s does not wait any more.", number=number)


def same_as(run: int) -> Message:
    """Return why a run trains nothing: another one has done the same before."""
    return message(
        "Run #%(run)s has learned from the same labels in the same way: its model would come out again.",
        run=run,
    )


def why_no_model(error: ValueError) -> Message:
    """Return why a model cannot be trained on these labels."""
    if isinstance(error, TooFewLabelsError):
        return message("Two labels are needed to train a model.")
    if isinstance(error, NeverAbsentError):
        return message(
            "A label that some items have and others do not is needed to train a model."
        )
    return verbatim(str(error))
