"""Votes, pages of them and agreement: what is sent and returned."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from msgspec import UNSET, Meta, UnsetType

from labeling import models
from labeling.api.http.bodies import body_of
from labeling.api.http.fields import (
    MOST_NAMES,
    AccountName,
    Body,
    ItemId,
    Key,
    LabelName,
    LabelNames,
    Moment,
    Names,
    ReplyData,
    SentName,
    Share,
    about,
    literals,
    one_of,
    text,
)
from labeling.api.http.problems import Problem
from labeling.api.wire.queue import Count, Lent, Suggestion, suggestion_of
from labeling.errors import InvalidInputError
from labeling.services.queue import reasons
from labeling.services.votes import submit

MOST_LEFT: Final = 500

Comment = Annotated[
    str, text(submit.MAX_COMMENT, "In the person's own words, for experts.")
]
IsUnsure = Annotated[bool, about("The person was not sure.")]


class LabelsBody(Body):
    """Labels, as a list or as one ``label``."""

    labels: Annotated[Names, about("Of the label set in force.")] | UnsetType = UNSET
    label: (
        Annotated[SentName, about("The same as `labels` with one name.")] | UnsetType
    ) = UNSET

    @classmethod
    def eased(cls, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return one ``label`` as a list, and as no label where there is a list too."""
        sent = super().eased(value)
        if "label" in sent:
            sent.setdefault("labels", [sent["label"]])
            del sent["label"]
        return sent

    @property
    def has_labels(self) -> bool:
        """Whether any way of naming labels was used."""
        return self.labels is not UNSET or self.label is not UNSET

    @property
    def chosen(self) -> tuple[str, ...]:
        """The labels; raises InvalidInputError where none were sent."""
        if self.labels is not UNSET:
            return tuple(self.labels)
        if self.label is not UNSET:
            return (self.label,)
        why = _("A list of at most %(most)s names.") % {"most": MOST_NAMES}
        raise InvalidInputError(errors={"labels": [why]})


def _certain(sent: dict[str, Any]) -> dict[str, Any]:
    """Return a body whose ``is_unsure`` is false unless it is true."""
    if "is_unsure" in sent:
        sent["is_unsure"] = sent["is_unsure"] is True
    return sent


class VoteBody(LabelsBody, kw_only=True):
    """An answer to one lease; it needs labels, or one label."""

    or_nothing: ClassVar = frozenset({"comment", "screen"})

    assignment: Annotated[
        int,
        Meta(
            ge=1,
            le=2**63 - 1,
            description="Of the lease that is answered.",
            extra={"words": noop("The number of one of your assignments.")},
        ),
    ]
    client_id: Annotated[
        UUID,
        Meta(
            description="Made by the client for this answer: sent again, it is the same.",
            extra={"words": noop("A UUID that you make for this answer.")},
        ),
    ]
    # Whole numbers stay whole: they are part of what tells a replay.
    seconds: Annotated[
        Annotated[int, Meta(ge=0, le=86400)]
        | Annotated[float, Meta(ge=0, le=86400)]
        | None,
        Meta(
            description="Seconds for which the item was visible and the person not idle.",
            extra={"words": noop("A number from 0 to 86400.")},
        ),
    ] = None
    comment: Comment | None = None
    is_unsure: IsUnsure | None = False
    screen: (
        Annotated[
            str,
            one_of(
                models.Annotation.Screen.values,
                "Where it was given, if not one by one.",
                or_empty=True,
            ),
        ]
        | None
    ) = None

    @classmethod
    def eased(cls, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return also the ``client_id`` as it is usually written."""
        sent = _certain(super().eased(value))
        if isinstance(sent.get("client_id"), str):
            with suppress(ValueError):
                sent["client_id"] = UUID(sent["client_id"])
        return sent


Batch = Annotated[list[VoteBody], Meta(max_length=submit.MAX_BATCH)]


class EditBody(LabelsBody, kw_only=True):
    """What changes of a vote; what is left out stays."""

    or_nothing: ClassVar = frozenset({"comment"})

    comment: Comment | UnsetType | None = UNSET
    is_unsure: IsUnsure | UnsetType | None = UNSET

    @classmethod
    def eased(cls, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``is_unsure`` as false, whatever it is, unless it is true."""
        return _certain(super().eased(value))


class GridBody(Body):
    """How many items a person wants on one page."""

    count: Count = 1
    left: Annotated[
        list[Key],
        Meta(max_length=MOST_LEFT, description="Assignments left for later."),
    ] = msgspec.field(default_factory=list)


class Vote(ReplyData):
    """One's own answer."""

    id: Annotated[int, about("As in `annotations/{id}/`.")]
    assignment: Annotated[int | None, about("Null for an imported vote.")]
    item: ItemId
    labels: LabelNames
    client_id: Annotated[UUID, about("As it was sent.")]
    seconds: Annotated[float | None, about("Null where none were sent.")]
    comment: Annotated[str, about("The person's own words; may be empty.")]
    is_unsure: IsUnsure
    version: Annotated[int, about("For `If-Match`; each change raises it.")]
    created_at: Annotated[Moment, about("When it was first given.")]
    updated_at: Annotated[Moment, about("When it was last changed.")]
    revealed: Annotated[
        Suggestion | None, about("In `reveal_after` mode what the model had said.")
    ]


class VoteOutcome(ReplyData):
    """What became of one vote of several."""

    client_id: Annotated[
        str | None, about("As it was sent; null where that was no text.")
    ]
    status: Annotated[int, about("As if it had been sent alone.")]
    annotation: Annotated[Vote, about("Where it was taken.")] | UnsetType = UNSET
    problem: Annotated[Problem, about("Where it was refused.")] | UnsetType = UNSET


class VoteOutcomes(ReplyData):
    """What became of each vote, in the order in which they were sent."""

    results: Annotated[list[VoteOutcome], about("One for each vote that was sent.")]


class Undone(ReplyData):
    """What was taken back."""

    undone: Annotated[int, about("The vote.")]
    lease: Annotated[Lent | None, about("Its item, lent again where it is free.")]


_GridReason = Annotated[
    str,
    one_of(literals(reasons.GridReason), "As of a lease, or `no_suggestions`."),
]


class GridPage(ReplyData):
    """Items that the model takes for the same."""

    label: Annotated[str, about("The first of `labels`; empty where there is none.")]
    labels: Annotated[
        list[str],
        about("What it takes them for: one label, or as many as an item may have."),
    ]
    items: Annotated[
        list[Lent], about("The surest first; empty where there is a `reason`.")
    ]
    reason: _GridReason | None


class LabelAgreement(ReplyData):
    """One label against all others."""

    label: LabelName
    votes: Annotated[int, about("How many name it.")]
    krippendorff_alpha: Annotated[
        float | None,
        about("Of naming it or not: at most 1, 0 by chance; null where undefined."),
    ]


class PairAgreement(ReplyData):
    """Two annotators on the items on which both have voted."""

    first: AccountName
    second: AccountName
    items: Annotated[int, about("Items on which both have voted.")]
    percent: Annotated[Share, about("Of `items`, those with the same labels.")]
    cohen_kappa: Annotated[float | None, about("-1 to 1; null where undefined.")]


class AnnotatorAgreement(ReplyData):
    """One annotator with all others."""

    annotator: AccountName
    pairs: Annotated[int, about("How often one of their votes stood beside another.")]
    percent: Annotated[Share, about("Of `pairs`, those with the same labels.")]


class FrameAgreement(ReplyData):
    """The agreement on items that came to people in one way."""

    frame: Annotated[
        str,
        one_of(
            ["gold", "model", "other", "random"],
            "`random`: drawn by chance, held-out ones too; `model`: picked by it; `gold`: "
            "questions whose answer is known, which no other figure counts.",
        ),
    ]
    items: Annotated[int, about("Items with at least two votes.")]
    percent: Annotated[Share | None, about("Of all pairs of votes, those alike.")]
    krippendorff_alpha: Annotated[float | None, about("Null where undefined.")]
    alpha_interval: Annotated[
        tuple[float, float] | None, about("95 %, by bootstrap over the items.")
    ]


class Agreement(ReplyData):
    """The newest report; before the first one every value is empty."""

    computed_at: Annotated[Moment | None, about("Null before the first report.")]
    items: Annotated[int, about("Items with at least two votes.")]
    votes: Annotated[int, about("All that stand, further ones too.")]
    first_votes: Annotated[
        int | None,
        about(
            "How many first votes on an item count: further ones are asked for where these "
            "differ, and would make people look more of one mind."
        ),
    ]
    distance: (
        Annotated[
            str,
            one_of(
                ["masi", "nominal"],
                "How alpha tells two votes apart: `masi` is nearer where sets of labels "
                "have some in common.",
            ),
        ]
        | None
    )
    percent: Annotated[Share | None, about("Of all pairs of votes, those alike.")]
    cohen_kappa: Annotated[float | None, about("The mean over the pairs.")]
    fleiss_kappa: Annotated[float | None, about("Null where undefined.")]
    krippendorff_alpha: Annotated[float | None, about("By `distance`.")]
    alpha_interval: Annotated[
        tuple[float, float] | None, about("95 %, by bootstrap over the items.")
    ]
    nominal_alpha: Annotated[
        float | None, about("Where any other set of labels is another category.")
    ]
    frames: Annotated[list[FrameAgreement], about("By how items came to people.")]
    labels: Annotated[list[LabelAgreement], about("By label.")]
    pairs: Annotated[list[PairAgreement], about("By pair of annotators.")]
    annotators: Annotated[list[AnnotatorAgreement], about("By annotator.")]


def vote_of(value: object) -> submit.VoteDraft:
    """Return what was sent as a vote.

    Raises InvalidInputError, which says of each wrong field what it takes.
    """
    body = body_of(value, VoteBody)
    return submit.VoteDraft(
        assignment=body.assignment,
        labels=body.chosen,
        client_id=body.client_id,
        seconds=body.seconds,
        comment=body.comment or "",
        is_unsure=body.is_unsure is True,
        screen=body.screen or "",
    )


def own_vote_of(
    vote: models.Annotation, revealed: dict[str, Any] | None = None
) -> Vote:
    """Return one's own vote, and what is revealed of the model's prediction after it."""
    return Vote(
        id=vote.pk,
        assignment=vote.assignment_id,
        item=vote.item_id,
        labels=vote.labels,
        client_id=vote.client_id,
        seconds=vote.seconds,
        comment=vote.comment,
        is_unsure=vote.is_unsure,
        version=vote.version,
        created_at=vote.created_at,
        updated_at=vote.updated_at,
        revealed=suggestion_of(revealed),
    )


def agreement_of(report: models.AgreementReport | None) -> Agreement:
    """Return a report as the wire has it."""
    body = report.body if report else {}
    return Agreement(
        computed_at=report.computed_at if report else None,
        items=report.items if report else 0,
        votes=report.votes if report else 0,
        percent=report.percent if report else None,
        cohen_kappa=report.cohen_kappa if report else None,
        fleiss_kappa=report.fleiss_kappa if report else None,
        krippendorff_alpha=report.krippendorff_alpha if report else None,
        alpha_interval=body.get("alpha_interval"),
        first_votes=body.get("first_votes"),
        distance=body.get("distance"),
        nominal_alpha=body.get("nominal_alpha"),
        frames=msgspec.convert(body.get("frames", []), list[FrameAgreement]),
        labels=msgspec.convert(body.get("labels", []), list[LabelAgreement]),
        pairs=msgspec.convert(body.get("pairs", []), list[PairAgreement]),
        annotators=msgspec.convert(
            body.get("annotators", []), list[AnnotatorAgreement]
        ),
    )
