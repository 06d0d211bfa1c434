"""The experts' lists, and questions to those who voted."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, ClassVar

from labeling.api.http.calls import call
from labeling.api.http.fields import one_of
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.api.wire import experts as wire
from labeling.api.wire.queue import item_of
from labeling.models import Inquiry, Membership, Resolution
from labeling.services.experts import doubts, inquiries
from labeling.services.projects import members

Which = Annotated[str, one_of(doubts.NAMES)]


class DoubtsView(ProjectView):
    """Items worth an expert's look besides the open disagreements."""

    allowed: ClassVar = members.ADJUDICATE

    @call()
    def get(self, which: Which) -> Page[wire.Doubtful]:
        """List ``low-confidence``, ``flagged`` or ``suspects``, without their labels."""
        rows = doubts.LISTS[doubts.named(which)](self.member.project)
        shown = partial(_doubtful, self.member)
        return page_of(rows, self.request, shown, project=self.member.project)

    @call()
    def post(self, which: Which, body: wire.ItemBody) -> wire.Disagreement:
        """Take ``item`` (its ``id``) up and return its disagreement."""
        origin = doubts.named(which)
        disagreement = doubts.take_up(self.member, body.item, origin)
        return wire.disagreement_of(self.member, disagreement)


def _doubtful(member: Membership, row: Any) -> wire.Doubtful:
    if isinstance(row, Resolution):
        return wire.Doubtful(**wire.for_experts(member, row.item))
    flags = [
        wire.Flag(comment=flag.payload.get("comment", ""), at=flag.at)
        for flag in row.flag_events
    ]
    return wire.Doubtful(**wire.for_experts(member, row), flags=flags)


class CheckView(ProjectView):
    """Flags that need no decision."""

    allowed: ClassVar = members.ADJUDICATE

    @call()
    def post(self, body: wire.ItemBody) -> wire.Checked:
        """Say that the flags of ``item`` (its ``id``) were looked at."""
        doubts.check(self.member, body.item)
        return wire.Checked(item=body.item)


class AskView(ProjectView):
    """A question to those who voted."""

    allowed: ClassVar = members.ADJUDICATE

    @call()
    def post(self, pk: int, body: wire.QuestionBody) -> wire.Asked:
        """Ask ``question`` once, after the own blind labels; return how many."""
        return wire.Asked(asked=inquiries.ask(self.member, pk, body.question or ""))


class InquiriesView(ProjectView):
    """What experts ask the caller."""

    @call()
    def get(self) -> Page[wire.Inquiry]:
        """List the questions that wait, oldest first, each with one's own answer."""
        rows = inquiries.waiting_for(self.member)
        return page_of(rows, self.request, partial(_inquiry, self.member))


def _inquiry(member: Membership, inquiry: Inquiry) -> wire.Inquiry:
    item: Any = inquiry.disagreement.item
    own = next(iter(item.own), None)
    return wire.Inquiry(
        id=inquiry.pk,
        item=item_of(member, item),
        labels=own.labels if own else None,
        question=inquiry.question,
        asked_at=inquiry.asked_at,
    )


class AnswerView(ProjectView):
    """An answer to an expert's question."""

    @call()
    def post(self, pk: int, body: wire.ReplyBody) -> wire.Answered:
        """Keep ``answer``, once."""
        kept = inquiries.answer(self.member, pk, body.answer or "")
        return wire.Answered(id=pk, answer=kept.answer, answered_at=kept.answered_at)
