"""The experts' lists, and questions to those who voted."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.http import shapes
from labeling.api.http.pagination import CursorPagination, InOrder
from labeling.api.http.scope import ProjectView
from labeling.models import Inquiry, Resolution
from labeling.services.experts import doubts, inquiries
from labeling.services.projects import members


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class DoubtsView(ProjectView):
    """Items worth an expert's look besides the open disagreements."""

    allowed: ClassVar = members.ADJUDICATE

    def get(self, request: Request, slug: str, which: str) -> Response:
        """List ``low-confidence``, ``flagged`` or ``suspects``, without their labels."""
        rows = doubts.LISTS[doubts.named(which)](self.member.project)
        pages = InOrder(self.member.project)
        page = pages.paginate_queryset(rows, request)
        return pages.get_paginated_response([_doubt(slug, one) for one in page])

    def post(self, request: Request, slug: str, which: str) -> Response:
        """Take ``item`` (its ``id``) up and return its disagreement."""
        origin = doubts.named(which)
        item_id = shapes.id_in(shapes.body_of(request.data), "item")
        found = doubts.take_up(self.member, item_id, origin)
        return Response(shapes.disagreement_shape(slug, found))


def _doubt(slug: str, one: Any) -> dict[str, Any]:
    if isinstance(one, Resolution):
        return shapes.item_for_experts(slug, one.item)
    flags = [
        {"comment": flag.payload.get("comment", ""), "at": flag.at} for flag in one.told
    ]
    return {**shapes.item_for_experts(slug, one), "flags": flags}


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class CheckView(ProjectView):
    """Flags that need no decision."""

    allowed: ClassVar = members.ADJUDICATE

    def post(self, request: Request, slug: str) -> Response:
        """Say that the flags of ``item`` (its ``id``) were looked at."""
        del slug
        item_id = shapes.id_in(shapes.body_of(request.data), "item")
        doubts.check(self.member, item_id)
        return Response({"item": item_id})


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class AskView(ProjectView):
    """A question to those who voted."""

    allowed: ClassVar = members.ADJUDICATE

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Ask ``question`` once, after the own blind answer; return how many."""
        del slug
        words = shapes.text_in(shapes.body_of(request.data), "question")
        return Response({"asked": inquiries.ask(self.member, pk, words)})


class _OldestFirst(CursorPagination):
    ordering = "pk"


@extend_schema(responses=dict[str, Any])
class InquiriesView(ProjectView):
    """What experts ask the caller."""

    def get(self, request: Request, slug: str) -> Response:
        """List the questions that wait, oldest first, each with one's own answer."""
        pages = _OldestFirst()
        rows = inquiries.waiting_for(self.member)
        page = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response([_inquiry(slug, one) for one in page])


def _inquiry(slug: str, one: Inquiry) -> dict[str, Any]:
    item: Any = one.disagreement.item
    own = next(iter(item.own), None)
    return {
        "id": one.pk,
        "item": shapes.item_shape(slug, item),
        "labels": own.labels if own else None,
        "question": one.question,
        "asked_at": one.asked_at,
    }


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class AnswerView(ProjectView):
    """An answer to an expert's question."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Keep ``answer``, once."""
        del slug
        words = shapes.text_in(shapes.body_of(request.data), "answer")
        found = inquiries.answer(self.member, pk, words)
        return Response(
            {"id": pk, "answer": found.answer, "answered_at": found.answered_at}
        )
