"""From votes to labels: settle the items whose votes changed.

Confident labels come into being here, so the counter that starts a retrain is
changed in the same transaction as the resolution it counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction
from django.utils import timezone

from labeling import rules
from labeling.models import (
    Annotation,
    Disagreement,
    Item,
    Prediction,
    Project,
    Resolution,
)
from labeling.services.queue import giving_back, order, reviews
from labeling.services.votes import (
    agreement,
    deciding,
    relabel,
    resolutions,
    skills,
)
from labeling.services.votes.resolutions import CountGain

# Items of one transaction: votes on them wait until it commits.
CHUNK: Final = 200
_OF_CONFIDENCE: Final = (
    *("confidence", "soft_label", "settled_by", "skills"),
    "counted_model",
)
# What the labels of each label set are called today.
NamesBySet = Mapping[int, Mapping[str, str]]


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
    """Settle the project's unsettled items. It is idempotent."""
    project = Project.objects.filter(pk=project_id).first()
    if project is None:
        return 0
    total = settled = _settle_chunk(project)
    # A chunk that is not full was the last one: later votes have sent a signal anew.
    while settled == CHUNK:
        settled = _settle_chunk(project)
        total += settled
    if total:
        agreement.request_report(project)
        skills.request_if_due(project)
    return total


def _settle_chunk(project: Project) -> int:
    with transaction.atomic():
        # Lock before reading the votes: a vote that comes later waits here to mark its
        # item, so the mark outlives this commit. SKIP LOCKED, because what is locked by
        # another settling needs no second one, and a vote's item stays marked.
        items = list(
            Item.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(project=project, is_unsettled=True)
            .defer("data", "metadata")
            .order_by("pk")[:CHUNK]
        )
        if not items:
            return 0
        ids = [item.pk for item in items]
        names = relabel.names_now(project.pk)
        votes = votes_of(ids, names)
        rule = deciding.Rule.of(project)
        done = _Done(project, names, rule, rule.opinions(ids))
        past: dict[int, list[Resolution]] = defaultdict(list)
        for resolution in Resolution.objects.filter(item__in=ids):
            past[resolution.item_id].append(resolution)
        for item in items:
            _settle(done, item, votes[item.pk], past[item.pk])
        done.write()
        resolutions.send_labels_settled(project.pk)
    return len(items)


@dataclass
class _Done:
    """What settling some items makes of them, written in few statements."""

    project: Project
    names: NamesBySet
    rule: deciding.Rule
    opinions: dict[int, Prediction]
    items: list[Item] = field(default_factory=list)
    resolutions: list[Resolution] = field(default_factory=list)
    surer: list[Resolution] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    disputes: list[Disagreement] = field(default_factory=list)
    clear: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    rechecked: list[int] = field(default_factory=list)
    gain: CountGain = field(default_factory=CountGain)
    has_more_to_ask: bool = False

    def counted_model(self, item: Item) -> int | None:
        """Return the version whose prediction counted beside an item's votes, if one did."""
        opinion = self.opinions.get(item.pk)
        return opinion.model_number if opinion else None

    def write(self) -> None:
        """Write all of it.

        Lock order: items, then counter, whose row others wait for: so it comes last.
        """
        now = timezone.now()
        for (state, wanted), ids in self._alike():
            Item.objects.filter(pk__in=ids).update(
                state=state, votes_wanted=wanted, is_unsettled=False
            )
        # First those that end: an item has at most one current label
        # (``one_resolution``).
        Resolution.objects.filter(pk__in=self.ended).update(superseded_at=now)
        Resolution.objects.bulk_create(self.resolutions)
        reviews.settle(self.resolutions)
        Resolution.objects.bulk_update(self.surer, _OF_CONFIDENCE)
        # Behind their items: an expert who resolves one locks the item first too.
        _open_disagreements(self.disputes)
        # What an expert has doubts about waits for the expert, whatever the votes say.
        Disagreement.objects.filter(
            item__in=self.clear, resolved_at=None, origin=Disagreement.Origin.VOTES
        ).update(resolved_at=now, outcome=Disagreement.Outcome.WITHDRAWN)
        # A lease would drop these stale entries one by one; without them it finds a free
        # slot at its first look.
        giving_back.withdraw(self.closed)
        order.queue_further(self.rechecked)
        if self.has_more_to_ask:
            order.send_items_changed(self.project.pk)
        resolutions.count(self.project.pk, self.gain)

    def _alike(self) -> Iterable[tuple[tuple[str, int], list[int]]]:
        """Return the items by what is written of them: a few statements for all."""
        alike: dict[tuple[str, int], list[int]] = defaultdict(list)
        for item in self.items:
            alike[item.state, item.votes_wanted].append(item.pk)
        return alike.items()


def votes_of(
    item_ids: Sequence[int], names: NamesBySet
) -> dict[int, list[deciding.Given]]:
    """Return the standing votes of some items, by the labels' names of today."""
    votes: dict[int, list[deciding.Given]] = defaultdict(list)
    rows = Annotation.votes.filter(item__in=item_ids, undone_at=None)
    for item_id, person, label_set, labels in rows.values_list(
        "item_id", "annotator_id", "label_set_id", "labels"
    ):
        today = relabel.translated(labels, names[label_set])
        votes[item_id].append(deciding.Given(person, today))
    return votes


def _current(past: Iterable[Resolution]) -> Resolution | None:
    """Return the label in force, of all that an item ever had."""
    return next((label for label in past if label.superseded_at is None), None)


def _settle(
    done: _Done, item: Item, votes: list[deciding.Given], past: list[Resolution]
) -> None:
    project = done.project
    current = _current(past)
    is_invalid = item.state == Item.State.INVALID
    if is_invalid or (current is not None and current.source in skills.FIRM):
        _close(done, item, Item.State.INVALID if is_invalid else Item.State.SETTLED)
        done.clear.append(item.pk)
        return
    verdict = _consensus(done, item, votes)
    if verdict.verdict == "settled":
        _resolve(done, item, verdict, past)
    elif current is not None:
        done.ended.append(current.pk)
    if verdict.verdict == "disputed":
        done.disputes.append(dispute(project, item, [vote.labels for vote in votes]))
    else:
        done.clear.append(item.pk)
    if verdict.verdict == "open":
        _ask_on(done, item, votes_wanted(project, item, len(votes)))
    else:
        _close(done, item, Item.State(verdict.verdict))
        _recheck(done, item)


def _consensus(done: _Done, item: Item, votes: list[deciding.Given]) -> rules.Consensus:
    most = _most_votes(done.project, item)
    consensus = done.rule.consensus(votes, done.opinions.get(item.pk), most=most)
    if not item.is_held_out:
        return consensus
    labels = [vote.labels for vote in votes]
    blind = done.project.evaluation_votes
    return rules.held_out(consensus, labels, blind=blind)


def _close(done: _Done, item: Item, state: Item.State) -> None:
    item.close(state)
    done.items.append(item)
    done.closed.append(item.pk)


def _recheck(done: _Done, item: Item) -> None:
    """Have more people answer a held-out item that has its label, as policy asks."""
    wanted = done.project.evaluation_votes
    if item.is_held_out and item.state == Item.State.SETTLED and item.votes < wanted:
        item.votes_wanted = wanted
        done.rechecked.append(item.pk)


def _ask_on(done: _Done, item: Item, wanted: int) -> None:
    reopened = item.state != Item.State.OPEN
    # The queue dropped these when they were settled, or never had the slot of one more
    # vote.
    done.has_more_to_ask |= reopened or wanted > item.votes_wanted
    item.state, item.votes_wanted = Item.State.OPEN, wanted
    done.items.append(item)


def _most_votes(project: Project, item: Item) -> int:
    """Return the overlap of an item; outside the overlap's share it is one vote."""
    is_shared = rules.is_shared(project.seed, item.group_key, project.overlap_share)
    # Not below the votes it has: they may be imported, or older than a lower overlap.
    return max(project.overlap if is_shared else 1, item.votes)


def votes_wanted(project: Project, item: Item, votes: int) -> int:
    """Return how many votes an item that has ``votes`` is to have next.

    Ask for the minimum of votes, then for one more at a time up to the overlap.
    """
    most = _most_votes(project, item)
    return min(max(min(project.min_votes, most), votes + 1), most)


def _resolve(
    done: _Done, item: Item, verdict: rules.Consensus, past: list[Resolution]
) -> None:
    """Give an item the label of its votes, when it has not got it already."""
    labels = list(verdict.labels)
    current = _current(past)
    # Where the model alone has settled it so far, the label is now that of the votes.
    is_by_votes = current is not None and current.source != Resolution.Source.AUTO
    if current is not None and is_by_votes and current.labels == labels:
        if current.confidence != verdict.confidence:
            current.confidence = verdict.confidence
            current.soft_label = verdict.soft_label
            current.settled_by = done.project.settled_by
            current.skills = done.rule.fit
            current.counted_model = done.counted_model(item)
            done.surer.append(current)
        return
    if current is not None:
        done.ended.append(current.pk)
    new = Resolution(
        project=done.project,
        item=item,
        labels=labels,
        source=Resolution.Source.CONSENSUS,
        confidence=verdict.confidence,
        settled_by=done.project.settled_by,
        skills=done.rule.fit,
        counted_model=done.counted_model(item),
        soft_label=verdict.soft_label,
        label_set_id=done.project.label_set_pk,
        guideline_id=done.project.guideline_id,
        created_at=timezone.now(),
    )
    done.gain.update(resolutions.gain_of(new, past, done.names))
    done.resolutions.append(new)


def dispute(
    project: Project,
    item: Item,
    votes: Sequence[rules.Labels],
    origin: Disagreement.Origin = Disagreement.Origin.VOTES,
) -> Disagreement:
    """Return an unsaved disagreement on an item with these standing votes."""
    return Disagreement(
        project=project,
        item=item,
        origin=origin,
        opened_at=timezone.now(),
        entropy=rules.entropy(Counter(votes)),
        votes_seen=_tally(votes),
    )


def _open_disagreements(disputes: list[Disagreement]) -> None:
    """Open those that are new; of the others only the votes have changed."""
    waiting = {
        disagreement.item_id: disagreement
        for disagreement in Disagreement.objects.filter(
            item__in=[new.item_id for new in disputes], resolved_at=None
        )
    }
    for new in disputes:
        if known := waiting.get(new.item_id):
            known.entropy, known.votes_seen = new.entropy, new.votes_seen
    Disagreement.objects.bulk_update(waiting.values(), ["entropy", "votes_seen"])
    Disagreement.objects.bulk_create(
        new for new in disputes if new.item_id not in waiting
    )


def _tally(votes: Iterable[rules.Labels]) -> dict[str, int]:
    tally: dict[str, int] = defaultdict(int)
    for vote in votes:
        tally[rules.joined(vote)] += 1
    return dict(tally)
