"""What is asked to learn of a person and not of an item."""

from __future__ import annotations

from typing import Final, NamedTuple

from labeling.models import Membership
from labeling.services.queue import questions, repeats
from labeling.services.queue.allowance import Allowance, Facts, is_checked


class Due(NamedTuple):
    """How many gold questions and repeats are to be asked, at most those there are."""

    questions: int
    repeats: int


NONE: Final = Due(0, 0)


def due(member: Membership, count: int, allowed: Allowance) -> Due:
    """Draw which checks are due when the person asks for ``count`` items."""
    facts = allowed.facts or Facts()
    wanted = min(allowed.count, count - facts.held)
    if wanted <= 0 or not is_checked(member):
        return NONE
    return Due(
        questions.due(member, wanted, facts.questions), repeats.due(member, wanted)
    )


def lend(member: Membership, asked: Due, most: int) -> list[int]:
    """Lend what is due, at most ``most`` in all; return the ids."""
    # A project may have fewer questions left than are due, or none: then repeats and
    # items of the queue come instead.
    lent = questions.lend(member, min(asked.questions, most))
    return lent + repeats.lend(member, min(asked.repeats, most - len(lent)))
