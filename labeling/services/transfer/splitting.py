"""The share of a project's items that is held out, and what mends a bad draw.

A group is held out where its draw (of the project's seed and the group's key) is below a
threshold: the project's share, or more while the project has few items. So the split
does not depend on the order in which files come: as a project grows the threshold falls,
and groups between the old one and the new one that nobody has touched go to the pool.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from labeling import rules
from labeling.models import Assignment, Gold, Item, Project, Resolution
from labeling.services.queue import giving_back
from labeling.services.transfer import groups
from labeling.services.transfer.groups import EVALUATION, POOL

# A small project holds out more: this many items, if they are not more than this share.
GOAL: Final = 50
MOST: Final = 0.3
# Fewer items may well be all on one side by chance.
FEWEST: Final = 10
# Of more items, all groups on one side means that there are hardly any groups.
LARGE: Final = 50_000


@dataclass
class Group:
    """A group: its side, its draw, its size, and whether nobody has touched it."""

    split: str
    draw: float
    items: int = 0
    is_free: bool = True


def threshold(share: float, items: int) -> float:
    """Return the draw below which a group is held out, by the number of items there are."""
    if not share or not items:
        return MOST if share else 0.0
    # More of a small project, or its first model could not be judged at all.
    return max(share, min(MOST, GOAL / items))


def enough(share: float) -> int:
    """Return from how many items on the project's share alone decides."""
    return min(LARGE, int(GOAL / share) + 1) if share else 0


def count(project: Project) -> int:
    """Return how many items the project has, counted up to ``enough``."""
    limit = enough(project.evaluation_share)
    rows = Item.objects.filter(project=project).order_by()
    return rows[:limit].count() if limit else 0


def balance(project: Project) -> None:
    """Move groups that nobody has touched to where the project's size puts them.

    Where one side has nothing, groups are moved too: those nearest to the other side by
    their draw. What has a label, a vote or a lease stays: moved by what is known of
    it, the held-out items would be no random sample any more. Called behind the turn of
    imports, before new items get labels from their file.
    """
    if not project.evaluation_share:
        return
    grouped = _groups(project)
    below = threshold(project.evaluation_share, count(project))
    sides = moves(grouped, below)
    if not sides:
        return
    items = Item.objects.filter(project=project, group_key__in=sides)
    for split in (POOL, EVALUATION):
        keys = [key for key, side in sides.items() if side == split]
        items.filter(group_key__in=keys).update(split=split)
    groups.move(project.pk, sides)
    # Their entries in the queue say for what work they are; the next order has them anew.
    giving_back.withdraw(list(items.values_list("pk", flat=True)))


def is_one_sided(project: Project) -> bool:
    """Whether the project has items on one side only."""
    rows = Item.objects.filter(project=project).order_by()
    return bool(project.evaluation_share) and not (
        rows.pool().exists() and rows.evaluation().exists()
    )


def moves(grouped: Mapping[str, Group], below: float) -> dict[str, str]:
    """Return the groups that are to be moved, by key, each with its new side."""
    sides = {
        key: POOL
        for key, group in grouped.items()
        if group.is_free and group.split == EVALUATION and group.draw >= below
    }
    sizes: Counter[str] = Counter()
    for key, group in grouped.items():
        sizes[sides.get(key, group.split)] += group.items
    total = sizes.total()
    if total < FEWEST or (sizes[POOL] and sizes[EVALUATION]):
        return sides
    if sizes[EVALUATION]:
        most = total * (1 - below / 2)
        sides |= _nearest(grouped, POOL, (1 - below) * total, most)
    else:
        sides |= _nearest(grouped, EVALUATION, below * total, total / 2)
    return {key: side for key, side in sides.items() if side != grouped[key].split}


def _nearest(
    grouped: Mapping[str, Group], to: str, wanted: float, most: float
) -> dict[str, str]:
    """Return free groups, by their draw, until as many items are moved as wanted."""
    free = [(group.draw, key) for key, group in grouped.items() if group.is_free]
    moved = 0
    sides: dict[str, str] = {}
    for _, key in sorted(free, reverse=to == POOL):
        if moved < wanted and moved + grouped[key].items <= most:
            sides[key] = to
            moved += grouped[key].items
    return sides


def touched_groups(project: Project, keys: Collection[str]) -> set[str]:
    """Return those of some groups, by key, of which anything is known or lent."""
    items = _touched(project).filter(group_key__in=keys)
    return set(items.values_list("group_key", flat=True))


def _touched(project: Project) -> QuerySet[Item]:
    """Return the items with a label, now or in the past, a vote, a lease or an answer."""
    of_item = OuterRef("pk")
    return Item.objects.filter(
        ~Q(state=Item.State.OPEN)
        | Q(votes__gt=0)
        | Exists(Assignment.objects.filter(item=of_item))
        | Exists(Gold.objects.filter(item=of_item))
        | Exists(Resolution.objects.filter(item=of_item)),
        project=project,
    )


def _groups(project: Project) -> dict[str, Group]:
    # All items are read: only small or one-sided projects come here.
    rows = Item.objects.filter(project=project).order_by("pk")
    touched = set(_touched(project).values_list("pk", flat=True))
    grouped: dict[str, Group] = {}
    for pk, key, split in rows.values_list("pk", "group_key", "split"):
        group = grouped.get(key)
        if group is None:
            group = grouped[key] = Group(split, rules.draw(project.seed, key))
        group.items += 1
        group.is_free &= pk not in touched and split == group.split
    return grouped
