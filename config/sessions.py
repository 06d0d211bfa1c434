"""Sessions and accounts of the browser, read by whole SQL statements.

Every request reads both, so no query is built for them. Sessions stay in the database:
a person who logs out or is deactivated is refused at the next request.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends import db
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from config import devices
from labeling.models import BrowserSession, User
from labeling.services.accounts import attempts
from labeling.services.accounts import sessions as own_sessions
from labeling.sql import lean, statements

_SQL: Final = statements.load(Path(__file__).with_name("sessions.sql"))
_SESSION: Final = lean.with_columns(_SQL["session"], ("s", BrowserSession))
_USER: Final = lean.with_columns(_SQL["account"], ("u", User))
# What a session holds about itself.
_DEVICE: Final = "device"
_SINCE: Final = "since"


class SessionStore(db.SessionStore):
    """Where sessions are kept, each with whose it is."""

    @classmethod
    def get_model_class(cls) -> type[BrowserSession]:
        """Return the table."""
        return BrowserSession

    def create_model_instance(self, data: dict[str, Any]) -> BrowserSession:
        """Return the row of a session, with what people see of theirs."""
        row = cast("BrowserSession", super().create_model_instance(data))
        if account := data.get(SESSION_KEY):
            row.account_id = int(account)
        row.device = data.get(_DEVICE, "")
        if since := data.get(_SINCE):
            row.started_at = datetime.fromisoformat(since)
        return row

    def load(self) -> dict[str, Any]:
        """Return what a session holds; one that has ended holds nothing."""
        sessions = lean.fetch(
            _SESSION, {"key": self.session_key}, ("s", BrowserSession)
        )
        if not sessions:
            self._session_key = None
            return {}
        session: BrowserSession = sessions[0][0]
        own_sessions.keep_moment(session)
        return self.decode(session.session_data)


@receiver(user_logged_in, dispatch_uid="sessions")
def _logged_in(request: HttpRequest, user: User, **_: object) -> None:
    """Keep with the session where it is from, and know the device from now on."""
    device = request.META.get("HTTP_USER_AGENT", "").replace("\x00", "")
    request.session[_DEVICE] = device[:200]
    request.session[_SINCE] = timezone.now().isoformat()
    devices.learn(request, user)


class Accounts(ModelBackend):
    """Accounts with a password; whoever guesses has to wait."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_: Any,
    ) -> User | None:
        """Return the account that name and password belong to; None: there is none.

        Raises TooManyAttemptsError, before it looks at the password.
        """
        if username is None or password is None:
            return None
        if request is None:  # by a command or a test, not from outside
            return super().authenticate(None, username, password)
        doors = attempts.doors_of(
            username, request.META.get("REMOTE_ADDR", ""), devices.known(request)
        )
        attempts.begin(doors)
        user = super().authenticate(request, username, password)
        if user is not None:
            attempts.succeed(doors)
        return user

    def get_user(self, user_id: int) -> User | None:
        """Return an active account."""
        users = lean.fetch(_USER, {"user": user_id}, ("u", User))
        return users[0][0] if users else None
