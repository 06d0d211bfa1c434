"""Accepted items that people are asked about: their places in the next order."""

from __future__ import annotations

from activelearn.models import AuditedItem


def asked_items(project_id: int) -> list[int]:
    """Return the items of audits that have no outcome yet, the oldest first."""
    waiting = AuditedItem.objects.filter(project=project_id, settled_at=None)
    return list(waiting.order_by("pk").values_list("item_id", flat=True))
