"""What is asked to learn of a person and not of an item, and what follows from it."""

from __future__ import annotations

from typing import Final, NamedTuple

from labeling import queries
from labeling.models import Membership
from labeling.quality.shares import wilson
from labeling.services.queue import questions, repeats

LEAST_ANSWERS: Final = 10


class Due(NamedTuple):
    """How many gold questions and repeats are to be asked, where there are so many."""

    questions: int
    repeats: int


NONE: Final = Due(0, 0)


def are_asked(member: Membership) -> bool:
    """Whether this person is asked gold questions or repeats."""
    project = member.project
    has_some = bool(project.gold_rate or project.repeat_rate)
    return has_some and member.role in project.checks_by


def due(member: Membership, wanted: int) -> Due:
    """Return what is due among the next ``wanted`` items of one who is asked."""
    return Due(questions.due(member, wanted), repeats.due(member, wanted))


def lend(member: Membership, asked: Due, most: int) -> list[int]:
    """Lend what is due, at most so many; return the ids."""
    lent = questions.lend(member, min(asked.questions, most))
    return lent + repeats.lend(member, min(asked.repeats, most - len(lent)))


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
