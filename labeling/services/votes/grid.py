"""The grid: a page of items with one suggested label, confirmed together.

A person who sees such a page sees the model's answer. So only projects that show
suggestions have it, and only items with a suggestion are in it, never an item that has
to be answered blind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from labeling.errors import ForbiddenError
from labeling.messages import sentence as _
from labeling.models import Assignment, Membership, Project, QueueEntry, Reason
from labeling.services.queue import allowance, lease, nothing_left, take
from labeling.services.queue.locks import alone
from labeling.services.queue.reasons import GridReason
from labeling.services.votes import suggestions

# A page is chosen from this many entries at the head of the queue.
HEAD: Final = 400


@dataclass(frozen=True)
class GridPage:
    """Items under one label; without items, ``reason`` says why there are none."""

    label: str
    assignments: list[Assignment]
    reason: GridReason | None


def is_possible(project: Project) -> bool:
    """Whether a project shows suggestions before the answer, one label each."""
    is_shown = project.suggestion_mode == Project.SuggestionMode.ASSIST
    return is_shown and not project.is_multi


def lend(member: Membership, count: int, left: Collection[int] = ()) -> GridPage:
    """Lend a page of up to ``count`` items with one suggested label.

    What the person holds comes first, except the assignments ``left`` for later.
    Raises ForbiddenError where the project does not show suggestions, and
    InvalidInputError for a count out of range.
    """
    lease.check_count(count)
    if not is_possible(member.project):
        raise ForbiddenError(
            _(
                "The grid shows items under the label that the model suggests. This project hides suggestions until an item is answered, or allows several labels per item."
            )
        )
    # Under the lock: two windows would otherwise both fit into a quota, and could
    # deadlock by lending the same entries in different orders.
    with alone(member):
        held = [
            (assignment, suggestion["label"])
            for assignment in take.renewed(member, allowance.MAX_COUNT)
            if assignment.pk not in left
            and (suggestion := suggestions.shown(member.project, assignment))
        ]
        label = _commonest([suggested for _, suggested in held])
        page = [assignment for assignment, suggested in held if suggested == label][
            :count
        ]
        allowed = allowance.of(member)
        if wanted := min(allowed.count, count - len(page)):
            label, entries = _alike(member, wanted, label)
            page += take.these(member, entries, allowed.works)
    if page:
        return GridPage(label, page, None)
    reason = nothing_left.reason(member, allowed)
    # The queue has something for the person, but nothing with a suggestion.
    return GridPage(label, [], "no_suggestions" if reason == "all_lent" else reason)


def _commonest(labels: list[str]) -> str:
    return Counter(labels).most_common(1)[0][0] if labels else ""


def _alike(member: Membership, count: int, label: str) -> tuple[str, list[int]]:
    """Return a label and up to ``count`` entries of it, the surest of them first.

    The label is the commonest of the queue's head where none is given.
    """
    suggested = [
        (entry.suggestion, entry.pk)
        for entry in _candidates(member)
        if suggestions.may_suggest(member.project, entry)
    ]
    label = label or _commonest([suggestion["label"] for suggestion, _ in suggested])
    alike = [pair for pair in suggested if pair[0]["label"] == label]
    alike.sort(key=lambda pair: (-float(pair[0].get("confidence") or 0), pair[1]))
    return label, [pk for _, pk in alike[:count]]


def _candidates(member: Membership) -> Any:
    """Return the first entries with a suggestion whose items are new to the person."""
    # Not locked: what another lease takes meanwhile is passed over by ``take.these``.
    mine = Assignment.objects.filter(annotator_id=member.user_id).exclude(
        state__in=(Assignment.State.EXPIRED, Assignment.State.RELEASED)
    )
    return (
        QueueEntry.objects.select_related("item")
        .filter(
            project_id=member.project_id,
            is_first=True,
            suggestion__isnull=False,
            reason=Reason.MODEL,
        )
        .exclude(item__in=mine.values("item"))
        .order_by("rank", "pk")[:HEAD]
    )
