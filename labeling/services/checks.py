"""What is asked to learn of a person and not of an item, and what follows from it."""

from __future__ import annotations

from typing import Final

from labeling import queries
from labeling.models import Membership
from labeling.quality.shares import wilson
from labeling.services import questions, repeats

LEAST_ANSWERS: Final = 10


def lend_due(member: Membership, wanted: int) -> list[int]:
    """Lend the gold questions and repeats that are due among the next ``wanted``."""
    asked = questions.lend(member, questions.due(member, wanted))
    return asked + repeats.lend(member, repeats.due(member, wanted - len(asked)))


def falls_short(member: Membership) -> bool:
    """Whether known answers say that a person is surely below the project's skill.

    Surely: the whole 95 % interval of the share that was right lies below it, of at
    least ``LEAST_ANSWERS`` answers to gold questions.
    """
    least = member.project.least_skill
    if not least:
        return False
    known, right = queries.known_answers(member)
    interval = wilson(right, known)
    return known >= LEAST_ANSWERS and interval is not None and interval[1] < least
