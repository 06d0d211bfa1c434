"""Items in lists: what is sent and returned."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, Final

import msgspec
from django.utils.translation import gettext_noop as noop
from msgspec import UNSET, Meta, UnsetType

from labeling import models, queries
from labeling.api.http.fields import (
    Body,
    Columns,
    ItemId,
    ReplyData,
    Share,
    about,
    one_of,
)
from labeling.api.wire.queue import ItemState, Split, media_url
from labeling.models import Resolution
from labeling.services.queue import naming
from labeling.templatetags.localized import localized

Item = models.Item


MOST_DELETED: Final = 10**15


class ItemsQuery(Body):
    """Which items; more than one filter: all hold."""

    state: ItemState | UnsetType = UNSET
    split: Split | UnsetType = UNSET
    label: Annotated[str, about("The label that an item has now.")] = ""
    predicted: Annotated[str, about("What the serving model takes it for.")] = ""
    confidence_lt: (
        Annotated[
            float, Meta(ge=0, le=1, description="The model is less sure than this.")
        ]
        | UnsetType
    ) = UNSET
    unread: (
        Annotated[
            str, one_of(["yes", "no"], "Whether models cannot read a part of it.")
        ]
        | UnsetType
    ) = UNSET
    tag: Annotated[str, about("One of an item's tags.")] = ""
    id: Annotated[str, about("How the external id begins.")] = ""
    q: Annotated[str, about("Words in the values of the data, in any case.")] = ""

    @classmethod
    def eased(cls, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``confidence_lt`` also where JSON would write it differently."""
        sent = super().eased(value)
        with suppress(KeyError, ValueError):
            sent["confidence_lt"] = float(sent["confidence_lt"])
        return sent

    def filters(self) -> dict[str, str]:
        """Return the filters that are set, as texts."""
        named = {name: getattr(self, name) for name in queries.ITEM_FILTERS}
        return {
            name: str(value)
            for name, value in named.items()
            if value not in ("", UNSET)
        }


class DeletedItemsQuery(ItemsQuery, kw_only=True):
    """Which items are to be deleted."""

    all: Annotated[str, one_of(["yes"], "That all are meant.")] | UnsetType = UNSET
    # Not null: a query's text "null" would be read as none, and nothing be checked.
    expect: (
        Annotated[
            int,
            Meta(
                ge=0,
                lt=MOST_DELETED,
                description="How many it must be, or none is deleted.",
                extra={"words": noop("A whole number.")},
            ),
        ]
        | UnsetType
    ) = UNSET

    @classmethod
    def eased(cls, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``expect`` also where it begins with a zero."""
        sent = super().eased(value)
        expect = str(sent.get("expect", ""))
        if expect.isascii() and expect.isdecimal() and len(expect) < 16:
            sent["expect"] = int(expect)
        return sent

    def filters(self) -> dict[str, str]:
        """Return the filters that are set, as texts."""
        is_all = {} if self.all is UNSET else {"all": self.all}
        return {**ItemsQuery.filters(self), **is_all}


class ItemRow(ReplyData):
    """An item with its label and what the model says of it."""

    id: ItemId
    external_id: Annotated[
        str,
        about(
            "The name that the import gave it; for experts who have to answer the item "
            "first `item-` and its id where that name may tell its label."
        ),
    ]
    data: Columns
    media_url: Annotated[str | None, about("Where its picture is, for members.")]
    metadata: Annotated[dict[str, Any], about("Free: what the import brought along.")]
    tags: Annotated[list[str], about("Words to find items by, from imports.")]
    split: Split
    state: ItemState
    votes: Annotated[int, about("Votes that stand, on any label.")]
    labels: Annotated[list[str] | None, about("Null without a label.")]
    label_source: (
        Annotated[
            str,
            one_of(Resolution.Source.values, "Who gave the label; null without one."),
        ]
        | None
    )
    confidence: Annotated[
        Share | None,
        about("How likely the label is right, or the share of the votes for it."),
    ]
    confidence_is: (
        Annotated[
            str, one_of(models.Project.SettledBy.values, "Which of both, of votes.")
        ]
        | None
    )
    predicted: Annotated[
        str | None,
        about(
            "What the serving model says, of several labels the likeliest; null for "
            "held-out items, and for experts who have to answer the item first."
        ),
    ]
    predicted_labels: Annotated[
        list[str] | None, about("All that it says; empty where it is none of them.")
    ]
    predicted_confidence: Annotated[
        Share | None,
        about(
            "Of the whole prediction. A score: the version says whether it is calibrated."
        ),
    ]
    unread: Annotated[
        list[str],
        about("What models cannot read of it, so that they go on without; mostly []."),
    ]


def item_row_of(slug: str, item: models.Item, label: Resolution | None) -> ItemRow:
    """Return an item with its label and what the model says of it.

    A held-out item judges the model, so it comes without the model's prediction.
    """
    is_blind = item.split == Item.Split.EVALUATION
    prediction = None if is_blind else getattr(item, "prediction", None)
    unread = getattr(item, "unread", None)
    return ItemRow(
        id=item.pk,
        external_id=item.external_id,
        data=item.data,
        media_url=media_url(slug, item),
        metadata=item.metadata,
        tags=item.tags,
        split=item.split,
        state=item.state,
        votes=item.votes,
        labels=label.labels if label else None,
        label_source=label.source if label else None,
        confidence=label.confidence if label else None,
        confidence_is=(label.confidence_is or None) if label else None,
        predicted=prediction.label if prediction else None,
        predicted_labels=prediction.names if prediction else None,
        predicted_confidence=prediction.confidence if prediction else None,
        unread=[localized(why) for why in unread.messages] if unread else [],
    )


def without_model(row: ItemRow) -> ItemRow:
    """Return a row for whoever has to answer the item first."""
    return msgspec.structs.replace(
        row, predicted=None, predicted_labels=None, predicted_confidence=None
    )


def without_name(row: ItemRow, item: models.Item, member: models.Membership) -> ItemRow:
    """Return a row that is called as it is for whoever answers it."""
    return msgspec.structs.replace(
        row,
        external_id=naming.name_of(member, item),
        data=naming.data_of(member, item),
    )
