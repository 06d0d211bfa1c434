"""How often each person is right, from votes on the same questions. No Django, no clock."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from labeling.quality import shares
from labeling.quality.consensus import CEILING, HAIR, PRIOR_RIGHT, PRIOR_VOTES

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
ROUNDS: Final = 50
CLOSE: Final = 1e-4
# A model is one more weak voter: its skill is estimated from this many predictions.
FEWEST_OF_MODEL: Final = 20
MODEL_CEILING: Final = 0.9


def is_due(votes_then: int, votes: int) -> bool:
    """Whether a tenth more votes came since the last fit, and twenty at least."""
    return votes - votes_then >= max(20, votes_then // 10)


@dataclass(frozen=True)
class Skill:
    """How many of a person's votes are expected to be right, and out of how many."""

    right: float
    votes: int

    @property
    def value(self) -> float:
        """The mean of the posterior: with no votes that of the prior."""
        return (PRIOR_RIGHT + self.right) / (PRIOR_VOTES + self.votes)

    @property
    def interval(self) -> tuple[float, float]:
        """What holds the true value 95 times in 100 (Wilson's score), prior included."""
        right, votes = PRIOR_RIGHT + self.right, PRIOR_VOTES + self.votes
        return shares.wilson(right, votes) or (0.0, 1.0)

    @property
    def low(self) -> float:
        """Where its interval begins."""
        return self.interval[0]

    @property
    def high(self) -> float:
        """Where its interval ends."""
        return self.interval[1]


def of_model(skill: Skill) -> float | None:
    """Return the skill of a model that votes; None where too little is known of it."""
    if skill.votes < FEWEST_OF_MODEL:
        return None
    return min(MODEL_CEILING, skill.value)


@dataclass(frozen=True)
class SkillVote:
    """The category that one person chose for a question."""

    question: Hashable
    person: int
    category: Hashable


def fitted(
    votes: Sequence[SkillVote], known: Mapping[Hashable, Hashable], categories: int
) -> dict[int, Skill]:
    """Return each person's skill by expectation and maximization (Dawid & Skene 1979).

    known: right categories by question, as far as they are known; they are certain.
    categories: how many a question has. A question with one vote and nothing known tells
    nothing of its person, and is left out. The same votes, in whichever order, give the
    same skills within rounding.
    """
    table = _Table.of(votes, known)
    if not len(table.person):
        return {}
    right, skills = np.zeros(0), np.full(len(table.people), PRIOR_RIGHT / PRIOR_VOTES)
    for _ in range(ROUNDS):
        right = table.expected_right(skills, categories)
        before = skills
        skills = (PRIOR_RIGHT + right) / (PRIOR_VOTES + table.counts)
        if np.abs(skills - before).max() < CLOSE:
            break
    return {
        person: Skill(float(right[place]), int(table.counts[place]))
        for place, person in enumerate(table.people)
    }


@dataclass(frozen=True)
class _Table:
    """Votes as numbers.

    person, given: (n_votes,) whose vote it is, and for which of the pairs of a question
    and a category. question: (n_pairs,). truth: (n_pairs,) 1 where the category is
    known to be right, 0 where it is known to be wrong, nan where nothing is known.
    people: their ids. counts: (n_people,) votes.
    """

    person: Ints
    given: Ints
    question: Ints
    truth: Floats
    people: list[int]
    counts: Ints

    @classmethod
    def of(
        cls, votes: Sequence[SkillVote], known: Mapping[Hashable, Hashable]
    ) -> _Table:
        sizes: dict[Hashable, int] = {}
        for vote in votes:
            sizes[vote.question] = sizes.get(vote.question, 0) + 1
        kept = [
            vote for vote in votes if sizes[vote.question] > 1 or vote.question in known
        ]
        people = sorted({vote.person for vote in kept})
        place_of = {person: place for place, person in enumerate(people)}
        questions: dict[Hashable, int] = {}
        pairs: dict[tuple[int, Hashable], int] = {}
        truth: list[float] = []
        person, given = [], []
        for vote in kept:
            question = questions.setdefault(vote.question, len(questions))
            pair = pairs.setdefault((question, vote.category), len(pairs))
            if pair == len(truth):
                is_known = vote.question in known
                is_right = is_known and known[vote.question] == vote.category
                truth.append(float(is_right) if is_known else np.nan)
            person.append(place_of[vote.person])
            given.append(pair)
        persons = np.array(person, dtype=np.int64)
        return cls(
            persons,
            np.array(given, dtype=np.int64),
            np.array([question for question, _ in pairs], dtype=np.int64),
            np.array(truth),
            people,
            np.bincount(persons, minlength=len(people)),
        )

    def expected_right(self, skills: Floats, categories: int) -> Floats:
        """Return (n_people,) how many votes of each are expected to be right."""
        bounded = np.clip(skills, 1 / categories + HAIR, CEILING)
        evidence = np.log(bounded * (categories - 1) / (1 - bounded))
        sums = np.bincount(self.given, evidence[self.person])
        highest = np.zeros(self.question.max() + 1)
        np.maximum.at(highest, self.question, sums)
        odds = np.exp(sums - highest[self.question])
        unnamed = np.maximum(0, categories - np.bincount(self.question)) * np.exp(
            -highest
        )
        whole = np.bincount(self.question, odds) + unnamed
        likely = odds / whole[self.question]
        likely = np.where(np.isnan(self.truth), likely, self.truth)
        right = np.bincount(self.person, likely[self.given], len(self.people))
        return np.asarray(right, dtype=np.float64)
