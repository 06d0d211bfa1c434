"""Where a person is logged in: listed and ended by themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from labeling.models import BrowserSession, User, digest_of

# How old the moment of the last use may be: writing it each time would cost more.
STALE: Final = timedelta(hours=1)


def of(user: User) -> QuerySet[BrowserSession]:
    """Return a person's sessions that go on."""
    return user.browser_sessions.filter(expire_date__gt=timezone.now())


def handle_of(session: BrowserSession) -> str:
    """Return what names a session on a page: its key is its cookie, and stays secret."""
    return digest_of(session.session_key)[:32]


def end(user: User, handle: str) -> int:
    """End one of a person's sessions; return how many that were."""
    keys = [row.session_key for row in of(user) if handle_of(row) == handle]
    return BrowserSession.objects.filter(session_key__in=keys).delete()[0]


def end_all(user: User, *, but: str | None = None) -> int:
    """End a person's sessions, but for that with the key ``but``; return how many."""
    others = user.browser_sessions.filter(~Q(session_key=but or ""))
    return others.delete()[0]


def keep_moment(session: BrowserSession) -> None:
    """Keep that a session was used, to the hour."""
    now = timezone.now()
    if session.seen_at < now - STALE:
        BrowserSession.objects.filter(
            session_key=session.session_key, seen_at=session.seen_at
        ).update(seen_at=now)


def forget() -> int:
    """Delete sessions that have expired; return how many."""
    return BrowserSession.objects.filter(expire_date__lte=timezone.now()).delete()[0]
