"""Agreement reports and the experts' queue."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api import shapes
from labeling.api.pagination import CursorPagination
from labeling.api.scope import ProjectView
from labeling.errors import InvalidInputError
from labeling.models import AgreementReport, Disagreement, Item
from labeling.services import adjudicate, members, questions


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


class _MostUnclearFirst(CursorPagination):
    ordering = ("-entropy", "pk")  # type: ignore[assignment]


@extend_schema(responses=dict[str, Any])
class DisagreementsView(ProjectView):
    """The items that wait for an expert."""

    allowed: ClassVar = members.ADJUDICATE

    def get(self, request: Request, slug: str) -> Response:
        """List open disagreements without their votes, most unclear first."""
        rows = Disagreement.objects.select_related("item", "item__media").filter(
            project=self.member.project, resolved_at=None
        )
        pages = _MostUnclearFirst()
        page = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response([_shape(slug, one) for one in page])


def _shape(slug: str, one: Disagreement) -> dict[str, Any]:
    return {
        "id": one.pk,
        "item": shapes.item_shape(slug, one.item),
        "opened_at": one.opened_at,
        "is_evaluation": one.item.split == Item.Split.EVALUATION,
    }


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class BlindView(ProjectView):
    """An expert's own answer, before the votes."""

    allowed_to_write: ClassVar = members.ADJUDICATE

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Keep the answer and return the votes."""
        del slug
        labels = shapes.labels_in(shapes.body_of(request.data))
        votes = adjudicate.answer_blind(self.member, pk, labels)
        answers = [tuple(vote["labels"]) for vote in votes]
        top = max(sorted(set(answers)), key=answers.count, default=())
        return Response({"votes": votes, "majority": list(top)})


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class ResolveView(ProjectView):
    """An expert's decision."""

    allowed_to_write: ClassVar = members.ADJUDICATE

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Resolve with ``label`` or ``labels``, ``note`` and ``outcome``."""
        del slug
        body = shapes.body_of(request.data)
        has_labels = "label" in body or "labels" in body
        decision = adjudicate.Decision(
            labels=shapes.labels_in(body) if has_labels else (),
            outcome=shapes.text_in(body, "outcome", most=20) or "resolved",
            note=shapes.text_in(body, "note"),
        )
        found = adjudicate.resolve(self.member, pk, decision)
        return Response(
            {
                "id": found.pk,
                "outcome": found.outcome,
                "labels": found.resolution.labels if found.resolution else [],
            }
        )


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class GoldQuestionsView(ProjectView):
    """Which items with a known answer are asked to see how well people do."""

    allowed: ClassVar = members.EXPLORE

    def post(self, request: Request, slug: str) -> Response:
        """Ask ``items`` (external ids) as gold questions, or stop asking them."""
        del slug
        body = shapes.body_of(request.data)
        names = shapes.labels_in({"labels": body.get("items")})
        is_question = body.get("is_question", True)
        if not isinstance(is_question, bool):
            raise InvalidInputError(errors={"is_question": ["true or false."]})
        marked = questions.mark(self.member, names, is_question=is_question)
        return Response(
            {
                "items": [gold.item.external_id for gold in marked],
                "is_question": is_question,
            }
        )
