"""Tokens for programs: made with a name and an end, listed, revoked."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.utils import timezone

from labeling.errors import InvalidInputError, NotFoundError, check_text
from labeling.messages import sentence as _
from labeling.models import ApiToken, User
from labeling.services.accounts.sessions import STALE

logger = logging.getLogger(__name__)

MOST: Final = 50
MOST_DAYS: Final = 3650
LONGEST_NAME: Final = 80


@dataclass(frozen=True)
class IssuedToken:
    """A new token's key, which is kept nowhere, and its name."""

    key: str
    name: str


def issue(user: User, name: str, *, days: int | None = None) -> IssuedToken:
    """Make a token; it ends after ``days``, or never.

    Raises InvalidInputError, by field, and where the account has too many.
    """
    name = name.strip()
    check_text("name", name, LONGEST_NAME)
    if not name:
        raise InvalidInputError(errors={"name": [_("Say what it is for.")]})
    if days is not None and not 1 <= days <= MOST_DAYS:
        words = _("From 1 to %(most)s, or nothing: no end.")
        raise InvalidInputError(errors={"days": [words % {"most": f"{MOST_DAYS:,}"}]})
    if user.api_tokens.count() >= MOST:
        words = _(
            "An account has at most %(most)s tokens: revoke those that are not used."
        )
        raise InvalidInputError(words % {"most": MOST})
    ends = None if days is None else timezone.now() + timedelta(days=days)
    key = ApiToken.issue(user, name=name, expires_at=ends)
    logger.info("a token of %s was made", user.username)
    return IssuedToken(key, name)


def revoke(user: User, token_id: int) -> None:
    """End a token of a person; raises NotFoundError where they have no such token."""
    gone, _by_table = user.api_tokens.filter(pk=token_id).delete()
    if not gone:
        raise NotFoundError(_("There is no such token any more."))
    logger.info("token %s of %s was revoked", token_id, user.username)


def revoke_all(user: User) -> int:
    """End all tokens of a person; return how many."""
    gone, _by_table = user.api_tokens.all().delete()
    if gone:
        logger.info("%s tokens of %s were revoked", gone, user.username)
    return gone


def keep_moment(token: ApiToken) -> None:
    """Keep that a token was used, to the hour."""
    now = timezone.now()
    if token.used_at is None or token.used_at < now - STALE:
        # Only by who read the same moment: calls of one program come at once.
        ApiToken.objects.filter(pk=token.pk, used_at=token.used_at).update(used_at=now)


def forget() -> int:
    """Delete tokens that ended a month ago; return how many."""
    last = timezone.now() - timedelta(days=30)
    return ApiToken.objects.filter(expires_at__lt=last).delete()[0]
