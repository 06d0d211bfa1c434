"""What one version changes against another one, item by item."""

from __future__ import annotations

from typing import Annotated

from activelearn.services.versions import comparing
from labeling.api.http.fields import ReplyData, about, one_of
from labeling.models import Item


class Change(ReplyData):
    """A held-out item that one of two versions alone has right."""

    item: Annotated[int, about("Its number.")]
    external_id: Annotated[str, about("The name that the import gave it.")]
    change: Annotated[
        str, one_of(["fixed", "broken"], "`fixed`: the version that is asked about.")
    ]
    truth: Annotated[list[str], about("Its labels.")]
    before: Annotated[list[str], about("What the other version says.")]
    now: Annotated[list[str], about("What the version says that is asked about.")]


def change_of(item: Item, difference: comparing.Difference) -> Change:
    """Return an item with what both versions say of it."""
    return Change(
        item=item.pk,
        external_id=item.external_id,
        change="fixed" if difference.is_fixed else "broken",
        truth=difference.truth,
        before=difference.before,
        now=difference.now,
    )
