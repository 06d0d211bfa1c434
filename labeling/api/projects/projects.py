"""Projects: one's own, a new one, and one with its settings and counts."""

from __future__ import annotations

from typing import ClassVar

from msgspec import UNSET
from rest_framework.views import APIView

from labeling.api.http.calls import call
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.api.wire.projects import projects as wire
from labeling.models import Membership, Project, User
from labeling.services.projects import creation, members, policy, removal


def _full(member: Membership) -> wire.Project:
    parts = policy.related()
    rows = Project.objects.select_related("label_set", "guideline", *parts)
    return wire.project_of(rows.get(pk=member.project_id), member.role)


class ProjectsView(APIView):
    """The person's projects, and a new one."""

    @call(name="projects_list")
    def get(self) -> Page[wire.ProjectRow]:
        """List one's projects, newest first."""
        mine = Project.objects.filter(memberships__user_id=self.request.user.pk or 0)
        return page_of(mine, self.request, wire.row_of)

    @call(201)
    def post(self, body: wire.ProjectBody) -> wire.Project:
        """Create a project; its creator is its manager."""
        user = User.objects.get(pk=self.request.user.pk or 0)
        created = creation.create(user, wire.draft_of(body))
        return wire.project_of(created, Membership.Role.MANAGER)


class ProjectDetailView(ProjectView):
    """One project and its counts."""

    allowed_to_write: ClassVar = members.MANAGE

    @call()
    def get(self) -> wire.Project:
        """Return the project."""
        return _full(self.member)

    @call()
    def patch(self, body: wire.PolicyChange) -> wire.Project:
        """Change name or policy."""
        changes = wire.settings_in(body)
        if body.name is not UNSET:
            changes["name"] = body.name
        policy.change(self.member.project, changes)
        return _full(self.member)

    @call(202)
    def delete(self, query: wire.DeletionQuery) -> None:
        """Delete the project and all that is in it; ``confirm`` is its short name."""
        removal.request_project_deletion(self.member, query.confirm)
