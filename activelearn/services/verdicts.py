"""The gate's verdict, in words for people."""

from __future__ import annotations

from typing import Final

from activelearn.core.gate import Comparison
from activelearn.core.training import NeverAbsentError, TooFewLabelsError
from labeling.messages import Message, message, verbatim

MAJORITY: Final = message("always saying the commonest label")
# The fewest more items that are worth another look.
FEW: Final = 20


def version(number: int) -> Message:
    """Return how a version of the project's model is named within a sentence."""
    return message("version %(number)s", number=number)


def explain(comparison: Comparison, against: Message) -> Message:
    """Return why a model takes over from ``against``, or why it does not."""
    if comparison.n == 0:
        return message(
            "No held-out item is labeled yet: label items of the evaluation split."
        )
    facts: dict[str, int | Message] = {
        "items": comparison.n,
        "better": comparison.better,
        "worse": comparison.worse,
        "name": against,
    }
    if comparison.verdict == "promote":
        return message(
            "On %(items)s held-out items it fixes %(better)s and breaks %(worse)s against %(name)s. It takes over.",
            **facts,
        )
    if comparison.verdict == "not better":
        return message(
            "On %(items)s held-out items it fixes %(better)s and breaks %(worse)s against %(name)s. That is not better, so it does not take over.",
            **facts,
        )
    return message(
        "On %(items)s held-out items it fixes %(better)s and breaks %(worse)s against %(name)s. Too few to tell: label about %(more)s more evaluation items.",
        **facts,
        more=max(FEW, comparison.n),
    )


def why_no_model(error: ValueError) -> Message:
    """Return why a model cannot be trained on these labels."""
    if isinstance(error, TooFewLabelsError):
        return message("Two labels are needed to train a model.")
    if isinstance(error, NeverAbsentError):
        return message("A label that is sometimes absent is needed to train a model.")
    return verbatim(str(error))
