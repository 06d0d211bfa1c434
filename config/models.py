"""Who accounts are elsewhere."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class Identity(models.Model):
    """An account of ours and whom a provider of log-ins knows it as."""

    issuer = models.CharField(max_length=255)
    # The provider's own key of a person, which it never gives to another one.
    subject = models.CharField(max_length=255)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="identities"
    )
    # {roles: {project: role}, flags: […]}: so that they end where the group does.
    granted = models.JSONField(default=dict, help_text="Rights that its groups gave.")
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["issuer", "subject"], name="one_account_of_a_person"
            ),
            models.UniqueConstraint(
                fields=["issuer", "user"], name="one_person_of_an_account"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.issuer}"
