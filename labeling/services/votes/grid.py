"""The grid: a page of items with the same suggested labels, confirmed together.

A person who sees such a page sees the model's answer. So only projects that show
suggestions have it, and only items with a suggestion are in it, never an item that has
to be answered blind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from labeling import rules
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
    """Items under the same labels; without items, ``reason`` says why there are none."""

    labels: rules.Labels
    assignments: list[Assignment]
    reason: GridReason | None


def is_possible(project: Project) -> bool:
    """Whether a project shows suggestions before the answer."""
    return project.shown_suggestions == Project.SuggestionMode.ASSIST


def is_useful(project: Project) -> bool:
    """Whether a page can ever hold an item: then people are led to it."""
    return is_possible(project) and suggestions.are_possible(project)


def lend(member: Membership, count: int, left: Collection[int] = ()) -> GridPage:
    """Lend a page of up to ``count`` items with the same suggested labels.

    What the person holds comes first, except the assignments ``left`` for later.
    Raises ForbiddenError where the project does not show suggestions, and
    InvalidInputError for a count out of range.
    """
    lease.check_count(count)
    if not is_possible(member.project):
        raise ForbiddenError(
            _(
                "The grid shows items under what the model suggests. This project hides suggestions until an item is answered."
            )
        )
    # Under the lock: two windows would otherwise both fit into a quota, and could
    # deadlock by lending the same entries in different orders.
    with alone(member):
        held = [
            (assignment, labels_of(suggestion))
            for assignment in take.renewed(member, allowance.MAX_COUNT)
            if assignment.pk not in left
            and (suggestion := suggestions.shown(member.project, assignment))
        ]
        labels = _commonest([suggested for _, suggested in held])
        page = [assignment for assignment, suggested in held if suggested == labels][
            :count
        ]
        allowed = allowance.of(member)
        if wanted := min(allowed.count, count - len(page)):
            labels, entries = _alike(member, wanted, labels)
            page += take.these(member, entries, allowed.purposes)
    if page:
        return GridPage(labels or (), page, None)
    reason = nothing_left.reason(member, allowed)
    # The queue has something for the person, but nothing with a suggestion.
    return GridPage((), [], "no_suggestions" if reason == "all_lent" else reason)


def labels_of(suggestion: Mapping[str, Any]) -> rules.Labels:
    """Return all that an item is suggested to have: one label, or several, maybe none."""
    several = suggestion.get("labels")
    return (suggestion["label"],) if several is None else tuple(sorted(several))


def _commonest(suggested: list[rules.Labels]) -> rules.Labels | None:
    return Counter(suggested).most_common(1)[0][0] if suggested else None


def _alike(
    member: Membership, count: int, labels: rules.Labels | None
) -> tuple[rules.Labels | None, list[int]]:
    """Return labels and up to ``count`` entries that have them, the surest first.

    The labels are the commonest of the queue's head where none are given.
    """
    suggested = [
        (labels_of(entry.suggestion), entry)
        for entry in _candidates(member)
        if suggestions.may_suggest(member.project, entry)
    ]
    if labels is None:
        labels = _commonest([names for names, _entry in suggested])
    alike = [entry for names, entry in suggested if names == labels]
    alike.sort(key=lambda entry: (-_confidence(entry), entry.pk))
    return labels, [entry.pk for entry in alike[:count]]


def _confidence(entry: QueueEntry) -> float:
    return float((entry.suggestion or {}).get("confidence") or 0)


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
