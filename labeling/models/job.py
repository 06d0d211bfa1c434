"""Every long job is a row: the database is the truth, a message only a doorbell."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from labeling.models.fields import MessageField
from labeling.models.people import User
from labeling.models.project import Project


class JobQuerySet(models.QuerySet["Job"]):
    """Words for choosing jobs."""

    def claimable(self) -> Self:
        """Jobs that wait, and running ones whose worker has gone silent."""
        return self.filter(
            Q(state=Job.State.QUEUED)
            | Q(state=Job.State.RUNNING, alive_until__lt=Now())
        )

    def due(self) -> Self:
        """Jobs whose series does not rest."""
        return self.exclude(not_before__gt=Now())


class Job(models.Model):
    """Work for a worker: its state, progress and log.

    ``series`` limits how many there are: at most one waiting and one running in each.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    project = models.ForeignKey(Project, models.CASCADE, related_name="jobs", null=True)
    kind = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    # Null, not empty: any number of jobs may be in no series.
    series = models.CharField(max_length=80, null=True, blank=True)  # noqa: DJ001
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    not_before = models.DateTimeField(
        null=True, help_text="Its series rests until then, after the job before."
    )
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    alive_until = models.DateTimeField(
        null=True,
        help_text="The worker's heartbeat renews this; past it, another may take over.",
    )
    attempt = models.PositiveSmallIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    # The name of the step, which a reader gets in their language.
    stage = models.CharField(max_length=120, blank=True)
    stage_since = models.DateTimeField(null=True)
    # Of the step alone, where it consists of many like ones.
    stage_done = models.BigIntegerField(null=True)
    stage_total = models.BigIntegerField(null=True)
    # An attempt that does not count is one, too, that lost the database.
    stood_back = models.PositiveIntegerField(
        db_default=0, help_text="How often it let others go first."
    )
    turn_at = models.DateTimeField(
        null=True, help_text="When it was taken up for the last time."
    )
    request_id = models.CharField(
        max_length=64, db_default="", help_text="Names the request that it comes from."
    )
    log = models.JSONField(default=list, help_text="Messages, each with its time.")
    error = MessageField(null=True)
    result = models.JSONField(default=dict)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["series"],
                condition=Q(state="queued"),
                name="one_waiting_in_series",
            ),
            models.UniqueConstraint(
                fields=["series"],
                condition=Q(state="running"),
                name="one_running_in_series",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "-id"], name="job_by_project"),
            models.Index(
                fields=["id"],
                condition=Q(state__in=("queued", "running")),
                name="job_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    @property
    def percent(self) -> int | None:
        """Progress from 0 to 100, or None while the total is not known."""
        return min(100, 100 * self.done // self.total) if self.total else None
