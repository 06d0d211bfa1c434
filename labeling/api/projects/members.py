"""The members of a project, by the API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import reverse
from django.utils.translation import gettext as _
from msgspec import UNSET, structs
from rest_framework.request import Request

from labeling.api.http.calls import UNKEPT, Reply, call
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.api.wire.projects import members as wire
from labeling.errors import InvalidInputError
from labeling.models import Membership
from labeling.quality.skills import Skill
from labeling.services.accounts import names
from labeling.services.projects import members, password_links
from labeling.services.votes import skills


class MembersView(ProjectView):
    """The members of a project."""

    allowed_to_write: ClassVar = members.MANAGE

    @call()
    def get(self) -> Page[wire.Member]:
        """List the members; people who are no managers see themselves."""
        rows = Membership.objects.select_related("user").filter(
            project_id=self.member.project_id
        )
        if self.member.role not in members.MANAGE:
            rows = rows.filter(pk=self.member.pk)
        known = _skills_for(self.member)
        return page_of(
            rows,
            self.request,
            lambda member: wire.member_of(member, known.get(member.user_id)),
        )

    @call(201)
    def post(self, body: wire.MemberBody) -> wire.Member:
        """Add a member, or give one another role.

        Raises InvalidInputError where nobody has an account of this name, and what
        ``members.add`` raises.
        """
        if (user := names.find(body.user or "")) is None:
            raise InvalidInputError(
                errors={"user": [_("There is no account of this name.")]}
            )
        role = body.role or Membership.Role.ANNOTATOR
        added = members.add(self.member.project, user, role)
        added.user = user
        return wire.member_of(added)


def _skills_for(member: Membership) -> dict[int, Skill]:
    """Return how often people are right, where this member may know it."""
    is_manager = member.role in members.MANAGE
    return skills.of_people(skills.newest(member.project_id)) if is_manager else {}


class _OtherView(ProjectView):
    allowed: ClassVar = members.MANAGE
    other: Membership

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find who is meant, before the body is read: 404 comes before 400."""
        super().initial(request, *args, **kwargs)
        # An address may hold what no name can, nor a query to the database.
        name = kwargs["user"].replace("\x00", " ")
        self.other = members.other(self.member, user__username=name)


class MemberView(_OtherView):
    """One member."""

    @call()
    def patch(self, body: wire.MemberChange) -> wire.Member:
        """Change role, quota (null: no limit) or pause; what is left out stays."""
        sent = structs.asdict(body).items()
        changes: Any = {name: value for name, value in sent if value is not UNSET}
        return wire.member_of(members.change(self.other, **changes))

    @call(204)
    def delete(self) -> None:
        """End the membership: the votes stay, what is held goes to others."""
        members.remove(self.other)


class PasswordLinkView(_OtherView):
    """A link by which a member sets a new password."""

    @call(201, headers=[UNKEPT])
    def post(self) -> Reply[wire.PasswordLinkMade]:
        """Make one that is good once and for a day; ``url`` is told now and never again.

        Raises what ``password_links.make`` raises.
        """
        link = password_links.make(self.member, self.other)
        path = reverse("new-password", args=(link.account, link.key))
        made = wire.PasswordLinkMade(url=self.request.build_absolute_uri(path))
        return Reply(made, headers={"Cache-Control": "no-store"})
