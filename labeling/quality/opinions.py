"""What a model's probability is worth beside people's votes. No Django, no clock.

A model that has not learned from an item says how likely a category is before anybody has
voted: in Bayes' rule its probability takes the place of the even odds, so its log odds are
added to those of the votes. But it may be surer than it should be, or not sure enough where
its version has no calibration, and it errs where people do. So its log odds are multiplied
by a weight, which people's votes and experts' answers on the items that it speaks of have
to prove, and whatever it says it counts as ``MODEL_CEILING`` at most.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from labeling.quality.consensus import Ballot, Labels, evidence
from labeling.quality.skills import MODEL_CEILING, Floats, SkillVote

# The weights that are tried: 1 takes a probability as it stands.
WEIGHTS: Final = np.linspace(0, 3, 121)
# Half the 95 % quantile of a chi-squared distribution of one degree of freedom.
DROP: Final = 1.92
# No probability is nearer to 0 or 1.
HAIR: Final = 1e-6


@dataclass(frozen=True)
class Opinion:
    """The category that a model takes for the right one of a question, and how likely."""

    question: Hashable
    category: Hashable
    probability: float


@dataclass(frozen=True)
class Voice:
    """How a model's answers count: how often they are right, and by which weight.

    weight: None where it is not known, as in fits of earlier releases: then each answer
    counts by the skill.
    """

    skill: float
    weight: float | None

    def ballot(
        self, labels: Labels, sure: Mapping[str, float], categories: int
    ) -> Ballot:
        """Return a model's answer as it counts.

        sure: of each of the labels, how likely it is. That one of the others is not there
        counts by the skill, where an item may have several labels.
        """
        weight = self.weight
        if weight is None:
            return Ballot(labels, self.skill, is_model=True)
        tempered_of = {
            name: tempered(share, categories, weight) for name, share in sure.items()
        }
        return Ballot(labels, self.skill, is_model=True, sure=tempered_of)


def tempered(probability: float, categories: int, weight: float) -> float:
    """Return a probability with its log odds times ``weight``, and at most the ceiling.

    The odds are those of the category against any other one, all of which are equally
    likely.
    """
    odds = math.exp(weight * _log_odds(probability, categories))
    return min(MODEL_CEILING, odds / (odds + categories - 1))


def _log_odds(probability: float, categories: int) -> float:
    bounded = min(max(probability, HAIR), 1 - HAIR)
    # What is less likely than by chance is no opinion for it.
    return max(0.0, math.log(bounded * (categories - 1) / (1 - bounded)))


def weight_of(
    opinions: Sequence[Opinion],
    votes: Sequence[SkillVote],
    skills: Mapping[int, float],
    known: Mapping[Hashable, Hashable],
    categories: int,
) -> float:
    """Return the weight in [0, 3] that a model's opinions have proved to be worth.

    votes: of people on the same questions. skills: of these. known: right categories, as
    far as they are. The weight under which the votes are likeliest may be too large by
    chance: taken is the lowest one that is not ruled out, the lower end of the 95 %
    interval of the profile likelihood (Venzon and Moolgavkar 1988, Applied Statistics
    37:87–94). Without an opinion it is 0.
    """
    sums: dict[Hashable, dict[Hashable, float]] = defaultdict(dict)
    spoken = {opinion.question for opinion in opinions}
    for vote in votes:
        if vote.question in spoken and vote.person in skills:
            of_question = sums[vote.question]
            more = evidence(skills[vote.person], categories)
            of_question[vote.category] = of_question.get(vote.category, 0.0) + more
    fits = np.zeros(len(WEIGHTS))
    for opinion in opinions:
        if opinion.question in known:
            hit = known[opinion.question] == opinion.category
            fits += _of_known(opinion, categories, is_right=hit)
        elif opinion.question in sums:
            fits += _of_votes(opinion, sums[opinion.question], categories)
    return float(WEIGHTS[int(np.argmax(fits >= fits.max() - DROP))])


def _of_known(opinion: Opinion, categories: int, *, is_right: bool) -> Floats:
    """Return (n_weights,) the log likelihood of the right category."""
    raised = WEIGHTS * _log_odds(opinion.probability, categories)
    own = raised if is_right else np.zeros(len(WEIGHTS))
    return np.asarray(own - np.log(np.exp(raised) + categories - 1))


def _of_votes(
    opinion: Opinion, sums: Mapping[Hashable, float], categories: int
) -> Floats:
    """Return (n_weights,) the log likelihood of votes whose evidence is ``sums``."""
    raised = WEIGHTS * _log_odds(opinion.probability, categories)
    others = [part for name, part in sums.items() if name != opinion.category]
    unnamed = max(0, categories - 1 - len(others))
    rest = math.fsum(map(math.exp, others)) + unnamed
    own = np.exp(raised + sums.get(opinion.category, 0.0))
    return np.asarray(np.log(own + rest) - np.log(np.exp(raised) + categories - 1))
