"""Items on their way to people: what is sent and returned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

from django.urls import get_script_prefix
from msgspec import UNSET, Meta, UnsetType

from labeling import models
from labeling.api.http.fields import (
    LONGEST_NAME,
    Body,
    Columns,
    ItemId,
    Key,
    Moment,
    Names,
    ReplyData,
    SentName,
    Share,
    Text,
    about,
    checked_later,
    literals,
    one_of,
    text,
)
from labeling.services.queue import lease, naming, reasons, reviews

MOST_RELEASED: Final = 100

Split = Annotated[
    str,
    one_of(
        models.Item.Split.values,
        "`evaluation`: held out to judge models, which never learn from it.",
    ),
]
ItemState = Annotated[
    str,
    one_of(
        models.Item.State.values,
        "`settled`: it has a label; `disputed`: its votes differ; `invalid`: an expert "
        "took it out.",
    ),
]
Count = Annotated[int, checked_later(1, lease.MAX_COUNT, "How many items, at most.")]


class LeaseBody(Body):
    """How many items a person wants next, or which."""

    count: Count = 1
    items: (
        Annotated[
            list[SentName],
            Meta(
                max_length=lease.MAX_COUNT,
                description="External ids, where the project has `free_choice`.",
            ),
        ]
        | None
    ) = None


class SkipBody(Body):
    """Why an item is passed on."""

    or_nothing: ClassVar = frozenset({"reason"})

    reason: Annotated[
        Text | None, about("In the person's own words; kept in the history.")
    ] = None


class FlagBody(Body):
    """What is wrong with an item."""

    or_nothing: ClassVar = frozenset({"comment"})

    comment: Annotated[
        Text | None, about("In the person's own words, for experts.")
    ] = None


class ReleaseBody(Body):
    """What is given back."""

    assignments: Annotated[
        list[Key],
        Meta(
            max_length=MOST_RELEASED,
            description="Leases of the caller; what is held no more is passed over.",
        ),
    ]


class GoldBody(Body):
    """Items whose answer is known for sure."""

    items: Annotated[Names, about("External ids.")]
    is_question: Annotated[bool, about("False: ask them no longer.")] = True


class Item(ReplyData):
    """What a labeler may see of an item: nothing that tells why it is asked."""

    id: ItemId
    external_id: Annotated[
        str,
        about(
            "The name that the import gave it; for annotators and experts `item-` and "
            "its id where that name may tell its label."
        ),
    ]
    data: Columns
    media_url: Annotated[str | None, about("Where its picture is, for members.")]
    metadata: Annotated[dict[str, Any], about("Free: what the import brought along.")]


class Suggestion(ReplyData):
    """What the model takes an item for, or a source of predictions from outside."""

    label: Annotated[
        str, about("The likeliest of `labels`; empty where it predicts no label.")
    ]
    labels: Annotated[
        list[str],
        about("All of the prediction: one label, or as many as it is sure of."),
    ]
    probabilities: (
        Annotated[
            dict[str, Share],
            about("Of each of `labels`, where items may have several and it says."),
        ]
        | UnsetType
    ) = UNSET
    confidence: (
        Annotated[Share, about("Of the whole prediction.")] | UnsetType | None
    ) = UNSET
    calibrated: (
        Annotated[
            bool,
            about("Whether the confidence is right as often as it says, or a score."),
        ]
        | UnsetType
    ) = UNSET
    model: Annotated[int, about("The number of the model's version.")] | UnsetType = (
        UNSET
    )
    source: (
        Annotated[str, about("Who predicts, where it is not the project's own model.")]
        | UnsetType
    ) = UNSET
    words: (
        Annotated[
            list[str],
            about("Of a text in `assist` mode: what speaks most for the label."),
        ]
        | UnsetType
    ) = UNSET
    likely: (
        Annotated[
            list[str],
            about(
                "In `assist` mode, of more than 20 labels: those that hold the right one in "
                "95 of 100 items drawn at random, the likeliest first."
            ),
        ]
        | UnsetType
    ) = UNSET


class Lent(ReplyData):
    """An item that is lent to one person for a time."""

    assignment: Annotated[int, about("Names the lease in a vote, a skip or a flag.")]
    expires_at: Annotated[Moment, about("After it the item may go to others.")]
    item: Annotated[Item, about("What is to be answered.")]
    suggestion: Annotated[
        Suggestion | None, about("Null where it is to be answered blind.")
    ]


_Reason = Annotated[
    str,
    one_of(literals(reasons.WhyNothing), "Why there is nothing; null where there is."),
]


class Lease(ReplyData):
    """What a person holds now, oldest first."""

    items: Annotated[list[Lent], about("Held already or lent now.")]
    reason: _Reason | None
    label_set: Annotated[int, about("The label set in force.")]


class Passed(ReplyData):
    """What became of an assignment."""

    assignment: Annotated[int, about("The lease that it was.")]
    state: Annotated[
        str,
        one_of(
            models.Assignment.State.values,
            "`skipped` is for good, `released` may come again; a flagged item stays "
            "`leased` to the person.",
        ),
    ]


class Released(ReplyData):
    """How many assignments were given back."""

    released: Annotated[int, about("Without those that were held no more.")]


class GoldMarked(ReplyData):
    """Which items are gold questions now, or are not any more."""

    items: Annotated[list[str], about("External ids.")]
    is_question: Annotated[bool, about("Whether people are asked them from now on.")]


def media_url(slug: str, item: models.Item) -> str | None:
    """Return where an item's image is, for members."""
    if item.media is None:
        return None
    return f"{get_script_prefix()}api/projects/{slug}/media/{item.media.sha256}/"


def item_of(member: models.Membership, item: models.Item) -> Item:
    """Return an item as a member sees who answers it."""
    return Item(
        id=item.pk,
        external_id=naming.name_of(member, item),
        data=naming.data_of(member, item),
        media_url=media_url(member.project.slug, item),
        metadata=item.metadata,
    )


def suggestion_of(shown: Mapping[str, Any] | None) -> Suggestion | None:
    """Return a kept suggestion as the wire has it, also one that lacks something."""
    if not shown:
        return None
    known = {name: value for name, value in shown.items() if value is not None}
    label = known.get("label", "")
    several = known.get("labels")
    # A source from outside may name labels and not say how likely each is.
    is_told = several is not None and None not in several.values()
    return Suggestion(
        label=label,
        labels=sorted(several if several is not None else filter(None, [label])),
        probabilities=several if is_told and several is not None else UNSET,
        confidence=shown.get("confidence", UNSET),
        calibrated=known.get("calibrated", UNSET),
        model=known.get("model", UNSET),
        source=known.get("source", UNSET),
        words=known.get("words", UNSET),
        likely=known.get("likely", UNSET),
    )


def lent_of(
    member: models.Membership,
    assignment: models.Assignment,
    shown: Mapping[str, Any] | None,
) -> Lent:
    """Return a lease as the station reads it."""
    return Lent(
        assignment=assignment.pk,
        expires_at=assignment.expires_at,
        item=item_of(member, assignment.item),
        suggestion=suggestion_of(shown),
    )


def passed_of(assignment: models.Assignment) -> Passed:
    """Return what became of an assignment."""
    return Passed(assignment=assignment.pk, state=assignment.state)


class AskedReview(ReplyData):
    """A review that people are asked for, and where it is told of."""

    id: Annotated[int, about("As in `reviews/{id}/`.")]
    state: Annotated[
        str,
        one_of(
            models.Review.State.values,
            "`settled`: people have given its labels; `withdrawn`: nobody is asked.",
        ),
    ]
    url: Annotated[str, about("The address that tells what became of it.")]


class Review(AskedReview):
    """A question to people about an item that a model was not sure of."""

    item: Annotated[int | None, about("Its item; null where that has been deleted.")]
    external_id: Annotated[str, about("The caller's name for it; may be empty.")]
    priority: Annotated[int, about("0 to 9: the higher, the earlier.")]
    deadline: Annotated[Moment | None, about("Until when the caller needs it.")]
    overdue: Annotated[bool, about("Whether it is open and its deadline has passed.")]
    model: Annotated[int, about("The version that was not sure.")]
    labels: Annotated[
        list[str] | None,
        about("What people have made of the item; null where nobody has settled it."),
    ]
    source: Annotated[
        str,
        one_of(
            models.Resolution.Source.values,
            "Who settled it: votes (`consensus`), an expert, or a known answer (`gold`).",
            or_empty=True,
        ),
    ]
    created_at: Annotated[Moment, about("When the model was asked.")]
    ended_at: Annotated[
        Moment | None, about("When it was settled or withdrawn; null while it is open.")
    ]


class ReviewQuery(Body):
    """Which reviews are listed."""

    state: Annotated[
        str, one_of(reviews.WHICH, "Or `overdue`: open ones, too late.", or_empty=True)
    ] = ""
    external_id: Annotated[str, text(LONGEST_NAME, "The caller's name.")] = ""


def asked_review_of(review: models.Review, slug: str) -> AskedReview:
    """Return a review of a project as a reply names it."""
    return AskedReview(review.pk, review.state, _address_of(review, slug))


def review_of(review: models.Review, slug: str) -> Review:
    """Return a review of a project as it is told."""
    return Review(
        id=review.pk,
        state=review.state,
        url=_address_of(review, slug),
        item=review.item_id,
        external_id=review.external_id,
        priority=review.priority,
        deadline=review.deadline_at,
        overdue=review.is_overdue,
        model=review.model_number,
        labels=review.labels,
        source=review.source,
        created_at=review.created_at,
        ended_at=review.ended_at,
    )


def _address_of(review: models.Review, slug: str) -> str:
    return f"{get_script_prefix()}api/projects/{slug}/reviews/{review.pk}/"
