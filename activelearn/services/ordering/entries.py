"""An order as entries of the queue: its slots, suggestions and further votes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db.models import F, Q

from activelearn.core import mixing
from activelearn.services.ordering import suggesting
from labeling.models import Assignment, Item, Project
from labeling.services.queue import order

# Items with a vote whose further votes stand in an order.
FURTHER: Final = 2000


def entries_of(project: Project, picks: Sequence[mixing.Pick]) -> list[order.Entry]:
    """Return the slots of the picks, best first, and the further votes of other items.

    Called after the order was made, for votes came in meanwhile. Raises NotFoundError
    where the project has been deleted.
    """
    number, suggestions = suggesting.suggestions_for(
        project, [pick.item_id for pick in picks]
    )
    # Of these alone: a large project has as many items that want several votes as items.
    picked = Item.objects.filter(project=project, pk__in=[p.item_id for p in picks])
    votes_wanted = dict(
        picked.filter(votes=0, votes_wanted__gt=1)
        .wanting_votes()
        .values_list("pk", "votes_wanted")
    )
    entries = []
    for place, pick in enumerate(picks):
        entries.append(
            order.Entry(
                item_id=pick.item_id,
                slot=0,
                is_first=True,
                rank=float(place),
                reason=pick.reason,
                probability=pick.probability,
                # Not by ``asdict``, which copies each number: of a million items there are
                # twenty thousand held-out ones.
                mixture=dict(vars(pick.mixture)),
                model_number=number,
                # What chance, the held-out share or a duel has picked must not be
                # swayed by the model.
                suggestion=None if pick.is_blind else suggestions.get(pick.item_id),
            )
        )
        entries += [
            order.Entry(pick.item_id, slot, False, float(place), "second", 1.0)
            # In the second lane, at the place of the first vote: rank orders each lane
            # for itself.
            for slot in range(1, votes_wanted.get(pick.item_id, 1))
        ]
    return entries + _further_votes(project)


def _further_votes(project: Project) -> list[order.Entry]:
    """Return the free slots of items that have a vote: the most complete first.

    So have those whose first vote somebody is about to give.
    """
    lent = Assignment.objects.filter(project=project, state=Assignment.State.LEASED)
    is_begun = Q(votes__gt=0) | Q(votes_wanted__gt=1, pk__in=lent.values("item"))
    items = list(
        Item.objects.filter(is_begun, project=project)
        .wanting_votes()
        .annotate(missing=F("votes_wanted") - F("votes"))
        .order_by("missing", "pk")[:FURTHER]
    )
    taken = order.live_slots([item.pk for item in items])
    return [
        # Below 0: before the further votes of the picks, which begin there.
        order.Entry(item.pk, slot, False, float(place - FURTHER), "second", 1.0)
        for place, item in enumerate(items)
        for slot in range(item.votes_wanted)
        if (item.pk, slot) not in taken
    ]
