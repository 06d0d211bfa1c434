"""What the gate has found, in words for people."""

from __future__ import annotations

from typing import Final

from activelearn.core.gate import Comparison
from labeling.messages import Message, message

MAJORITY: Final = message("always saying the commonest label")
# The fewest more items that are worth another look.
FEW: Final = 20


def version(number: int) -> Message:
    """Return how a version of the project's model is named within a sentence."""
    return message("version %(number)s", number=number)


def explain(found: Comparison, against: Message) -> Message:
    """Return why a model takes over from ``against``, or why it does not."""
    if found.n == 0:
        return message(
            "No held-out item is labeled yet: label items of the evaluation split."
        )
    facts: dict[str, int | Message] = {
        "items": found.n,
        "better": found.better,
        "worse": found.worse,
        "name": against,
    }
    if found.verdict == "promote":
        return message(
            "On %(items)s held-out items it fixes %(better)s and breaks %(worse)s against %(name)s. It takes over.",
            **facts,
        )
    if found.verdict == "not better":
        return message(
            "On %(items)s held-out items it fixes %(better)s and breaks %(worse)s against %(name)s. That is not better, so it does not take over.",
            **facts,
        )
    return message(
        "On %(items)s held-out items it fixes %(better)s and breaks %(worse)s against %(name)s. Too few to tell: label about %(more)s more evaluation items.",
        **facts,
        more=max(FEW, found.n),
    )
