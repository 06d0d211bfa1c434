"""Items that a program waits for: people are to settle what its model was not sure of."""

from __future__ import annotations

from typing import ClassVar, Final

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.models.item import Item
from labeling.models.project import Project
from labeling.models.resolution import Resolution

MOST_PRIORITY: Final = 9


class ReviewQuerySet(models.QuerySet["Review"]):
    """Words for choosing reviews."""

    def open(self) -> ReviewQuerySet:
        """Reviews that people have not settled yet."""
        return self.filter(state=Review.State.OPEN)

    def overdue(self) -> ReviewQuerySet:
        """Open reviews whose deadline has passed."""
        return self.open().filter(deadline_at__lt=timezone.now())


class Review(models.Model):
    """A question to people about an item, which stands ahead of the queue's order.

    What the model has predicted is not kept: nobody who labels the item may see it.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        SETTLED = "settled", _("Settled")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    # No index of its own: the index below begins with this column.
    project = models.ForeignKey(
        Project, models.CASCADE, related_name="+", db_index=False
    )
    # Null where the item has been deleted.
    item = models.ForeignKey(Item, models.SET_NULL, related_name="reviews", null=True)
    external_id = models.CharField(
        max_length=200, blank=True, help_text="The caller's name for it."
    )
    priority = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="0 to 9: the higher, the earlier."
    )
    deadline_at = models.DateTimeField(
        null=True, help_text="Until when the caller needs it."
    )
    callback = models.CharField(
        max_length=500, blank=True, help_text="Who is told when it is settled."
    )
    model_number = models.PositiveIntegerField(
        help_text="The version that was not sure."
    )
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    labels = models.JSONField(null=True, help_text="Of the item when it was settled.")
    source = models.CharField(
        max_length=9, choices=Resolution.Source, blank=True, help_text="Who settled it."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            # Asked again about the same, a caller gets the review that is there.
            models.UniqueConstraint(
                fields=["item", "external_id", "callback"],
                condition=Q(state="open"),
                name="one_open_review",
            ),
            models.CheckConstraint(
                condition=Q(priority__lte=MOST_PRIORITY), name="review_priority"
            ),
            models.CheckConstraint(
                condition=Q(state="open") ^ Q(ended_at__isnull=False),
                name="review_ends_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "state", "id"], name="review_by_state"),
            models.Index(
                fields=["project", "deadline_at"],
                condition=Q(state="open", deadline_at__isnull=False),
                name="review_deadline",
            ),
        ]

    def __str__(self) -> str:
        return f"review {self.pk} of item {self.item_id}"

    @property
    def is_overdue(self) -> bool:
        """Whether it is open and its deadline has passed."""
        is_late = self.deadline_at is not None and self.deadline_at < timezone.now()
        return self.state == self.State.OPEN and is_late
