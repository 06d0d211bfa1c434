"""Passwords: changed by their owner, made anew by others, reset by a link."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.exceptions import ValidationError
from django.db import transaction

from labeling.errors import InvalidInputError
from labeling.messages import sentence as _
from labeling.models import User
from labeling.services.accounts import attempts, sessions, tokens

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ended:
    """What a new password has ended."""

    sessions: int
    tokens: int


class LinkKeys(PasswordResetTokenGenerator):
    """The one-time part of a link that sets a password.

    It ends with the password, with a log-in, and when the account may do something else
    than when the link was made: nobody becomes a manager by an old link.
    """

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        rights = sorted(user.memberships.values_list("project_id", "role"))
        flags = (user.is_active, user.is_staff, user.is_superuser)
        return f"{super()._make_hash_value(user, timestamp)}{rights}{flags}"


LINK_KEYS: Final = LinkKeys()


def change(
    user: User, before: str, after: str, *, session: str | None, ends_tokens: bool
) -> Ended:
    """Change a person's own password; other sessions end, and tokens if they say so.

    Raises InvalidInputError, by field, for a wrong password or a new one that is not
    possible, and TooManyAttemptsError where it was wrong too often.
    """
    check_own(user, before)
    try:
        validate_password(after, user)
    except ValidationError as error:
        raise InvalidInputError(errors={"password": error.messages}) from error
    return put(user, after, session=session, ends_tokens=ends_tokens)


def check_own(user: User, password: str) -> None:
    """Raise InvalidInputError unless this is a person's password.

    Raises TooManyAttemptsError where it was wrong too often.
    """
    door = attempts.own_password(user.pk)
    attempts.begin(door)
    if not user.check_password(password):
        raise InvalidInputError(errors={"before": [_("This is not your password.")]})
    attempts.succeed(door)


def put(
    user: User, password: str, *, session: str | None = None, ends_tokens: bool = True
) -> Ended:
    """Give an account a password; sessions end, but for that with the key ``session``."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        return after_change(user, session=session, ends_tokens=ends_tokens)


def after_change(
    user: User, *, session: str | None = None, ends_tokens: bool = True
) -> Ended:
    """End what was open by the password before."""
    logger.info("the password of %s was changed", user.username)
    return Ended(
        sessions.end_all(user, but=session),
        tokens.revoke_all(user) if ends_tokens else 0,
    )


def make_anew(user: User, *, ends_tokens: bool = True) -> tuple[str, Ended]:
    """Give an account a random password and return it: it is kept nowhere."""
    password = secrets.token_urlsafe(12)
    return password, put(user, password, ends_tokens=ends_tokens)
