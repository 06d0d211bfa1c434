"""Sessions of people, and attempts to log in."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase


class BrowserSession(AbstractBaseSession):
    """A browser's session, and whose it is: so that people can see and end theirs."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        related_name="browser_sessions",
    )
    device = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    # To the hour, as of tokens.
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"session of {self.account_id}"

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """Return what reads and writes these rows."""
        store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
        return store


class Door(models.Model):
    """Where somebody tries to get in: how often it failed, and when to try again.

    A door is an account together with where the attempt comes from, or one of the two.
    Only a digest names it: people type passwords where their name belongs.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField()
    last_at = models.DateTimeField()
    open_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["last_at"], name="door_by_moment")]

    def __str__(self) -> str:
        return f"{self.failures} failures"
