"""Invitations by link."""

from __future__ import annotations

from typing import ClassVar

from django.urls import reverse
from msgspec import structs

from labeling.api.http.calls import UNKEPT, Reply, call
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.api.wire.projects import members as wire
from labeling.models import Invitation, Membership
from labeling.services.projects import invitations, members


class InvitationsView(ProjectView):
    """The links of a project, for its managers."""

    allowed: ClassVar = members.MANAGE

    @call()
    def get(self) -> Page[wire.Invitation]:
        """List them without their codes, newest first."""
        rows = Invitation.objects.select_related("created_by").filter(
            project_id=self.member.project_id
        )
        return page_of(rows, self.request, wire.invitation_of)

    @call(201, headers=[UNKEPT])
    def post(self, body: wire.InvitationBody) -> Reply[wire.InvitationMade]:
        """Make one; ``url`` is told now and never again."""
        role = body.role or Membership.Role.ANNOTATOR
        made = invitations.create(self.member, role, days=body.days, uses=body.uses)
        known = structs.asdict(wire.invitation_of(made.invitation))
        url = f"{self.request.build_absolute_uri(reverse('join'))}#{made.code}"
        shown = wire.InvitationMade(**known, url=url)
        return Reply(shown, headers={"Cache-Control": "no-store"})


class InvitationView(ProjectView):
    """One link."""

    allowed: ClassVar = members.MANAGE

    @call()
    def delete(self, pk: int) -> wire.Invitation:
        """End it; who has joined by it stays."""
        return wire.invitation_of(invitations.revoke(self.member, pk))
