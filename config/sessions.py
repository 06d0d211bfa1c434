"""Sessions and accounts of the browser, read by whole SQL statements.

Every request reads both, so no query is built for them. Sessions stay in the database:
a person who logs out or is deactivated is refused at the next request.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from labeling.models import User
from labeling.sql import lean, statements

_SQL: Final = statements.load(Path(__file__).with_name("sessions.sql"))
_SESSION: Final = lean.with_columns(_SQL["session"], ("s", Session))
_USER: Final = lean.with_columns(_SQL["account"], ("u", User))


class SessionStore(db.SessionStore):
    """Where sessions are kept."""

    def load(self) -> dict[str, Any]:
        """Return what a session holds; one that has ended holds nothing."""
        sessions = lean.fetch(_SESSION, {"key": self.session_key}, ("s", Session))
        if not sessions:
            self._session_key = None
            return {}
        return self.decode(sessions[0][0].session_data)


class Accounts(ModelBackend):
    """Accounts with a password."""

    def get_user(self, user_id: int) -> User | None:
        """Return an active account."""
        users = lean.fetch(_USER, {"user": user_id}, ("u", User))
        return users[0][0] if users else None
