"""Sessions and accounts of the browser, read by whole SQL statements.

Every request reads both, so no query is built for them. Sessions stay in the database:
a person who logs out or is deactivated is refused at the next request.
"""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from labeling.models import User
from labeling.sql import lean

_SESSION: Final = f"""
    SELECT {lean.columns(("s", Session))} FROM django_session s
    WHERE s.session_key = %(key)s AND s.expire_date > now()
"""  # noqa: S608 (column names of a model)
_USER: Final = f"""
    SELECT {lean.columns(("u", User))} FROM labeling_user u
    WHERE u.id = %(user)s AND u.is_active
"""  # noqa: S608 (column names of our own model)


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
