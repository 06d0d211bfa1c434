"""What of the model's answer a person may see, and when."""

from __future__ import annotations

from typing import Any, Final

from labeling import rules
from labeling.models import Annotation, Assignment, Project, QueueEntry, Reason

BLIND_SHARE: Final = 0.05


def are_possible(project: Project) -> bool:
    """Whether some item may show a suggestion: those of several votes never do."""
    has_single = project.min_votes == 1 or project.overlap_share < 1
    return has_single and project.shown_suggestions != Project.SuggestionMode.BLIND


def shown(project: Project, assignment: Assignment) -> dict[str, Any] | None:
    """Return the suggestion that is shown with an item: none but in assist mode."""
    is_assisted = project.shown_suggestions == Project.SuggestionMode.ASSIST
    return _allowed(project, assignment) if is_assisted else None


def revealed(project: Project, vote: Annotation) -> dict[str, Any] | None:
    """Return what the model had said, for the person who has just answered."""
    if project.shown_suggestions != Project.SuggestionMode.REVEAL:
        return None
    return _allowed(project, vote.assignment) if vote.assignment else None


def _allowed(project: Project, assignment: Assignment) -> dict[str, Any] | None:
    """Return an assignment's suggestion, unless it must be answered blind."""
    if not (assignment.suggestion and may_suggest(project, assignment)):
        return None
    return dict(assignment.suggestion)


def may_suggest(project: Project, slot: Assignment | QueueEntry) -> bool:
    """Whether a slot need not be answered blind.

    Only what the model has picked may be seen with its answer, never held-out items, what
    chance has drawn, gold questions and items of several votes; and a share of the others
    stays blind for good, to measure what suggestions do to answers.
    """
    is_picked = slot.reason == Reason.MODEL and slot.slot == 0
    if not is_picked or slot.item.votes_wanted > 1:
        return False
    return not is_blind(project, slot.item_id)


def is_blind(project: Project, item_id: int) -> bool:
    """Whether an item belongs to the share of what the model picks that stays blind."""
    # By the item, not by chance: a second look would show what the first one has
    # hidden.
    return rules.draw(project.seed, f"blind:{item_id}") < BLIND_SHARE
