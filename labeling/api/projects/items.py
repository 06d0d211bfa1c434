"""The items of a project: search them, look at one, delete some or one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from labeling import queries
from labeling.api.http import shapes
from labeling.api.http.pagination import CursorPagination
from labeling.api.http.scope import ProjectView
from labeling.api.work import job_shape
from labeling.errors import InvalidInputError, NotFoundError
from labeling.models import Item, Resolution
from labeling.services.projects import members, removal

FILTERS = [OpenApiParameter(name) for name in sorted(queries.ITEM_FILTERS)]


@extend_schema(responses=dict[str, Any])
class ItemsView(ProjectView):
    """Search the items; for those who may see predictions."""

    allowed: ClassVar = members.EXPLORE
    allowed_to_write: ClassVar = members.ENGINEER

    @extend_schema(operation_id="projects_items_list", parameters=FILTERS)
    def get(self, request: Request, slug: str) -> Response:
        """List the items that the query names, newest first."""
        items = queries.items_matching(self.member.project, request.query_params.dict())
        pages = CursorPagination()
        page = pages.paginate_queryset(items, request, view=self) or []
        return pages.get_paginated_response(_rows(slug, page))

    @extend_schema(
        operation_id="projects_items_destroy_many",
        responses={202: dict[str, Any]},
        parameters=[
            *FILTERS,
            OpenApiParameter("all", enum=["yes"]),
            OpenApiParameter("expect", int),
        ],
    )
    def delete(self, request: Request, slug: str) -> Response:
        """Delete the items that the query names, with their votes, by a job.

        With ``expect`` only where they are so many.
        """
        query = request.query_params.dict()
        expected = _number(query.pop("expect", ""))
        project, user = self.member.project, self.member.user
        job = removal.request_deletion(project, user, query, expected=expected)
        url = f"/api/projects/{slug}/jobs/{job.pk}/"
        return Response({**job_shape(job), "url": url}, status=202)


@extend_schema(responses=dict[str, Any])
class ItemView(ProjectView):
    """One item."""

    allowed: ClassVar = members.EXPLORE
    allowed_to_write: ClassVar = members.ENGINEER

    def get(self, request: Request, slug: str, pk: int) -> Response:
        """Return it as in the list."""
        del request
        return Response(_rows(slug, [self._item(pk)])[0])

    @extend_schema(responses={204: None})
    def delete(self, request: Request, slug: str, pk: int) -> Response:
        """Delete it with its votes."""
        del request, slug
        removal.delete_now(self.member.project, [self._item(pk).pk])
        return Response(status=204)

    def _item(self, pk: int) -> Item:
        items = Item.objects.select_related("media", "prediction")
        found = items.filter(project=self.member.project_id, pk=pk).first()
        if found is None:
            raise NotFoundError("There is no such item in this project.")
        return found


def _number(raw: str) -> int | None:
    if not raw:
        return None
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 16):
        raise InvalidInputError(errors={"expect": ["A whole number."]})
    return int(raw)


def _rows(slug: str, items: Sequence[Item]) -> list[dict[str, Any]]:
    current = {
        one.item_id: one
        for one in Resolution.objects.filter(
            item__in=[item.pk for item in items], superseded_at=None
        )
    }
    return [_item_row(slug, item, current.get(item.pk)) for item in items]


def _item_row(slug: str, item: Item, resolution: Resolution | None) -> dict[str, Any]:
    prediction = getattr(item, "prediction", None)
    is_blind = item.split == Item.Split.EVALUATION
    return {
        **shapes.item_shape(slug, item),
        "tags": item.tags,
        "split": item.split,
        "state": item.state,
        "votes": item.votes,
        "labels": resolution.labels if resolution else None,
        "label_source": resolution.source if resolution else None,
        "confidence": resolution.confidence if resolution else None,
        "predicted": prediction.label if prediction and not is_blind else None,
        "predicted_confidence": (
            prediction.confidence if prediction and not is_blind else None
        ),
    }
