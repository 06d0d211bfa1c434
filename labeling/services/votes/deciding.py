"""What votes make of an item, by the rule of its project."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple, Self

from labeling import rules
from labeling.models import Membership, Prediction, Project, Skills
from labeling.quality import consensus
from labeling.services.votes import skills


class Given(NamedTuple):
    """A standing vote: whose it is, and its labels by their names of today."""

    person: int
    labels: rules.Labels


@dataclass(frozen=True)
class Rule:
    """The rule of a project, and what it knows of people.

    fit: what the skills are from; None before the first one. ranked: the members and
    their skills, the best first.
    """

    project: Project
    terms: consensus.SettlingTerms | None = None
    fit: Skills | None = None
    skill: dict[int, float] | None = None
    ranked: Sequence[tuple[int, float]] = ()

    def opinions(self, item_ids: Sequence[int]) -> dict[int, Prediction]:
        """Return what the model says of some items, where it counts; one query at most."""
        if self.terms is None or skills.of_model(self.fit) is None:
            return {}
        opinions = skills.second_opinions(self.project).filter(item__in=item_ids)
        return {opinion.item_id: opinion for opinion in opinions}

    @classmethod
    def of(cls, project: Project) -> Self:
        """Return the rule in force, in four queries at most."""
        if project.settled_by != Project.SettledBy.POSTERIOR:
            return cls(project)
        fit = skills.newest(project.pk)
        known = skills.values_of(fit)
        members = Membership.objects.filter(project=project).active()
        people = [
            (person, known.get(person, consensus.UNKNOWN))
            for person in members.values_list("user_id", flat=True)
        ]
        ranked = sorted(people, key=lambda pair: (-pair[1], pair[0]))
        return cls(project, skills.terms_of(project), fit, known, ranked)

    def consensus(
        self, votes: Sequence[Given], opinion: Prediction | None = None, *, most: int
    ) -> rules.Consensus:
        """Return what votes make of an item that may get ``most`` of them."""
        least = min(self.project.min_votes, most)
        labels = [vote.labels for vote in votes]
        if self.terms is None:
            return rules.consensus(
                labels,
                min_votes=least,
                max_votes=most,
                confidence=self.project.confidence,
                is_multi=self.project.is_multi,
            )
        # The next voters, the best first: nobody votes twice on an item.
        voters = {vote.person for vote in votes}
        others = (skill for person, skill in self.ranked if person not in voters)
        terms = replace(
            self.terms,
            min_votes=least,
            max_votes=most,
            ahead=list(islice(others, most)),
        )
        known = self.skill or {}
        ballots = [
            consensus.Ballot(vote.labels, known.get(vote.person, consensus.UNKNOWN))
            for vote in votes
        ]
        # Without a vote of a person the model alone would settle the item.
        if ballots and opinion and (voice := skills.of_model(self.fit)):
            predicted, sure = tuple(opinion.names), skills.sureness(opinion)
            ballots.append(voice.ballot(predicted, sure, terms.categories))
        verdict, belief = consensus.decided(ballots, terms)
        return rules.Consensus(
            verdict,
            belief.labels,
            belief.confidence,
            belief.soft_label,
            rules.entropy(Counter(labels)),
        )
