"""Invitations by link."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.http import shapes
from labeling.api.http.pagination import CursorPagination
from labeling.api.http.scope import ProjectView
from labeling.models import Invitation, Membership
from labeling.services.projects import invitations, members


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class InvitationsView(ProjectView):
    """The links of a project, for its managers."""

    allowed: ClassVar = members.MANAGE

    def get(self, request: Request, slug: str) -> Response:
        """List them without their codes, newest first."""
        rows = Invitation.objects.select_related("created_by").filter(
            project_id=self.member.project_id
        )
        pages = CursorPagination()
        page = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response([_shape(one) for one in page])

    def post(self, request: Request, slug: str) -> Response:
        """Make one; ``url`` is told now and never again."""
        body = shapes.body_of(request.data)
        role = shapes.text_in(body, "role", most=20) or Membership.Role.ANNOTATOR
        made = invitations.create(
            self.member,
            role,
            days=shapes.whole_in(body, "days", invitations.USUAL_DAYS),
            uses=None if body.get("uses") is None else shapes.whole_in(body, "uses", 1),
        )
        shape = _shape(made.invitation)
        url = f"{request.build_absolute_uri(reverse('join'))}#{made.code}"
        headers = {"Cache-Control": "no-store"}
        return Response({**shape, "url": url}, status=201, headers=headers)


def _shape(one: Invitation) -> dict[str, Any]:
    return {
        "id": one.pk,
        "role": one.role,
        "created_by": one.created_by.username,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "uses": one.uses,
        "used": one.used,
        "is_over": invitations.why_over(one) != "",
    }


@extend_schema(responses=dict[str, Any])
class InvitationView(ProjectView):
    """One link."""

    allowed: ClassVar = members.MANAGE

    def delete(self, request: Request, slug: str, pk: int) -> Response:
        """End it; who has joined by it stays."""
        return Response(_shape(invitations.revoke(self.member, pk)))
