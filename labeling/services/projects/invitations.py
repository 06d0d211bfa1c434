"""Invitations by link: whoever opens one becomes a member, as often as it allows."""

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

from labeling.errors import GoneError, InvalidInputError, NotFoundError
from labeling.messages import sentence as _
from labeling.models import Invitation, Membership, User, digest_of
from labeling.services.projects import members
from labeling.services.work.transactions import lock_project

Role = Membership.Role

MOST_DAYS: Final = 30
USUAL_DAYS: Final = 7
MOST_USES: Final = 10_000


@dataclass(frozen=True)
class Made:
    """An invitation and its code, which is kept nowhere."""

    invitation: Invitation
    code: str


def create(
    member: Membership, role: str, *, days: int = USUAL_DAYS, uses: int | None = None
) -> Made:
    """Make a link for a role; it ends after ``days`` or ``uses``, or when revoked.

    Raises InvalidInputError, by field.
    """
    errors: dict[str, list[str]] = {}
    if role not in Role.values:
        errors["role"] = [_("One of %(values)s.") % {"values": ", ".join(Role.values)}]
    if not 1 <= days <= MOST_DAYS:
        errors["days"] = [_("From 1 to %(most)s.") % {"most": MOST_DAYS}]
    if uses is not None and not 1 <= uses <= MOST_USES:
        words = _("From 1 to %(most)s, or nothing: no limit.")
        errors["uses"] = [words % {"most": f"{MOST_USES:,}"}]
    if errors:
        raise InvalidInputError(errors=errors)
    # Only its digest is kept: whoever reads the database or a backup cannot join by it.
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
    """End an invitation; those who have joined by it stay.

    Raises NotFoundError where the project has no such invitation.
    """
    named = Invitation.objects.select_related("created_by").filter(
        pk=invitation_id, project_id=member.project_id
    )
    # A second click keeps the moment of the first.
    named.filter(revoked_at=None).update(revoked_at=timezone.now())
    if (invitation := named.first()) is None:
        raise NotFoundError(_("There is no such invitation in this project."))
    return invitation


def find(digest: str) -> Invitation:
    """Return the invitation that has the digest of a code.

    Raises NotFoundError where there is none, and GoneError, which says why, where it is
    over.
    """
    invitation = (
        Invitation.objects.select_related("project", "created_by")
        .filter(digest=digest)
        .first()
    )
    if invitation is None:
        raise NotFoundError(
            _("This is not the link of an invitation: was all of it copied?")
        )
    if why := why_over(invitation):
        raise GoneError(why + " " + _("Ask the person who sent it for a new one."))
    return invitation


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

    A member's role is never lowered, and somebody who gains nothing uses nothing up.
    Raises NotFoundError and GoneError as ``find`` does, and what ``members.add`` raises.
    """
    with transaction.atomic():
        invitation = find(digest)
        # Lock order: the project before the invitation, as a deletion takes them.
        lock_project(invitation.project_id)
        # Lock the account: the same person may press twice, and would be counted twice.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        project, role = invitation.project, Role(invitation.role)
        member = Membership.objects.filter(project=project, user=user).first()
        if member is None or members.is_above(role, Role(member.role)):
            # Uses may have run out since ``find``: the count decides, under the row's
            # lock.
            _use(invitation)
            member = members.add(project, user, role)
        member.project = project
        return member


def join_anew(digest: str, name: str, password: str) -> Membership:
    """Create an account and make it a member: both or neither.

    Raises InvalidInputError for a name or password that is not possible, and as ``join``.
    """
    with transaction.atomic():
        find(digest)
        try:
            # With the name, so that a password like it is refused.
            validate_password(password, User(username=name))
        except ValidationError as error:
            raise InvalidInputError(errors={"password": error.messages}) from error
        user, _password = members.create_user(name, password=password)
        return join(user, digest)


def _use(invitation: Invitation) -> None:
    """Count one use; the row's lock lets one person in at a time.

    Raises GoneError where no use is left.
    """
    counted = Invitation.objects.filter(
        Q(uses=None) | Q(used__lt=F("uses")),
        pk=invitation.pk,
        revoked_at=None,
        expires_at__gt=timezone.now(),
    ).update(used=F("used") + 1)
    if not counted:
        find(invitation.digest)
        raise GoneError
