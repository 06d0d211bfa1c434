"""Votes: one or a batch, edit, undo, and one's own history."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api import shapes
from labeling.api.hot import HotView, Said
from labeling.api.pagination import CursorPagination
from labeling.api.problems import document_of
from labeling.api.scope import ProjectView
from labeling.errors import AssayError, InvalidInputError
from labeling.models import Annotation, Membership
from labeling.services import annotate


def _shape(member: Membership, vote: Annotation) -> dict[str, Any]:
    """Return a vote as JSON, with what is revealed after it."""
    revealed = annotate.revealed_suggestion(member.project, vote)
    return shapes.annotation_shape(vote, revealed)


def _said(member: Membership, vote: Annotation, status: int = 200) -> Said:
    """Return a vote with its version as ETag."""
    return Said(_shape(member, vote), status, {"ETag": f'"{vote.version}"'})


def _version(request: Request) -> int:
    raw = request.headers.get("If-Match", "").removeprefix("W/").strip('"')
    if not raw.isdecimal() or len(raw) > 9:
        raise InvalidInputError(
            "Send If-Match with the version from the ETag.",
            errors={"If-Match": ["The version you read."]},
        )
    return int(raw)


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class AnnotationsView(HotView):
    """Give votes, and list one's own."""

    @extend_schema(operation_id="projects_annotations_list")
    def get(self, request: Request, slug: str) -> Response:
        """Return one's own standing votes, newest first."""
        del slug
        votes = Annotation.answers.filter(
            annotator_id=self.member.user_id,
            project_id=self.member.project_id,
            undone_at=None,
        )
        pages = CursorPagination()
        page = pages.paginate_queryset(votes, request, view=self) or []
        return pages.get_paginated_response([shapes.annotation_shape(v) for v in page])

    def said(self, body: Any) -> Said:
        """Keep one vote, or a list of votes each with an outcome of its own."""
        if isinstance(body, list):
            if len(body) > annotate.MAX_BATCH:
                raise InvalidInputError(f"At most {annotate.MAX_BATCH} answers.")
            return Said({"results": [self._one_of_batch(one) for one in body]})
        receipt = annotate.submit(self.member, shapes.vote_in(body))
        return _said(self.member, receipt.annotation, 201 if receipt.is_new else 200)

    def _one_of_batch(self, data: object) -> dict[str, Any]:
        client_id = data.get("client_id") if isinstance(data, dict) else None
        try:
            receipt = annotate.submit(self.member, shapes.vote_in(data))
        except AssayError as error:
            return {
                "client_id": client_id,
                "status": error.status,
                "problem": document_of(error),
            }
        return {
            "client_id": client_id,
            "status": 201 if receipt.is_new else 200,
            "annotation": _shape(self.member, receipt.annotation),
        }


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class AnnotationView(ProjectView):
    """Read, edit or undo one's own vote."""

    def get(self, request: Request, slug: str, pk: int) -> Response:
        """Return the vote with its version as ETag."""
        del request, slug
        found = annotate.own_annotation(self.member, pk)
        return _said(self.member, found).response()

    def patch(self, request: Request, slug: str, pk: int) -> Response:
        """Change labels, comment or certainty."""
        del slug
        body = shapes.body_of(request.data)
        changes: dict[str, Any] = {}
        if "labels" in body or "label" in body:
            changes["labels"] = shapes.labels_in(body)
        if "comment" in body:
            changes["comment"] = shapes.text_in(body, "comment")
        if "is_unsure" in body:
            changes["is_unsure"] = body["is_unsure"] is True
        changed = annotate.edit(self.member, pk, _version(request), changes)
        return _said(self.member, changed).response()

    def delete(self, request: Request, slug: str, pk: int) -> Response:
        """Undo; the item is lent to the person again."""
        found = annotate.undo(self.member, pk, _version(request))
        lent = shapes.assignment_shape(slug, found, None) if found else None
        return Response({"undone": pk, "lease": lent})
