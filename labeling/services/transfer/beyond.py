"""Groups that are held out for a label which the draw has missed.

The split is drawn by group, whatever their labels are (``splitting.py``). So a label that
few groups have may end up without a held-out item, and then no figure says how well a model
knows it. Where a file brings labels, that is seen and mended: of each label, the groups
with the lowest draws are held out until ``wanted`` of them are.

Why that is honest:

- A label's held-out groups are those of it with the lowest draws, which depend on nothing
  but the project's seed and the groups' keys. So they are a simple random sample of the
  label's groups: each of ``of`` groups is among the ``held_out`` ones with the same
  probability, which is kept. It does not depend on the order of files, nor on how often
  this is done.
- Once a run has learned from some of them, the sample stays as it is: to draw anew from
  what the run has left would take each group that is held out for one of fewer. Groups
  that come later are held out with the same probability, until ten are.
- Such a label is rarer among all items than among the held-out ones then. So what is held
  out beyond the draw counts in that label's recall alone, and in what the gate asks of the
  label: both are about items that have it. In all other figures, in the calibration and in
  the number of labels that a version waits for, the draw counts and nothing else, and there
  no weights are needed.
- Nothing leaks. A group from which a run has learned stays in the pool, and one on which
  a version was judged stays held out. And nobody has decided by looking at the items:
  what a file says of them counts, labels or the votes of another tool, and what people say
  in a project where nothing but chance has ever chosen an item.

Votes on other items cannot count. A rule has chosen these, since it took them to be hard,
typical, or of this very label: so they are no random sample of it, and how likely each was
to be chosen depends on all labels before. Nor can those that chance chose beside a rule:
they are a sample of what the rule had left, from which it had taken most of a rare label,
and what it took, a run has learned from. No weights mend that; LURE (Farquhar et al. 2021)
would have to judge on just these items.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from django.db import connection, transaction

from labeling import rules
from labeling.messages import message
from labeling.models import (
    Assignment,
    Item,
    Prediction,
    Project,
    Reason,
    Resolution,
)
from labeling.services.queue import giving_back
from labeling.services.queue.order import send_items_changed
from labeling.services.transfer import groups, held_out_groups, samples, splitting
from labeling.services.transfer.groups import EVALUATION, POOL
from labeling.services.transfer.rows import HeldOutFor
from labeling.services.transfer.samples import LabeledGroup, LabelSample, Samples
from labeling.services.votes import resolutions
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import Turn, await_turn, lock_project

# Of all items, the share that one group may be which is held out beyond the draw.
ROOM: Final = 0.1
# A label of more items has no held-out one only where the project's share is next to none.
MOST_ITEMS: Final = 1000
# With fewer held-out groups, a label's figures say nothing.
FEWEST: Final = 2
# Among this number of labeled held-out items, a label that none has is rare.
ENOUGH: Final = 100
# How many labels are named in one sentence.
NAMED: Final = 20
# Where a rule chose an item, or a person did.
BY_RULE: Final = (
    *(Reason.COLD, Reason.MODEL, Reason.DUEL, Reason.SIMILAR, Reason.CHOSEN),
    *(Reason.RETURNED, Reason.REFILL, Reason.REVIEW),
)


def hold_out(project_id: int, progress: Progress) -> Samples:
    """Hold out groups for the labels that the draw has missed; done again, nothing changes.

    Called after a part of a file has been written, where its rows do not say their side
    themselves. Raises NotFoundError where the project has been deleted, and what
    ``Progress.report`` raises.
    """
    with _turn(project_id) as project:
        if not project.evaluation_share:
            return Samples()
        before = held_out_groups.read(project_id)
        return _draw(project, _missed(project, samples.GOAL), before, progress)


def hold_out_by_votes(project_id: int, progress: Progress) -> Samples:
    """Hold out groups for labels that votes have brought and the held-out items lack.

    Called before a run takes its labels. Nothing is moved but where that is honest (see
    above), and not before the held-out items have told that they lack the label. Raises
    NotFoundError where the project has been deleted, and what ``Progress.report`` raises.
    """
    with _turn(project_id) as project:
        fair = _fair_reasons(project) if project.evaluation_share else []
        if not fair or not _has_told(project):
            return Samples()
        before = held_out_groups.read(project_id)
        missed = _missed(project, FEWEST)
        chosen = _draw(project, missed, before, progress, fair)
    return Samples() if chosen.groups == before.groups else chosen


@contextmanager
def _turn(project_id: int) -> Iterator[Project]:
    """Give the project, locked as all who move items to the other side lock it."""
    with transaction.atomic():
        await_turn(Turn.IMPORTS, project_id)
        # A pass that has read which items are in the pool must not bring predictions of
        # those that leave it.
        await_turn(Turn.PREDICTIONS, project_id)
        # A snapshot is taken behind the same lock: what is moved here is in none, and
        # what one has taken is not moved.
        yield lock_project(project_id)


def note(drawn: Samples, progress: Progress) -> None:
    """Write into the job's log for which labels groups are held out."""
    if drawn.groups:
        progress.log(
            message(
                "The draw had missed labels, so groups of these are held out beyond it: %(labels)s.",
                labels=", ".join(
                    f"{name} ({sample.held_out}/{sample.of})"
                    for name, sample in sorted(drawn.labels.items())[:NAMED]
                ),
            )
        )


def _draw(
    project: Project,
    missed: Iterable[str],
    before: Samples,
    progress: Progress,
    fair: Collection[str] = (),
) -> Samples:
    """Draw the groups of the missed labels, move them and keep which they are."""
    labels = {*missed, *before.labels}
    chosen = before
    # Mostly there is nothing to draw, and every run asks.
    if labels or before.groups:
        grouped = _grouped(project, labels, before, fair)
        room = int(splitting.count(project) * ROOM)
        chosen = samples.drawn(grouped, labels, room, before)
        _move(project, before.groups, chosen.groups)
        held_out_groups.keep(project, chosen)
    # Last, for it locks the job's row: a worker that lost the job moves nothing.
    progress.report()
    return chosen


def _fair_reasons(project: Project) -> list[str]:
    """Return for which reasons people got items that are fair samples of their labels."""
    assignments = Assignment.objects.filter(project=project)
    if assignments.filter(reason__in=BY_RULE).exists():
        by_file = assignments.filter(reason=Reason.IMPORT).exists()
        return [Reason.IMPORT.value] if by_file else []
    return [Reason.IMPORT.value, Reason.RANDOM.value, Reason.SECOND.value]


def _has_told(project: Project) -> bool:
    """Whether a label that no held-out item has is rare among these, and not just late."""
    held_out = Item.objects.filter(project=project).evaluation()
    if held_out.filter(state=Item.State.SETTLED).count() >= ENOUGH:
        return True
    # An item that is invalid will never have a label.
    done = (Item.State.SETTLED, Item.State.INVALID)
    return not held_out.exclude(state__in=done).exists()


def items_of(project_id: int) -> dict[int, frozenset[str]]:
    """Return the items that are held out beyond the draw, each with the labels for which.

    These are by their names of today. An item counts for no other label.
    """
    kept = held_out_groups.read(project_id)
    if not kept.groups:
        return {}
    items = Item.objects.filter(project=project_id, group_key__in=kept.groups)
    rows = items.evaluation().order_by("pk").values_list("pk", "group_key")
    return {pk: kept.groups[key] for pk, key in rows}


def samples_of(project_id: int) -> dict[str, LabelSample]:
    """Return of how many groups those were drawn that are held out for a label."""
    return held_out_groups.read(project_id).labels


def for_export(project_id: int) -> dict[str, HeldOutFor]:
    """Return what an export says of the groups that are held out beyond the draw, by key."""
    kept = held_out_groups.read(project_id)
    counted: HeldOutFor = {
        name: (sample.held_out, sample.of) for name, sample in kept.labels.items()
    }
    return {
        key: {name: counted.get(name) for name in sorted(names)}
        for key, names in kept.groups.items()
    }


def restore(project: Project, coming: Mapping[Item, HeldOutFor]) -> None:
    """Keep what an export of ours says of new items that are held out beyond the draw.

    Called behind the turn of imports, in the transaction that writes the items. Of a label
    that has a sample of its own here, how many groups there were is not known any more.
    """
    before = held_out_groups.read(project.pk)
    keys = {item.group_key for item in coming}
    ids = [item.pk for item in coming]
    others = Item.objects.filter(project=project, group_key__in=keys)
    # Chance has drawn a group that was held out before: it goes on counting everywhere.
    drawn = set(others.exclude(pk__in=ids).values_list("group_key", flat=True))
    grouped = dict(before.groups)
    given: dict[str, set[LabelSample | None]] = defaultdict(set)
    for item, labels in coming.items():
        key = item.group_key
        if key in drawn and key not in before.groups:
            continue
        known = grouped.get(key, frozenset())
        for name in labels.keys() - known:
            sample = labels[name]
            given[name].add(LabelSample(*sample) if sample else None)
        grouped[key] = known | labels.keys()
    held_out_groups.keep(project, _joined(before, grouped, given))


def _joined(
    before: Samples,
    grouped: dict[str, frozenset[str]],
    given: Mapping[str, Collection[LabelSample | None]],
) -> Samples:
    """Return what is held out with what a file has told; None: of how many it does not know.

    The parts of a file tell the same sample again, until all of its groups are there.
    """
    joined = Samples(grouped, dict(before.labels), dict(before.others))
    for name, coming in given.items():
        every = {*coming}
        if name in before.names:
            every.add(before.labels.get(name))
        joined.labels.pop(name, None)
        is_drawn_here = joined.others.pop(name, None) is not None
        sample = every.pop()
        if sample is None or every or is_drawn_here:
            continue
        if len(joined.held_out_for(name)) <= sample.held_out:
            joined.labels[name] = sample
    return joined


def _missed(project: Project, fewest: int) -> set[str]:
    """Return the labels that few items have, and fewer than ``fewest`` held-out groups."""
    with connection.cursor() as cursor:
        cursor.execute(groups.SQL["labels"], {"project": project.pk})
        return {
            name
            for name, items, held_out in cursor.fetchall()
            if items <= MOST_ITEMS and held_out < fewest
        }


def _grouped(
    project: Project,
    labels: Iterable[str],
    before: Samples,
    fair: Collection[str],
) -> dict[str, LabeledGroup]:
    """Return the groups that have one of some labels, by key."""
    grouped: dict[str, LabeledGroup] = {}
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "project": project.pk,
            "labels": sorted(labels),
            "fair": list(fair),
        }
        cursor.execute(groups.SQL["of_labels"], values)
        for key, split, names, is_free in cursor.fetchall():
            group = grouped.setdefault(
                key,
                LabeledGroup(
                    rules.draw(project.seed, key),
                    is_held_out=split == EVALUATION,
                    drawn_for=before.groups.get(key, frozenset()),
                ),
            )
            group.items += 1
            group.labels.update(names or ())
            # Items of an earlier release may be of one group and on both sides.
            is_whole = group.is_held_out == (split == EVALUATION)
            group.is_free = group.is_free and is_free and is_whole
    return grouped


def _move(project: Project, before: Collection[str], after: Collection[str]) -> None:
    """Hold groups out that were not, and give those back that are not to be any more."""
    sides = {key: EVALUATION for key in after if key not in before}
    sides |= {key: POOL for key in before if key not in after}
    if not sides:
        return
    items = Item.objects.filter(project=project, group_key__in=sides)
    # Locked by id, as everybody does who locks several.
    rows = items.select_for_update().order_by("pk").values_list("pk", "group_key")
    side_of = {pk: sides[key] for pk, key in rows}
    for side in (EVALUATION, POOL):
        moved = [pk for pk, own in side_of.items() if own == side]
        Item.objects.filter(pk__in=moved).update(split=side)
    groups.move(project.pk, sides)
    Prediction.objects.filter(item__in=side_of, item__split=EVALUATION).delete()
    # Their entries in the queue say for what work they are.
    giving_back.withdraw(list(side_of))
    resolutions.count(project.pk, _gain(side_of))
    send_items_changed(project.pk)


def _gain(side_of: Mapping[int, str]) -> resolutions.CountGain:
    """Return what the move changes in the count of the pool's labels."""
    labeled = Resolution.objects.filter(item__in=side_of, is_ambiguous=False)
    items = labeled.order_by().values_list("item", flat=True).distinct()
    gained = sum(1 if side_of[pk] == POOL else -1 for pk in items)
    return resolutions.CountGain(confident=gained)
