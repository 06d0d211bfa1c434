"""What a person may get now, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from labeling.models import Membership
from labeling.quality.shares import wilson
from labeling.services.queue.reasons import WhyNothing
from labeling.services.queue.statements import SQL
from labeling.sql import lean

# The most that anybody may get in one call.
MAX_COUNT: Final = 50
# With fewer answers to gold questions nobody is measured by them.
LEAST_QUESTIONS: Final = 10
# How many gold questions come first; after these they come by chance.
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
    """How many more items a person may get, from 0 to ``MAX_COUNT``, and of what kinds.

    ``reason`` says why the count is 0, where it is because of the person. ``purposes`` are
    the kinds of votes that the person's role is asked for. ``facts`` are None where
    nothing depends on them, so that nobody has read them.
    """

    count: int
    reason: WhyNothing | None
    purposes: Sequence[str]
    facts: Facts | None = None

    def less(self, lent: int) -> Allowance:
        """Return what is left after ``lent`` more items."""
        return replace(self, count=max(0, self.count - lent))


def of(member: Membership) -> Allowance:
    """Return what the person may get now.

    Computed once for a lease and handed on: a second look at the facts would see what
    the lease itself has lent. Under a quota this holds until the commit only where the
    membership is locked.
    """
    # Most projects measure nobody: then a lease costs no look at the facts.
    is_measured = bool(member.project.least_skill) or member.quota is not None
    if not is_measured and not is_checked(member):
        return allowance(member)
    values = {
        "user": member.user_id,
        "project": member.project_id,
        "few": FIRST_FEW,
    }
    return allowance(member, Facts(*lean.fetch(SQL["facts"], values)[0]))


def is_checked(member: Membership) -> bool:
    """Whether this person is asked gold questions or repeats."""
    project = member.project
    has_some = bool(project.gold_rate or project.repeat_rate)
    return has_some and member.role in project.checks_by


def allowance(member: Membership, facts: Facts | None = None) -> Allowance:
    """Return what a person of whom these are the facts may get; None: nothing counts."""
    project, known = member.project, facts or Facts()
    purposes = project.purposes_for(member.role)
    left = MAX_COUNT
    if member.quota is not None:
        # Not below 0: a manager may set a quota below what the person has answered.
        left = max(0, min(left, member.quota - known.held - known.answered))
    reason: WhyNothing | None = None
    if member.is_paused or project.is_paused:
        reason = "paused"
    # A least skill of 0 means that nobody is measured.
    elif project.least_skill and falls_short(
        project.least_skill, known.known, known.known_right
    ):
        reason = "skill"
    elif not left:
        reason = "quota"
    # Whose role is asked for nothing is told by the queue why: it may be empty.
    return Allowance(0 if reason or not purposes else left, reason, purposes, facts)


def falls_short(least: float, known: int, right: int) -> bool:
    """Whether known answers say that a person is surely below the ``least`` skill.

    Surely: the whole 95 % interval of the share that was right lies below it, of at
    least ``LEAST_ANSWERS`` answers to gold questions.
    """
    if known < LEAST_QUESTIONS:
        return False
    interval = wilson(right, known)
    return interval is not None and interval[1] < least
