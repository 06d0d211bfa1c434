"""From votes to labels: settle the items whose votes changed.

Confident labels come into being here, so the counter that starts a retrain is
changed in the same transaction as the resolution it counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from django.db import transaction
from django.utils import timezone

from labeling import rules
from labeling.models import (
    Annotation,
    Disagreement,
    Item,
    Project,
    ProjectCounter,
    Resolution,
)
from labeling.services import jobs, queue, relabel
from labeling.signals import labels_settled

CHUNK: Final = 500
# An answer of these stands whatever the votes say.
_FIRM = (Resolution.Source.EXPERT, Resolution.Source.GOLD)


def settle_all() -> int:
    """Settle every project that has unsettled items; return how many items."""
    projects = (
        Item.objects.filter(is_unsettled=True)
        .order_by()
        .values_list("project_id", flat=True)
        .distinct()
    )
    return sum(settle_project(pk) for pk in projects)


def settle_project(project_id: int) -> int:
    """Settle the project's unsettled items; running twice changes nothing."""
    project = Project.objects.filter(pk=project_id).first()
    if project is None:
        return 0
    total = 0
    while settled := _settle_chunk(project):
        total += settled
    if total:
        jobs.enqueue("agreement", project=project, lane=f"agreement:{project_id}")
    return total


def _settle_chunk(project: Project) -> int:
    with transaction.atomic():
        items = list(
            Item.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(project=project, is_unsettled=True)
            .order_by("pk")[:CHUNK]
        )
        if not items:
            return 0
        ids = [item.pk for item in items]
        votes = _votes_of(project, ids)
        current = {
            one.item_id: one
            for one in Resolution.objects.filter(item__in=ids, superseded_at=None)
        }
        for item in items:
            _settle(project, item, votes[item.pk], current.get(item.pk))
        tell_settled(project.pk)
    return len(items)


def _votes_of(
    project: Project, item_ids: Sequence[int]
) -> dict[int, list[rules.Answer]]:
    """Return the standing votes of some items, by the labels' names of today."""
    names = relabel.names_now(project.pk)
    votes: dict[int, list[rules.Answer]] = defaultdict(list)
    rows = Annotation.objects.filter(item__in=item_ids, undone_at=None)
    for item_id, label_set, labels in rows.values_list(
        "item_id", "label_set_id", "labels"
    ):
        votes[item_id].append(relabel.translated(labels, names[label_set]))
    return votes


def _settle(
    project: Project,
    item: Item,
    votes: list[rules.Answer],
    current: Resolution | None,
) -> None:
    if current is not None and current.source in _FIRM:
        _save(item, Item.State.SETTLED, item.votes_wanted)
        return
    most = _most_votes(project, item)
    verdict = rules.consensus(
        votes,
        min_votes=min(project.min_votes, most),
        max_votes=most,
        confidence=project.confidence,
    )
    if verdict.verdict == "settled":
        resolve(project, item, verdict, current)
    elif current is not None:
        supersede(current)
    if verdict.verdict == "disputed":
        _open_disagreement(project, item, verdict, votes)
    else:
        _withdraw_disagreement(item)
    _save(item, Item.State(verdict.verdict), _wanted(project, item, len(votes)))


def _most_votes(project: Project, item: Item) -> int:
    """Return the overlap of an item; outside the overlap's share it is one vote."""
    is_shared = (
        rules.draw(project.seed, f"overlap:{item.group_key}") < project.overlap_share
    )
    return max(project.overlap if is_shared else 1, item.votes)


def _wanted(project: Project, item: Item, votes: int) -> int:
    """Ask for the minimum of votes, then for one more at a time up to the overlap."""
    most = _most_votes(project, item)
    return min(max(min(project.min_votes, most), votes + 1), most)


def _save(item: Item, state: Item.State, wanted: int) -> None:
    is_closed = state != Item.State.OPEN
    grew = not is_closed and wanted > item.votes_wanted
    reopened = not is_closed and item.state != Item.State.OPEN
    item.state = state
    item.is_unsettled = False
    if not is_closed:
        item.votes_wanted = wanted
    item.save(update_fields=["state", "is_unsettled", "votes_wanted"])
    if is_closed:
        queue.withdraw([item.pk])
    if grew or reopened:
        queue.tell_items_changed(item.project_id)


def resolve(
    project: Project,
    item: Item,
    verdict: rules.Consensus,
    current: Resolution | None,
) -> None:
    """Give an item the label of its votes, when it has not got it already."""
    labels = list(verdict.labels)
    if current is not None and current.labels == labels:
        if current.confidence != verdict.confidence:
            current.confidence = verdict.confidence
            current.soft_label = verdict.soft_label
            current.save(update_fields=["confidence", "soft_label"])
        return
    first = record_resolution(
        Resolution(
            project=project,
            item=item,
            labels=labels,
            source=Resolution.Source.CONSENSUS,
            confidence=verdict.confidence,
            soft_label=verdict.soft_label,
            label_set_id=project.label_set_pk,
            guideline_id=project.guideline_id,
            created_at=timezone.now(),
        )
    )
    if first:
        count_confident(project.pk, 1)


def record_resolution(resolution: Resolution) -> bool:
    """Save a resolution in place of the current one.

    Return whether it is the first of a pool item, which counts toward a retrain.
    """
    earlier = Resolution.objects.filter(item_id=resolution.item_id)
    is_first = not earlier.exists()
    for current in earlier.filter(superseded_at=None):
        supersede(current)
    resolution.save(force_insert=True)
    return is_first and resolution.item.split == Item.Split.POOL


def supersede(current: Resolution) -> None:
    """End a resolution; it stays in the item's history."""
    current.superseded_at = timezone.now()
    current.save(update_fields=["superseded_at"])


def count_confident(project_id: int, change: int) -> None:
    """Count newly labeled pool items, in the transaction that labels them."""
    ProjectCounter.add(project_id, confident=change)


def _open_disagreement(
    project: Project,
    item: Item,
    verdict: rules.Consensus,
    votes: Iterable[rules.Answer],
) -> None:
    Disagreement.objects.update_or_create(
        item=item,
        resolved_at=None,
        defaults={
            "entropy": verdict.entropy,
            "votes_seen": _tally(votes),
        },
        create_defaults={
            "project": project,
            "opened_at": timezone.now(),
            "entropy": verdict.entropy,
            "votes_seen": _tally(votes),
        },
    )


def _tally(votes: Iterable[rules.Answer]) -> dict[str, int]:
    tally: dict[str, int] = defaultdict(int)
    for vote in votes:
        tally[", ".join(vote) or "(none)"] += 1
    return dict(tally)


def _withdraw_disagreement(item: Item) -> None:
    Disagreement.objects.filter(item=item, resolved_at=None).update(
        resolved_at=timezone.now(), outcome=Disagreement.Outcome.WITHDRAWN
    )


def tell_settled(project_id: int) -> None:
    """Tell the learner after the commit that there are new labels."""
    transaction.on_commit(
        lambda: labels_settled.send_robust(sender=Item, project_id=project_id)
    )
