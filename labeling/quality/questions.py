"""What is asked of each item, and what people and the model answer. No Django, no clock."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from labeling.quality.consensus import Labels
from labeling.quality.opinions import Opinion
from labeling.quality.skills import SkillVote

# Beside the people the model stands under this number, which is nobody's.
MODEL: Final = 0
# A person and their labels.
GivenLabels = tuple[int, Labels]


@dataclass
class Questions:
    """Questions with what people and the model say of them, and what is known."""

    votes: list[SkillVote] = field(default_factory=list)
    of_model: list[SkillVote] = field(default_factory=list)
    opinions: list[Opinion] = field(default_factory=list)
    truth: dict[Hashable, Hashable] = field(default_factory=dict)

    def add_single(
        self,
        item: int,
        given: Sequence[GivenLabels],
        known: Labels | None,
        opinion: Mapping[str, float] | None,
    ) -> None:
        """Add an item that has one label: a question, which labels it has."""
        if known is not None:
            self.truth[item] = known
        self.votes += (SkillVote(item, who, labels) for who, labels in given)
        if opinion is not None:
            labels = tuple(opinion)
            self.of_model.append(SkillVote(item, MODEL, labels))
            self.opinions += (
                Opinion(item, labels, share) for share in opinion.values()
            )

    def add_labels(
        self,
        item: int,
        given: Sequence[GivenLabels],
        known: Labels | None,
        opinion: Mapping[str, float] | None,
    ) -> None:
        """Add an item of several labels: of each that somebody named, whether it is there.

        Those that nobody named are left out: that all see it is not there is no skill.
        """
        names = {name for _, labels in given for name in labels}
        for name in sorted(names.union(known or (), opinion or ())):
            question = item, name
            if known is not None:
                self.truth[question] = name in known
            self.votes += (
                SkillVote(question, who, name in labels) for who, labels in given
            )
            if opinion is None:
                continue
            is_named = name in opinion
            self.of_model.append(SkillVote(question, MODEL, is_named))
            # How unlikely a label is that it does not predict is not kept.
            if is_named:
                self.opinions.append(Opinion(question, True, opinion[name]))
