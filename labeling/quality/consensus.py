"""How likely each choice for an item is, from its votes and how often people are right.

One-coin Dawid–Skene (Dawid & Skene 1979, with one number for each person): a person gives
the right one of K categories with a probability, their skill, and each wrong one equally
often; before the first vote all categories are equally likely. Where an item may have
several labels, each label is a question of its own with two categories: it is there or not.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

Labels = tuple[str, ...]
Settlement = Literal["open", "settled", "disputed"]

# A person of whom nothing is known is like one seen right in 6.4 of 8 votes: a beta
# prior, Beta(6.4, 1.6). learning.md 3.4 measured it.
PRIOR_RIGHT: Final = 6.4
PRIOR_VOTES: Final = 8.0
UNKNOWN: Final = PRIOR_RIGHT / PRIOR_VOTES
# Some items are hard for everybody, so nobody alone makes a category surer than this.
CEILING: Final = 0.99
# Beyond it, sums of logarithms round: equal votes must make equal confidences.
DIGITS: Final = 9
# A person who is no better than chance is taken to be better by this.
HAIR: Final = 0.01


@dataclass(frozen=True)
class Ballot:
    """A vote, and the skill in [0, 1] of who gave it.

    is_model: it is no person's, so it counts as evidence and not as one of the votes.
    sure: of labels how likely each is, where that is more than the skill says.
    """

    labels: Labels
    skill: float = UNKNOWN
    is_model: bool = False
    sure: Mapping[str, float] = field(default_factory=dict)

    def skill_at(self, name: str) -> float:
        """Return how likely it is right about a label."""
        return self.sure.get(name, self.skill)


@dataclass(frozen=True)
class Belief:
    """The likeliest labels, their probability, and that of each label that was named.

    confidence: that all of them are right, and none is missing. least: of the label that
    is least sure, which of several decides whether they settle an item.
    """

    labels: Labels
    confidence: float
    soft_label: dict[str, float]
    least: float
    is_tie: bool = False


@dataclass(frozen=True)
class SettlingTerms:
    """When votes settle an item.

    label_count: how many labels there are. confidence: least probability, in [0, 1]. ahead: skills of
    those who could still vote, the best first.
    """

    label_count: int
    is_multi: bool
    min_votes: int
    max_votes: int
    confidence: float
    ahead: Sequence[float] = ()

    @property
    def categories(self) -> int:
        """How many categories a question has."""
        return 2 if self.is_multi else max(2, self.label_count)


def belief(ballots: Sequence[Ballot], terms: SettlingTerms) -> Belief:
    """Return what votes say of an item."""
    if not ballots:
        return Belief((), 0.0, {}, 0.0)
    of_all = _of_labels if terms.is_multi else _of_one
    return of_all(ballots, terms, 0.0)


def verdict(ballots: Sequence[Ballot], terms: SettlingTerms) -> Settlement:
    """Return whether votes settle an item, as ``decided`` does."""
    return decided(ballots, terms)[0]


def decided(
    ballots: Sequence[Ballot], terms: SettlingTerms
) -> tuple[Settlement, Belief]:
    """Return whether votes settle an item, and what they say of it.

    Below the least number of votes it stays open. Then the likeliest category settles
    it if it is likely enough, and people have named it: a model alone decides nothing
    against them. Else one more vote is asked for, but only where those to come
    could settle it: where they cannot, even by the most skilled and all of one mind, it
    is disputed at once. An item that gets one vote only is settled by it:
    the confidence says how far it can be trusted.
    """
    now = belief(ballots, terms)
    given = [ballot.labels for ballot in ballots if not ballot.is_model]
    votes = len(given)
    if votes < max(1, terms.min_votes):
        return "open", now
    if terms.max_votes == 1:
        return "settled", _in_vote(given[0], now, is_multi=terms.is_multi)
    is_sure = now.least >= terms.confidence and not now.is_tie
    if is_sure and _have_named(given, now.labels):
        return "settled", now
    is_open = _can_settle(ballots, terms, terms.max_votes - votes)
    return "open" if is_open else "disputed", now


def _in_vote(vote: Labels, now: Belief, *, is_multi: bool) -> Belief:
    """Return the belief in the labels of the only vote, whatever a model says beside it."""
    if now.labels == vote:
        return replace(now, is_tie=False)
    shares = now.soft_label
    if not is_multi:
        sure = shares[vote[0]]
        return Belief(vote, sure, shares, sure)
    each = [share if name in vote else 1 - share for name, share in shares.items()]
    # Where the vote differs, what is less likely takes the place of what is likelier.
    pairs = [
        (min(share, 1 - share), max(share, 1 - share))
        for name, share in shares.items()
        if (name in vote) != (name in now.labels)
    ]
    whole = now.confidence * math.prod(less / more for less, more in pairs)
    return Belief(vote, round(whole, DIGITS), shares, round(min(each), DIGITS))


def _have_named(given: Sequence[Labels], labels: Labels) -> bool:
    """Whether of each label somebody has voted as it is settled: that it is there, or not."""
    sets = [set(vote) for vote in given]
    return set.intersection(*sets) <= set(labels) <= set.union(*sets)


def _can_settle(ballots: Sequence[Ballot], terms: SettlingTerms, missing: int) -> bool:
    if missing <= 0:
        return False
    unknown = [UNKNOWN] * missing
    skills = [*terms.ahead, *unknown][:missing]
    more = math.fsum(evidence(skill, terms.categories) for skill in skills)
    of_all = _of_labels if terms.is_multi else _of_one
    # What is likeliest now gains most by votes for it.
    return of_all(ballots, terms, more).least >= terms.confidence


def evidence(skill: float, categories: int) -> float:
    """Return the logarithm of how much likelier a vote makes its category than another.

    Always above 0: a person who is wrong more often than chance is not taken at the
    opposite, but counts for next to nothing.
    """
    bounded = min(max(skill, 1 / categories + HAIR), CEILING)
    return math.log(bounded * (categories - 1) / (1 - bounded))


def _of_one(ballots: Sequence[Ballot], terms: SettlingTerms, more: float) -> Belief:
    """Return the belief in one of the labels, ``more`` evidence being for the likeliest."""
    by_labels: dict[Labels, list[float]] = defaultdict(list)
    for ballot in ballots:
        skills = [*map(ballot.skill_at, ballot.labels)] or [ballot.skill]
        by_labels[ballot.labels].append(evidence(skills[0], terms.categories))
    # Equal ones by name: the order in which the votes came must not decide.
    sums = {category: math.fsum(parts) for category, parts in sorted(by_labels.items())}
    best = max(sums, key=lambda category: round(sums[category], DIGITS))
    sums[best] += more
    highest = max(sums.values())
    odds = {category: math.exp(total - highest) for category, total in sums.items()}
    unnamed = max(0, terms.categories - len(odds)) * math.exp(-highest)
    total = math.fsum([*odds.values(), unnamed])
    shares = {category: round(part / total, DIGITS) for category, part in odds.items()}
    others = [share for category, share in shares.items() if category != best]
    return Belief(
        best,
        shares[best],
        {category[0]: share for category, share in shares.items() if category},
        shares[best],
        is_tie=shares[best] in others,
    )


def _of_labels(ballots: Sequence[Ballot], terms: SettlingTerms, more: float) -> Belief:
    """Return the belief in each label and in the set, as if labels were independent.

    That one of those that nobody named is missing is one question more: people rarely
    miss what is there, so they are not as many as there are labels.
    """
    whole = math.fsum(evidence(ballot.skill, 2) for ballot in ballots)
    names = sorted({name for ballot in ballots for name in ballot.labels})
    sums = {name: _for_label(name, ballots) for name in names}
    # Of a label that nobody named all say that it is not there.
    every = [*(abs(total) for total in sums.values())]
    if len(names) < terms.label_count:
        every.append(whole)
    least = min(every)
    return Belief(
        tuple(name for name in names if round(sums[name], DIGITS) > 0),
        round(math.prod(map(_logistic, every)), DIGITS),
        {name: _logistic(total) for name, total in sums.items()},
        _logistic(least + more),
        is_tie=round(least, DIGITS) <= 0,
    )


def _for_label(name: str, ballots: Sequence[Ballot]) -> float:
    """Return the log odds that a label is there."""
    return math.fsum(
        evidence(ballot.skill_at(name), 2) * (1 if name in ballot.labels else -1)
        for ballot in ballots
    )


def _logistic(log_odds: float) -> float:
    return round(1 / (1 + math.exp(-log_odds)), DIGITS)
