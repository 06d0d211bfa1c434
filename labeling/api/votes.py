"""Votes: one or a batch, edit, undo, and one's own history."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.http import shapes
from labeling.api.http.hot import HotView, Said
from labeling.api.http.pagination import CursorPagination
from labeling.api.http.problems import document_of
from labeling.api.http.scope import ProjectView
from labeling.errors import AssayError, InvalidInputError
from labeling.models import (
    AgreementReport,
    Annotation,
    Membership,
)
from labeling.services.projects import members
from labeling.services.queue import questions
from labeling.services.votes import annotate


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


@extend_schema(responses=dict[str, Any])
class AgreementView(ProjectView):
    """How well the annotators agree."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER

    def get(self, request: Request, slug: str) -> Response:
        """Return the newest report, with empty values where there is none yet."""
        del request, slug
        report = AgreementReport.objects.filter(project=self.member.project).first()
        return Response(report_shape(report))


def report_shape(report: AgreementReport | None) -> dict[str, Any]:
    """Return a report; before the first one every value is empty."""
    body = report.body if report else {}
    return {
        "computed_at": report.computed_at if report else None,
        "items": report.items if report else 0,
        "votes": report.votes if report else 0,
        "percent": report.percent if report else None,
        "cohen_kappa": report.cohen_kappa if report else None,
        "fleiss_kappa": report.fleiss_kappa if report else None,
        "krippendorff_alpha": report.krippendorff_alpha if report else None,
        "alpha_interval": body.get("alpha_interval"),
        "labels": body.get("labels", []),
        "pairs": body.get("pairs", []),
        "annotators": body.get("annotators", []),
    }


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class GoldQuestionsView(ProjectView):
    """Which items with a known answer are asked to see how well people do."""

    allowed: ClassVar = members.EXPLORE

    def post(self, request: Request, slug: str) -> Response:
        """Ask ``items`` (external ids) as gold questions, or stop asking them."""
        del slug
        body = shapes.body_of(request.data)
        names = shapes.names_in(body, "items")
        is_question = shapes.yes_or_no_in(body, "is_question", default=True)
        marked = questions.mark(self.member, names, is_question=is_question)
        return Response(
            {
                "items": [gold.item.external_id for gold in marked],
                "is_question": is_question,
            }
        )
