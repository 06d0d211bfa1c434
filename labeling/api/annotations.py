"""Votes: one or a batch, edit, undo, and one's own history."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api import shapes
from labeling.api.pagination import CursorPagination
from labeling.api.problems import problem_of
from labeling.api.scope import ProjectView
from labeling.errors import AssayError, InvalidInputError
from labeling.models import Annotation, Project
from labeling.services import annotate


def _outcome(
    project: Project, client_id: object, outcome: annotate.Receipt | AssayError
) -> dict[str, Any]:
    if isinstance(outcome, AssayError):
        refusal = problem_of(outcome)
        return {
            "client_id": client_id,
            "status": outcome.status,
            "problem": refusal.data,
        }
    return {
        "client_id": client_id,
        "status": 201 if outcome.is_new else 200,
        "annotation": _shape(project, outcome.annotation),
    }


def _one_of_batch(view: ProjectView, data: object) -> dict[str, Any]:
    client_id = data.get("client_id") if isinstance(data, dict) else None
    try:
        vote = shapes.vote_in(data)
        receipt = annotate.submit(view.member, vote)
        return _outcome(view.member.project, client_id, receipt)
    except AssayError as error:
        return _outcome(view.member.project, client_id, error)


def _shape(project: Project, vote: Annotation) -> dict[str, Any]:
    revealed = annotate.revealed_suggestion(project, vote)
    return shapes.annotation_shape(vote, revealed)


def _version(request: Request) -> int:
    raw = request.headers.get("If-Match", "").removeprefix("W/").strip('"')
    if not raw.isdecimal() or len(raw) > 9:
        raise InvalidInputError(
            "Send If-Match with the version from the ETag.",
            errors={"If-Match": ["The version you read."]},
        )
    return int(raw)


def _answer(project: Project, vote: Annotation, status: int = 200) -> Response:
    return Response(
        _shape(project, vote),
        status=status,
        headers={"ETag": f'"{vote.version}"'},
    )


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class AnnotationsView(ProjectView):
    """Give votes, and list one's own."""

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

    def post(self, request: Request, slug: str) -> Response:
        """Keep one vote, or a list of votes each with an outcome of its own."""
        del slug
        if isinstance(request.data, list):
            if len(request.data) > annotate.MAX_BATCH:
                raise InvalidInputError(f"At most {annotate.MAX_BATCH} answers.")
            results = [_one_of_batch(self, one) for one in request.data]
            return Response({"results": results})
        receipt = annotate.submit(self.member, shapes.vote_in(request.data))
        status = 201 if receipt.is_new else 200
        return _answer(self.member.project, receipt.annotation, status)


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class AnnotationView(ProjectView):
    """Read, edit or undo one's own vote."""

    def get(self, request: Request, slug: str, pk: int) -> Response:
        """Return the vote with its version as ETag."""
        del request, slug
        found = annotate.own_annotation(self.member, pk)
        return _answer(self.member.project, found)

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
        return _answer(self.member.project, changed)

    def delete(self, request: Request, slug: str, pk: int) -> Response:
        """Undo; the item is lent to the person again."""
        found = annotate.undo(self.member, pk, _version(request))
        lent = shapes.assignment_shape(slug, found, None) if found else None
        return Response({"undone": pk, "lease": lent})
