"""Settings that have no effect as they stand together, in words."""

from __future__ import annotations

from collections.abc import Iterator

from labeling.messages import Message, message
from labeling.models import PredictionSource, Project
from labeling.services.votes import suggestions


def without_effect(project: Project) -> list[Message]:
    """Return a sentence for each setting that another one makes idle."""
    return [*_of_suggestions(project), *_of_votes(project), *_of_checks(project)]


def _of_suggestions(project: Project) -> Iterator[Message]:
    is_wanted = project.shown_suggestions != Project.SuggestionMode.BLIND
    if is_wanted and not suggestions.are_possible(project):
        yield message(
            "The model's suggestions are never shown: every item wants %(votes)s votes, and "
            "such items are answered blind. Ask for one vote at least, or for several on a "
            "share of the items.",
            votes=project.min_votes,
        )
    if is_wanted and (name := project.suggestions_by):
        sources = PredictionSource.objects.filter(project=project, name=name)
        if not sources.exists():
            yield message(
                "No suggestions are shown: the source “%(name)s” has predicted nothing.",
                name=name,
            )


def _of_votes(project: Project) -> Iterator[Message]:
    if project.model_votes and project.settled_by == Project.SettledBy.SHARE:
        yield message(
            "The model's answer does not count as a vote: a label is confident here by "
            "the share of the votes."
        )
    if project.overlap == 1 and project.overlap_share < 1:
        yield message(
            "The share of items with several votes says nothing: no item may get more "
            "than one."
        )
    if project.evaluation_share == 0 and project.evaluation_votes > 2:
        yield message(
            "The votes per held-out item say little: no imported item is held out."
        )


def _of_checks(project: Project) -> Iterator[Message]:
    if project.least_skill > 0 and project.gold_rate == 0:
        yield message(
            "The least share of right answers stops nobody: no gold questions are asked."
        )
