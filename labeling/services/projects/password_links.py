"""Links by which a member sets a new password: made by a manager, good for once."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from labeling.errors import ForbiddenError
from labeling.messages import sentence as _
from labeling.models import Membership, User
from labeling.services.accounts.passwords import LINK_KEYS

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PasswordLink:
    """The two parts of such a link's address."""

    account: str
    key: str


def make(manager: Membership, member: Membership) -> PasswordLink:
    """Return a link that sets the password of a member, once and within a day.

    Whoever has the link can be that person. So nobody gets one for an account that may
    do or see more than they do. Raises ForbiddenError.
    """
    why = why_not(manager, member)
    if why:
        raise ForbiddenError(why)
    user = member.user
    logger.info("%s made a password link for %s", manager.user.username, user.username)
    return PasswordLink(
        urlsafe_base64_encode(force_bytes(user.pk)), LINK_KEYS.make_token(user)
    )


def why_not(manager: Membership, member: Membership) -> str:
    """Return why a manager gets no link for a member, or nothing."""
    user, own = member.user, manager.user
    if user.pk == own.pk:
        return _("Change your own password on your account's page.")
    if not user.is_active or user.is_simulated:
        return _("Nobody logs in with this account.")
    if _is_beyond(own, user):
        return _(
            "This account can do more than you can, or works in projects that you do "
            "not manage: ask who runs this installation for a new password."
        )
    return ""


def _is_beyond(own: User, user: User) -> bool:
    if user.is_staff or user.is_superuser:
        return True
    if user.may_create_projects and not own.may_create_projects:
        return True
    managed = own.memberships.filter(role=Membership.Role.MANAGER)
    return user.memberships.exclude(project__in=managed.values("project")).exists()
