"""What a person may get now, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from labeling.models import Membership
from labeling.quality.shares import wilson
from labeling.services.queue.reasons import Reason
from labeling.services.queue.statements import SQL
from labeling.sql import lean

# The most that anybody may get in one call.
MAX_COUNT: Final = 50
# Before so many answers to gold questions nobody is measured by them.
LEAST_ANSWERS: Final = 10
# So many gold questions come at once; from then on they come by chance.
FIRST_FEW: Final = 3


@dataclass(frozen=True)
class Facts:
    """Counts of one person in one project, as of one moment."""

    held: int = 0
    # Votes and repeats.
    answered: int = 0
    # Answers to gold questions, and how many of them were right.
    known: int = 0
    known_right: int = 0
    # Gold questions that were ever asked, up to ``FIRST_FEW``.
    questions: int = 0


@dataclass(frozen=True)
class Allowance:
    """How many more items a person may get, from 0 to ``MAX_COUNT``.

    ``reason`` says why that is nothing, where it is because of the person.
    """

    count: int
    reason: Reason | None
    facts: Facts


def of(member: Membership) -> Allowance:
    """Return what the person may get now.

    Under a quota this holds until the commit only where the membership is locked.
    """
    is_measured = bool(member.project.least_skill) or member.quota is not None
    needs_facts = is_measured or is_checked(member)
    return allowance(member, _read(member) if needs_facts else Facts())


def is_checked(member: Membership) -> bool:
    """Whether this person is asked gold questions or repeats."""
    project = member.project
    has_some = bool(project.gold_rate or project.repeat_rate)
    return has_some and member.role in project.checks_by


def _read(member: Membership) -> Facts:
    values = {
        "user": member.user_id,
        "project": member.project_id,
        "few": FIRST_FEW,
    }
    return Facts(*lean.fetch(SQL["facts"], values)[0])


def allowance(member: Membership, facts: Facts) -> Allowance:
    """Return what a person of whom these are the facts may get."""
    left = MAX_COUNT
    if member.quota is not None:
        left = max(0, min(left, member.quota - facts.held - facts.answered))
    if reason := _refusal(member, facts, left):
        return Allowance(0, reason, facts)
    # Whose role is asked for nothing is told by the queue why: it may be empty.
    return Allowance(left if works(member) else 0, None, facts)


def _refusal(member: Membership, facts: Facts, left: int) -> Reason | None:
    if member.is_paused or member.project.is_paused:
        return "paused"
    if falls_short(member.project.least_skill, facts.known, facts.known_right):
        return "skill"
    return None if left else "quota"


def works(member: Membership) -> list[str]:
    """Return what kinds of votes the person's role is asked for."""
    return member.project.works_for(member.role)


def falls_short(least: float, known: int, right: int) -> bool:
    """Whether known answers say that a person is surely below the ``least`` skill.

    Surely: the whole 95 % interval of the share that was right lies below it, of at
    least ``LEAST_ANSWERS`` answers to gold questions. 0 means that nobody is measured.
    """
    if not least or known < LEAST_ANSWERS:
        return False
    interval = wilson(right, known)
    return interval is not None and interval[1] < least
