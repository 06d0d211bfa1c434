"""Invitations by link: who opens one becomes a member, never more often than allowed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import GoneError, InvalidInputError, NotFoundError
from labeling.models import Invitation, Membership, User, digest_of
from labeling.services.projects import members

Role = Membership.Role

MOST_DAYS: Final = 30
USUAL_DAYS: Final = 7
MOST_USES: Final = 10_000
# A link gives a role only to who has less.
_RANK: Final = {Role.ANNOTATOR: 0, Role.EXPERT: 1, Role.ENGINEER: 1, Role.MANAGER: 2}


@dataclass(frozen=True)
class Made:
    """An invitation and its code, which is kept nowhere."""

    invitation: Invitation
    code: str


def create(
    member: Membership, role: str, *, days: int = USUAL_DAYS, uses: int | None = None
) -> Made:
    """Make a link for a role; it ends after ``days`` or ``uses``, or when revoked."""
    errors: dict[str, list[str]] = {}
    if role not in Role.values:
        errors["role"] = [f"One of {', '.join(Role.values)}."]
    if not 1 <= days <= MOST_DAYS:
        errors["days"] = [f"From 1 to {MOST_DAYS}."]
    if uses is not None and not 1 <= uses <= MOST_USES:
        errors["uses"] = [f"From 1 to {MOST_USES:,}, or nothing: no limit."]
    if errors:
        raise InvalidInputError(errors=errors)
    code = secrets.token_urlsafe(32)
    now = timezone.now()
    invitation = Invitation.objects.create(
        project_id=member.project_id,
        digest=digest_of(code),
        role=role,
        created_by_id=member.user_id,
        created_at=now,
        expires_at=now + timedelta(days=days),
        uses=uses,
    )
    return Made(invitation, code)


def revoke(member: Membership, invitation_id: int) -> Invitation:
    """End an invitation; who has joined by it stays."""
    found = Invitation.objects.select_related("created_by").filter(
        pk=invitation_id, project_id=member.project_id
    )
    found.filter(revoked_at=None).update(revoked_at=timezone.now())
    if (invitation := found.first()) is None:
        raise NotFoundError(_("There is no such invitation in this project."))
    return invitation


def find(digest: str) -> Invitation:
    """Return the invitation of a code's digest; one that is over says why."""
    found = (
        Invitation.objects.select_related("project", "created_by")
        .filter(digest=digest)
        .first()
    )
    if found is None:
        raise NotFoundError(
            _("This is not the link of an invitation: was all of it copied?")
        )
    if why := why_over(found):
        raise GoneError(why + " " + _("Ask the person who sent it for a new one."))
    return found


def why_over(invitation: Invitation) -> str:
    """Return why nobody can join by an invitation any more, or nothing."""
    if invitation.revoked_at is not None:
        return _("This invitation was withdrawn.")
    if invitation.expires_at <= timezone.now():
        return _("This invitation has expired.")
    if invitation.uses is not None and invitation.used >= invitation.uses:
        return _("This invitation has been used as often as it may be.")
    return ""


def join(user: User, digest: str) -> Membership:
    """Make a person a member by an invitation.

    A member's role is never lowered, and who gains nothing uses nothing up.
    """
    with transaction.atomic():
        found = find(digest)
        # The same person may press twice at the same moment.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        known = Membership.objects.filter(project_id=found.project_id, user=user)
        if (now := known.first()) and _RANK[Role(now.role)] >= _RANK[Role(found.role)]:
            now.project = found.project
            return now
        _use(found)
        member = members.add(found.project, user, found.role)
        member.project = found.project
        return member


def join_anew(digest: str, name: str, password: str) -> Membership:
    """Create an account and make it a member; neither where one is not possible."""
    with transaction.atomic():
        find(digest)
        try:
            validate_password(password, User(username=name))
        except ValidationError as error:
            raise InvalidInputError(errors={"password": error.messages}) from error
        user, _password = members.create_user(name, password=password)
        return join(user, digest)


def _use(invitation: Invitation) -> None:
    """Count one use, where one is left: the row's lock lets one person in at a time."""
    counted = Invitation.objects.filter(
        Q(uses=None) | Q(used__lt=F("uses")),
        pk=invitation.pk,
        revoked_at=None,
        expires_at__gt=timezone.now(),
    ).update(used=F("used") + 1)
    if not counted:
        find(invitation.digest)
        raise GoneError
