"""Who calls by a browser: read without building queries, since every call asks.

Sessions stay in the database: who logs out or is deactivated is out at once.
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
        found = lean.fetch(_SESSION, {"key": self.session_key}, ("s", Session))
        if not found:
            self._session_key = None
            return {}
        return self.decode(found[0][0].session_data)


class Accounts(ModelBackend):
    """Accounts with a password."""

    def get_user(self, user_id: int) -> User | None:
        """Return an active account."""
        found = lean.fetch(_USER, {"user": user_id}, ("u", User))
        return found[0][0] if found else None
