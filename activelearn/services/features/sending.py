"""What an address that makes vectors would be sent, before anybody adds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models.fields.json import KT
from django.db.models.functions import Length

from activelearn.services.features import added, address
from labeling.models import Item, Project

# Texts whose lengths are looked at.
LOOKED_AT: Final = 200


@dataclass(frozen=True)
class Sending:
    """What an address would be sent: of texts how many, of about how many characters."""

    texts: int
    characters: int


def sending_of(project: Project) -> Sending | None:
    """Return what an address would be sent; None where none can be added."""
    is_offered = added.ADDRESS in added.OFFERS[project.data_type]
    if not is_offered or any(
        row.name == added.ADDRESS for row in added.rows_of(project)
    ):
        return None
    items = Item.objects.filter(project=project)
    # The newest ones: to read all of a million takes seconds.
    some = items.order_by("-pk").annotate(length=Length(KT("data__text")))
    lengths = some.values_list("length", flat=True)[:LOOKED_AT]
    sent = [min(length or 0, address.LONGEST) for length in lengths]
    total = items.count()
    return Sending(total, round(total * sum(sent) / len(sent)) if sent else 0)
