"""Lease, skip, flag, release."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.http import shapes
from labeling.api.http.hot import HotView, Said
from labeling.api.http.scope import ProjectView
from labeling.services.queue import giving_back, lease
from labeling.services.votes import grid

MAX_RELEASE: Final = 100


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class LeaseView(HotView):
    """Lend the person's next items."""

    def said(self, body: Any) -> Said:
        """Return up to ``count`` items, those that are held already first."""
        body = shapes.body_of(body)
        chosen = None if body.get("items") is None else shapes.names_in(body, "items")
        lent = lease.lease(self.member, shapes.whole_in(body, "count", 1), chosen)
        project = self.member.project
        items = [shapes.lease_shape(project, one) for one in lent.assignments]
        told = {"reason": lent.reason, "label_set": project.label_set_pk}
        return Said({"items": items, **told})


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class GridView(ProjectView):
    """Lend a page of items that the model takes for the same."""

    def post(self, request: Request, slug: str) -> Response:
        """Return up to ``count`` items under one ``label``, without those ``left``."""
        del slug
        body = shapes.body_of(request.data)
        left = shapes.numbers_in(body, "left", most=500, default=[])
        page = grid.lend(self.member, shapes.whole_in(body, "count", 1), left)
        project = self.member.project
        items = [shapes.lease_shape(project, one) for one in page.assignments]
        return Response({"label": page.label, "items": items, "reason": page.reason})


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class SkipView(ProjectView):
    """Pass an item on to others."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Skip with an optional reason."""
        del slug
        body = shapes.body_of(request.data)
        found = giving_back.skip(self.member, pk, shapes.text_in(body, "reason"))
        return Response({"assignment": found.pk, "state": found.state})


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class FlagView(ProjectView):
    """Say that something is wrong with an item."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Flag with an optional comment."""
        del slug
        body = shapes.body_of(request.data)
        found = giving_back.flag(self.member, pk, shapes.text_in(body, "comment"))
        return Response({"assignment": found.pk, "state": found.state})


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class ReleaseView(ProjectView):
    """Give an item back."""

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Release an unanswered item."""
        del request, slug
        found = giving_back.release(self.member, pk)
        return Response({"assignment": found.pk, "state": found.state})


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class ReleaseManyView(ProjectView):
    """Give items back in one call, as a station that is closed does."""

    def post(self, request: Request, slug: str) -> Response:
        """Release those of ``assignments`` (at most 100 ids) that are still held."""
        del slug
        body = shapes.body_of(request.data)
        wanted = shapes.numbers_in(body, "assignments", most=MAX_RELEASE)
        return Response({"released": giving_back.release_many(self.member, wanted)})
