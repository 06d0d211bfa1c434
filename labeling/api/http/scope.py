"""The person, their membership and the request, for every view of a project."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from labeling.models import ApiToken, Membership, User
from labeling.services.projects import members


class ProjectView(APIView):
    """A view of one project: outsiders get 404, the wrong role 403.

    ``allowed`` is for every method; where ``allowed_to_write`` is named, that one is
    for all that change something.
    """

    allowed: ClassVar[frozenset[Membership.Role]] = members.LABEL
    allowed_to_write: ClassVar[frozenset[Membership.Role] | None] = None
    member: Membership

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find the membership, before the method runs."""
        super().initial(request, *args, **kwargs)
        if is_for_another(request, request.user.pk):
            raise NotAuthenticated(_("Somebody else has logged in in this browser."))
        self.admit(_membership(request, kwargs["slug"]))
        if isinstance(request.user, User):
            self.member.user = request.user

    def admit(self, member: Membership) -> None:
        """Let a member in whose role suffices; raise ForbiddenError otherwise."""
        is_read = self.request.method in ("GET", "HEAD", "OPTIONS")
        allowed = self.allowed if is_read else self.allowed_to_write or self.allowed
        self.member = members.require(member, allowed)


def _membership(request: Request, slug: str) -> Membership:
    """Return what came with the token, or look it up."""
    member = request.auth.membership if isinstance(request.auth, ApiToken) else None
    return member or members.membership(request.user, slug)


def is_for_another(request: Request | HttpRequest, user_id: int | None) -> bool:
    """Whether a page of one person writes as another who has logged in since."""
    meant = request.META.get("HTTP_X_ACCOUNT")
    return meant is not None and meant != str(user_id)
