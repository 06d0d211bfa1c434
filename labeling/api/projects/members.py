"""The members of a project, by the API."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.http import shapes
from labeling.api.http.pagination import CursorPagination
from labeling.api.http.scope import ProjectView
from labeling.errors import InvalidInputError
from labeling.models import Membership, User
from labeling.services.projects import members


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class MembersView(ProjectView):
    """Who works on a project."""

    allowed_to_write: ClassVar = members.MANAGE

    def get(self, request: Request, slug: str) -> Response:
        """List the members."""
        del slug
        rows = Membership.objects.select_related("user").filter(
            project_id=self.member.project_id
        )
        pages = CursorPagination()
        page = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response([_member_shape(one) for one in page])

    def post(self, request: Request, slug: str) -> Response:
        """Add a member, or give one another role."""
        del slug
        body = shapes.body_of(request.data)
        name = shapes.text_in(body, "user", most=150)
        user = User.objects.filter(username=name).first()
        if user is None:
            raise InvalidInputError(
                errors={"user": ["There is no account of this name."]}
            )
        role = shapes.text_in(body, "role", most=20) or Membership.Role.ANNOTATOR
        added = members.add(self.member.project, user, role)
        added.user = user
        return Response(_member_shape(added), status=201)


class MemberSerializer(serializers.ModelSerializer[Membership]):
    """What may be changed of a member; all may be left out."""

    class Meta:
        model = Membership
        fields: ClassVar = ("role", "quota", "is_paused")
        extra_kwargs: ClassVar = {"quota": {"min_value": 1}}


class MemberView(ProjectView):
    """One member."""

    allowed: ClassVar = members.MANAGE

    @extend_schema(request=MemberSerializer, responses=dict[str, Any])
    def patch(self, request: Request, slug: str, user: str) -> Response:
        """Change role, quota (null: no limit) or pause; what is left out stays."""
        del slug
        found = self._named(user)
        shapes.refuse_others(request.data, set(MemberSerializer.Meta.fields))
        body = MemberSerializer(found, data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        changed = members.change(found, **body.validated_data)
        return Response(_member_shape(changed))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, slug: str, user: str) -> Response:
        """End the membership: the votes stay, what is held goes to others."""
        del request, slug
        members.remove(self._named(user))
        return Response(status=204)

    def _named(self, user: str) -> Membership:
        # An address may hold what no name can, nor a query to the database.
        return members.other(self.member, user__username=user.replace("\x00", " "))


def _member_shape(one: Membership) -> dict[str, Any]:
    return {
        "user": one.user.username,
        "role": one.role,
        "quota": one.quota,
        "is_paused": one.is_paused,
    }
