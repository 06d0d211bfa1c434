"""Disagreements, doubts and inquiries: what is sent and returned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from labeling import models
from labeling.api.http.fields import (
    Added,
    Body,
    ItemId,
    Key,
    LabelName,
    LabelNames,
    Moment,
    ReplyData,
    Share,
    Text,
    VersionNumber,
    about,
    one_of,
)
from labeling.api.http.problems import Problem, document_of
from labeling.api.wire.queue import Item, Suggestion, item_of, suggestion_of
from labeling.api.wire.votes import IsUnsure, LabelsBody
from labeling.services.experts import alike

DisagreementId = Annotated[int, about("As in `disagreements/{id}/`.")]
InquiryId = Annotated[int, about("As in `inquiries/{id}/`.")]
RESOLVED: Final = models.Disagreement.Outcome.RESOLVED.value

Settled = Annotated[str, one_of(models.Disagreement.DECISIONS, "What was decided.")]
Outcome = Annotated[
    str,
    one_of(
        [str(outcome) for outcome in models.Disagreement.DECISIONS],
        "`ambiguous` keeps the share of the votes as `soft_label`; left out: `resolved`.",
        or_empty=True,
    ),
]


class DecisionBody(LabelsBody, kw_only=True):
    """What an expert says of an item: labels, or why it has none."""

    or_nothing: ClassVar = frozenset({"outcome"})

    outcome: Outcome | None = None

    @property
    def kind(self) -> str:
        """The outcome; the usual one where none was sent."""
        return self.outcome or RESOLVED


class ResolveBody(DecisionBody, kw_only=True):
    """An expert's decision."""

    or_nothing: ClassVar = frozenset({"outcome", "note"})

    note: Annotated[Text | None, about("Why it was decided so.")] = None
    precedent: Annotated[
        bool, about("Show it with the guideline; never a held-out item.")
    ] = False
    also: Annotated[
        list[Key],
        Meta(
            max_length=alike.MOST_TOGETHER,
            description="Other disagreements that are decided likewise.",
        ),
    ] = msgspec.field(default_factory=list)


class ItemBody(Body):
    """An item of the list."""

    item: Annotated[Key, about("An item's number.")]


class QuestionBody(Body):
    """A question to those who voted."""

    or_nothing: ClassVar = frozenset({"question"})

    question: Annotated[
        Text | None, about("Each person sees it with the item and their own vote.")
    ] = None


class ReplyBody(Body):
    """An answer to an expert's question."""

    or_nothing: ClassVar = frozenset({"answer"})

    answer: Annotated[Text | None, about("It is shown to experts without a name.")] = (
        None
    )


class ItemForExperts(ReplyData):
    """An item that an expert answers blind: no vote, label or prediction."""

    item: Annotated[Item, about("What is to be decided.")]
    is_evaluation: Annotated[bool, about("Whether it is held out to judge models.")]


class Flag(ReplyData):
    """What somebody said was wrong."""

    comment: Annotated[str, about("In the person's own words; may be empty.")]
    at: Annotated[Moment, about("When it was flagged.")]


class Doubtful(ItemForExperts):
    """An item worth an expert's look."""

    flags: Annotated[list[Flag], about("Of a flagged item.")] | UnsetType = UNSET


class Disagreement(ReplyData):
    """A disagreement without its votes."""

    id: DisagreementId
    item: Annotated[Item, about("Its votes differ, or an expert had doubts.")]
    is_evaluation: Annotated[bool, about("Whether it is held out to judge models.")]
    opened_at: Annotated[Moment, about("Since when it waits for an expert.")]


class Similar(Disagreement):
    """A disagreement like another one."""

    share: Annotated[
        Share | None, about("The share of words in common; null without words.")
    ]
    is_same_group: Annotated[
        bool, about("Whether the import put both items in one group.")
    ]


class SimilarOnes(ReplyData):
    """Open disagreements whose votes named the same labels, the likest first."""

    results: Annotated[
        list[Similar], about("The likest first; those alone that are still open.")
    ]


class PastVote(ReplyData):
    """A vote as experts see it: without a name."""

    annotator: Annotated[str, about("`A1`, `A2`, … in the order of the votes.")]
    labels: Annotated[list[str], about("By their present names.")]
    seconds: Annotated[
        float | None, about("For how long the item was seen; null where unknown.")
    ]
    comment: Annotated[str, about("The person's own words; may be empty.")]
    is_unsure: IsUnsure
    guideline_version: Annotated[
        VersionNumber | None, about("Of the text that was in force; null without any.")
    ]
    suggestion_shown: Annotated[
        Suggestion | None, about("What the person had seen of the model's prediction.")
    ]


class DisputedLabel(ReplyData):
    """A label that some votes name and others do not."""

    label: LabelName
    votes: Annotated[int, about("How many name it.")]


class Votes(ReplyData):
    """The votes, once the expert has answered without them."""

    votes: Annotated[list[PastVote], about("In the order in which they were given.")]
    disputed: Annotated[
        list[DisputedLabel],
        about("Where items may have several labels; the most divided first."),
    ]
    majority: Annotated[list[str] | None, about("Null where none is ahead.")]


class Together(ReplyData):
    """What became of one of those that were to be decided likewise."""

    id: DisagreementId
    status: Annotated[int, about("As if it had been decided alone.")] | UnsetType = (
        UNSET
    )
    outcome: Settled | UnsetType = UNSET
    labels: LabelNames | UnsetType = UNSET
    problem: Annotated[Problem, about("Where it was refused.")] | UnsetType = UNSET


class Decided(ReplyData):
    """What was decided."""

    id: DisagreementId
    outcome: Settled
    labels: LabelNames
    also: (
        Annotated[list[Together], about("Of those that were to be decided likewise.")]
        | UnsetType
    ) = UNSET


class Deferred(ReplyData):
    """What is put last."""

    id: DisagreementId


class Precedent(ReplyData):
    """A decision that is shown with the guideline as an example."""

    id: Annotated[int, about("As in `precedents/{id}/`.")]
    item: Annotated[Item, about("The example.")]
    labels: LabelNames
    note: Annotated[str, about("Why it was decided so.")]
    guideline_version: Annotated[
        VersionNumber | None,
        about("Of the text by which it was decided; null without any."),
    ]
    created_at: Added


class Checked(ReplyData):
    """Whose flags need no decision."""

    item: ItemId


class Asked(ReplyData):
    """How many of those who voted were asked."""

    asked: Annotated[
        int, about("People; those who have left the project are not asked.")
    ]


class Inquiry(ReplyData):
    """A question that waits for the caller."""

    id: InquiryId
    item: Annotated[Item, about("That the caller has voted on.")]
    labels: Annotated[
        list[str] | None, about("One's own; null where the vote was taken back.")
    ]
    question: Annotated[str, about("What the expert wants to know.")]
    asked_at: Added


class Answered(ReplyData):
    """What was answered."""

    id: InquiryId
    answer: Annotated[str, about("As it was kept; it cannot be changed.")]
    answered_at: Annotated[Moment | None, about("When it was given.")]


def for_experts(member: models.Membership, item: models.Item) -> dict[str, Any]:
    """Return the fields of an item that an expert answers blind."""
    is_evaluation = item.split == models.Item.Split.EVALUATION
    return {"item": item_of(member, item), "is_evaluation": is_evaluation}


def disagreement_fields(
    member: models.Membership, disagreement: models.Disagreement
) -> dict[str, Any]:
    """Return the fields of a disagreement without its votes."""
    return {
        "id": disagreement.pk,
        **for_experts(member, disagreement.item),
        "opened_at": disagreement.opened_at,
    }


def disagreement_of(
    member: models.Membership, disagreement: models.Disagreement
) -> Disagreement:
    """Return a disagreement without its votes."""
    return Disagreement(**disagreement_fields(member, disagreement))


def past_vote_of(vote: Mapping[str, Any]) -> PastVote:
    """Return a vote as experts see it."""
    shown = suggestion_of(vote["suggestion_shown"])
    return PastVote(**{**vote, "suggestion_shown": shown})


def similar_of(member: models.Membership, like: alike.Alike) -> Similar:
    """Return a disagreement like another one."""
    return Similar(
        **disagreement_fields(member, like.disagreement),
        share=like.share,
        is_same_group=like.is_same_group,
    )


def together_of(settled: alike.Settled) -> Together:
    """Return what became of one of those that were to be decided likewise."""
    if settled.decided is not None:
        decided = settled.decided
        return Together(
            id=decided.pk,
            status=200,
            outcome=decided.outcome,
            labels=list(decided.labels),
        )
    if settled.refusal is None:
        return Together(id=settled.disagreement_id)
    return Together(
        id=settled.disagreement_id,
        status=settled.refusal.status,
        problem=document_of(settled.refusal),
    )


def precedent_of(member: models.Membership, precedent: models.Precedent) -> Precedent:
    """Return an example of the guideline."""
    decided = precedent.resolution
    return Precedent(
        id=precedent.pk,
        item=item_of(member, decided.item),
        labels=decided.labels,
        note=precedent.note,
        guideline_version=decided.guideline.version if decided.guideline else None,
        created_at=precedent.created_at,
    )
