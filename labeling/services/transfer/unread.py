"""What models cannot read of items, kept for pages, lists and programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction

from labeling.messages import Message, as_json
from labeling.models import Item, Project, Unread
from labeling.services.work.transactions import Turn, await_turn


def keep(
    project_id: int,
    within: tuple[int, int],
    reasons: Mapping[int, Sequence[Message]],
) -> None:
    """Replace what is kept of the items from the first of two ids to the second."""
    first, last = within
    old = Unread.objects.filter(project=project_id, item__gte=first, item__lte=last)
    # The usual case: nothing to keep, nothing to replace, and no turn to wait for.
    if not reasons and not old.exists():
        return
    with transaction.atomic():
        # A row of an item that is being deleted would fail all of them at the commit.
        await_turn(Turn.PREDICTIONS, project_id)
        old.delete()
        items = Item.objects.filter(project=project_id, pk__in=list(reasons))
        Unread.objects.bulk_create(
            Unread(
                project_id=project_id,
                item_id=pk,
                reasons=[as_json(reason) for reason in reasons[pk]],
            )
            for pk in items.order_by("pk").values_list("pk", flat=True)
        )


def examples(project: Project, most: int) -> tuple[int, list[Unread]]:
    """Return how many items cannot be read whole, and the first of them."""
    rows = Unread.objects.filter(project=project).order_by("item")
    return rows.count(), list(rows.select_related("item")[:most])
