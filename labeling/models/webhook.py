"""Whom a project tells what has happened, and what became of each message."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from labeling.models.fields import MessageField
from labeling.models.people import User
from labeling.models.project import Project


class WebhookEndpoint(models.Model):
    """An address that is told of events, and the secrets that sign what it is told.

    A removed one stays as a row without secrets: a message may refer to it at this moment.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=500)
    events = ArrayField(models.CharField(max_length=30), default=list)
    secret = models.TextField(editable=False)
    # For a while both sign, so that a receiver can change to the new one in its own time.
    earlier_secret = models.TextField(blank=True, editable=False)
    earlier_until = models.DateTimeField(null=True)
    is_active = models.BooleanField(default=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """A message to an endpoint: written with what it tells, sent until it has arrived."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DELIVERED = "delivered", _("Delivered")
        DEAD = "dead", _("Given up")

    # No index of its own: the index below begins with this column.
    project = models.ForeignKey(
        Project, models.CASCADE, related_name="+", db_index=False
    )
    endpoint = models.ForeignKey(
        WebhookEndpoint, models.CASCADE, related_name="deliveries"
    )
    message_id = models.CharField(
        max_length=40, unique=True, help_text="The same however often it is sent."
    )
    event = models.CharField(max_length=30)
    url = models.CharField(max_length=500)
    body = models.TextField(help_text="What is signed and sent, letter by letter.")
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(help_text="When it is sent next.")
    status = models.PositiveSmallIntegerField(
        null=True, help_text="Of the last reply; its body is not kept."
    )
    error = MessageField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    tried_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [
            models.Index(fields=["project", "id"], name="delivery_of_project"),
            models.Index(
                fields=["next_at", "id"],
                condition=Q(state="waiting"),
                name="delivery_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} to {self.url}"
