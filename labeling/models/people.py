"""Accounts, API tokens and who may do what in a project."""

from __future__ import annotations

import hashlib
import math
import secrets
from datetime import datetime
from typing import ClassVar, Self

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from labeling.models.names import NameKey, name_key_of


def digest_of(secret: str) -> str:
    """Return what is stored of a random secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class PeopleManager(UserManager["User"]):
    """Accounts, and which one a person means by a name."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the account of this very name, else that of one that reads the same.

        Raises User.DoesNotExist.
        """
        name = username or ""
        exact = self.filter(username=name).first()
        return exact or self.get(name_key=name_key_of(name), name_twin=0)


class User(AbstractUser):
    """A person, or a simulated annotator that is named as such."""

    class Theme(models.TextChoices):
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    may_create_projects = models.BooleanField(default=False)
    is_simulated = models.BooleanField(
        default=False, help_text="A program that labels in a person's place."
    )
    name_key = NameKey(max_length=450, default="", editable=False)
    # 0, or its own id for a name of an earlier release that looks like another's.
    name_twin = models.BigIntegerField(default=0, editable=False)
    language = models.CharField(
        max_length=10, blank=True, help_text="Empty: the browser's."
    )
    theme = models.CharField(
        max_length=5, blank=True, choices=Theme, help_text="Empty: the device's."
    )

    objects: ClassVar[PeopleManager] = PeopleManager()

    class Meta(AbstractUser.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["name_key", "name_twin"], name="one_name_for_readers"
            )
        ]


class ApiToken(models.Model):
    """A key for programs; only its digest is stored, the key is shown once."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, help_text="Empty: never.")
    # To the hour: a write for each call would cost more than the call.
    used_at = models.DateTimeField(null=True)
    # The owner's membership in the project of the request, read by the same query.
    membership: Membership | None = None

    def __str__(self) -> str:
        return f"token {self.pk} of {self.user_id}"

    @staticmethod
    def digest_of(key: str) -> str:
        """Return the digest that is stored for ``key``.

        The key has 256 random bits, so a fast hash is enough.
        """
        return digest_of(key)

    @classmethod
    def issue(
        cls, user: User, *, name: str = "", expires_at: datetime | None = None
    ) -> str:
        """Create a token for ``user`` and return its key, which is kept nowhere."""
        key = secrets.token_urlsafe(32)
        cls.objects.create(
            user=user, name=name, digest=cls.digest_of(key), expires_at=expires_at
        )
        return key


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Words for choosing members."""

    def active(self) -> Self:
        """Members whose account has not been deactivated."""
        return self.filter(user__is_active=True)


class Membership(models.Model):
    """One person's role in one project."""

    class Role(models.TextChoices):
        ANNOTATOR = "annotator", _("Annotator")
        EXPERT = "expert", _("Expert")
        ENGINEER = "engineer", _("Engineer")
        MANAGER = "manager", _("Manager")

    project = models.ForeignKey(
        "labeling.Project", models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.ANNOTATOR)
    quota = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Most answers this person may give; empty: no limit.",
    )
    is_paused = models.BooleanField(
        default=False, help_text="Get no new items; what is held may be finished."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    has_skipped = models.BooleanField(default=False, editable=False)
    # The rank up to which this person's leases have passed each lane of a generation.
    passed_first = models.FloatField(default=-math.inf, editable=False)
    passed_further = models.FloatField(default=-math.inf, editable=False)
    passed_generation = models.BigIntegerField(default=0, editable=False)
    passed_since = models.DateTimeField(null=True, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "project"], name="one_membership")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} is {self.role} of {self.project_id}"


class Invitation(models.Model):
    """A link that makes a member of whoever opens it; only a digest of its code is kept."""

    project = models.ForeignKey(
        "labeling.Project", models.CASCADE, related_name="invitations"
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    role = models.CharField(max_length=10, choices=Membership.Role)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    uses = models.PositiveIntegerField(null=True, help_text="Empty: no limit.")
    used = models.PositiveIntegerField(default=0)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(uses=None) | Q(used__lte=F("uses")),
                name="no_more_than_uses",
            )
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk} to {self.project_id} as {self.role}"
