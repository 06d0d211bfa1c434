"""Agreement reports and the experts' queue."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.http import shapes
from labeling.api.http.pagination import CursorPagination, InOrder
from labeling.api.http.problems import problem_of
from labeling.api.http.scope import ProjectView
from labeling.models import Disagreement, Precedent
from labeling.services.experts import adjudicate, alike, precedents, reopening
from labeling.services.projects import members


@extend_schema(responses=dict[str, Any])
class DisagreementsView(ProjectView):
    """The items that wait for an expert."""

    allowed: ClassVar = members.ADJUDICATE

    def get(self, request: Request, slug: str) -> Response:
        """List open disagreements without their votes, most unclear first."""
        pages = InOrder(self.member.project)
        page = pages.paginate_queryset(adjudicate.waiting(self.member), request)
        return pages.get_paginated_response(
            [shapes.disagreement_shape(slug, one) for one in page]
        )


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class BlindView(ProjectView):
    """An expert's own answer, before the votes."""

    allowed_to_write: ClassVar = members.ADJUDICATE

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Keep the answer and return the votes; ``majority`` is null where none is."""
        del slug
        body = shapes.body_of(request.data)
        outcome = shapes.text_in(body, "outcome", most=20) or "resolved"
        has_labels = "label" in body or "labels" in body or outcome == "resolved"
        labels = shapes.labels_in(body) if has_labels else ()
        votes = adjudicate.answer_blind(self.member, pk, labels, outcome=outcome)
        majority = adjudicate.majority_of(self.member, votes)
        return Response({"votes": votes, "majority": majority})


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class ResolveView(ProjectView):
    """An expert's decision."""

    allowed_to_write: ClassVar = members.ADJUDICATE

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Resolve with ``label`` or ``labels``, ``note`` and ``outcome``.

        ``precedent`` makes it an example of the guideline; ``also`` lists others that
        are decided likewise, each with an outcome of its own.
        """
        del slug
        body = shapes.body_of(request.data)
        has_labels = "label" in body or "labels" in body
        decision = adjudicate.Decision(
            labels=shapes.labels_in(body) if has_labels else (),
            outcome=shapes.text_in(body, "outcome", most=20) or "resolved",
            note=shapes.text_in(body, "note"),
            is_precedent=shapes.yes_or_no_in(body, "precedent"),
        )
        also = shapes.numbers_in(body, "also", most=alike.MOST_TOGETHER, default=[])
        found = adjudicate.resolve(self.member, pk, decision)
        together = alike.settle_together(self.member, pk, also, decision)
        told = {"also": [_settled(one) for one in together]} if also else {}
        return Response({**_decided(found), **told})


def _decided(found: Disagreement) -> dict[str, Any]:
    return {
        "id": found.pk,
        "outcome": found.outcome,
        "labels": found.labels,
    }


def _settled(one: alike.Settled) -> dict[str, Any]:
    if one.decided is not None:
        return {**_decided(one.decided), "status": 200}
    if one.refusal is None:
        return {"id": one.disagreement_id}
    refusal = problem_of(one.refusal)
    return {
        "id": one.disagreement_id,
        "status": refusal.status_code,
        "problem": refusal.data,
    }


@extend_schema(responses=dict[str, Any])
class SimilarView(ProjectView):
    """Open disagreements like this one."""

    allowed: ClassVar = members.ADJUDICATE

    def get(self, request: Request, slug: str, pk: int) -> Response:
        """List at most twenty with the same labels voted for, the likest first."""
        found = alike.similar(self.member.project, alike.find(self.member, pk))
        return Response(
            {
                "results": [
                    {
                        **shapes.disagreement_shape(slug, one.disagreement),
                        "share": one.share,
                        "is_same_group": one.is_same_group,
                    }
                    for one in found
                ]
            }
        )


@extend_schema(request=None, responses=dict[str, Any])
class DeferView(ProjectView):
    """Look at it later."""

    allowed: ClassVar = members.ADJUDICATE

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Put it at the end of one's own list."""
        adjudicate.defer(self.member, pk)
        return Response({"id": pk})


@extend_schema(request=None, responses=dict[str, Any])
class ReopenView(ProjectView):
    """Take a decision back."""

    allowed: ClassVar = members.ADJUDICATE

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Open it again; its label stays in the item's history."""
        found = reopening.reopen(self.member, pk)
        return Response(shapes.disagreement_shape(slug, found))


@extend_schema(responses=dict[str, Any])
class PrecedentsView(ProjectView):
    """Decisions shown with the guideline as examples."""

    def get(self, request: Request, slug: str) -> Response:
        """List the examples that stand, newest first."""
        pages = CursorPagination()
        rows = precedents.shown(self.member.project)
        page = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response([_precedent(slug, one) for one in page])


def _precedent(slug: str, one: Precedent) -> dict[str, Any]:
    decided = one.resolution
    return {
        "id": one.pk,
        "item": shapes.item_shape(slug, decided.item),
        "labels": decided.labels,
        "note": one.note,
        "guideline_version": decided.guideline.version if decided.guideline else None,
        "created_at": one.created_at,
    }


@extend_schema(responses={204: None})
class PrecedentView(ProjectView):
    """One example of the guideline."""

    allowed: ClassVar = members.ADJUDICATE

    def delete(self, request: Request, slug: str, pk: int) -> Response:
        """Take it out of the guideline; the decision itself stays."""
        precedents.remove(self.member, pk)
        return Response(status=204)
