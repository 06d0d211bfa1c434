"""The queue's two tables: what may be lent next, and what is lent."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import ExpressionWrapper, Q
from django.utils.translation import gettext_lazy as _

from labeling.models.item import Item
from labeling.models.people import User
from labeling.models.policy import Purpose
from labeling.models.project import Project


class Reason(models.TextChoices):
    """Why an item was served.

    The order of the queue gives the first seven, each with its probability, and those of
    further votes; the others nobody has ranked, so they have none. Of all these, only
    what the model picks may come with its answer.
    """

    COLD = "cold", _("Cold")
    MODEL = "model", _("Model")
    RANDOM = "random", _("Random")
    EVALUATION = "evaluation", _("Evaluation")
    # Two versions of the model differ on it, and people are to tell which is right.
    DUEL = "duel", _("Duel")
    # The model's answer was accepted, and people check it without seeing that.
    AUDIT = "audit", _("Audit")
    # It is like items of a label that people look for more of.
    SIMILAR = "similar", _("Similar")
    SECOND = "second", _("Second")
    GOLD = "gold", _("Gold")
    REPEAT = "repeat", _("Repeat")
    # By name, where the project allows it; and what came back of that.
    CHOSEN = "chosen", _("Chosen")
    RETURNED = "returned", _("Returned")
    # As uploaded, where the order had run out, until the next one comes.
    REFILL = "refill", _("Refill")
    # Issue 18, "The model at work": what it is not sure of joins with a deadline.
    REVIEW = "review", _("Review")
    IMPORT = "import", _("Import")


class QueueEntry(models.Model):
    """A slot of an item that may be lent; the lowest rank goes first.

    Only a fast path: the constraints of ``Assignment`` refuse a stale row. While a new
    generation is swapped in, a slot may have an entry in it and one in the generation
    before. First votes (slot 0) and further votes are ranked separately; otherwise a
    lease would scan past the items that the person has answered.
    """

    # No index of its own: the indexes below begin with this column.
    project = models.ForeignKey(
        Project, models.CASCADE, related_name="+", db_index=False
    )
    generation = models.BigIntegerField(help_text="The queue this row belongs to.")
    is_first = models.BooleanField(help_text="Nobody has answered this item yet.")
    rank = models.FloatField()
    item = models.ForeignKey(Item, models.CASCADE, related_name="+", db_index=False)
    slot = models.PositiveSmallIntegerField()
    work = models.CharField(max_length=10, choices=Purpose)
    reason = models.CharField(max_length=10, choices=Reason)
    probability = models.FloatField(
        null=True, help_text="Of this item at this place, given who decided there."
    )
    mixture = models.JSONField(
        null=True,
        help_text="{random, evaluation, open, held_out, probability}: whoever decides.",
    )
    model_number = models.PositiveIntegerField(null=True)
    suggestion = models.JSONField(null=True, help_text="{label, confidence, model}")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["item", "slot", "generation"],
                name="one_queue_entry_per_slot_of_a_generation",
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["project", "is_first", "rank", "id"], name="queue_head"
            ),
            # The condition is always true. It keeps the planner from using this index
            # for members who are asked for all kinds of votes, whose lease names no
            # ``work``: with it their lease would sort the whole lane.
            models.Index(
                fields=["project", "is_first", "work", "rank", "id"],
                condition=~Q(work=""),
                name="queue_head_of_work",
            ),
        ]

    def __str__(self) -> str:
        return f"rank {self.rank}: item {self.item_id}/{self.slot}"


class Assignment(models.Model):
    """An item lent to one annotator until ``expires_at``."""

    class State(models.TextChoices):
        LEASED = "leased", _("Leased")
        ANSWERED = "answered", _("Answered")
        SKIPPED = "skipped", _("Skipped")
        RELEASED = "released", _("Released")
        EXPIRED = "expired", _("Expired")
        CANCELLED = "cancelled", _("Cancelled")

    LIVE: ClassVar = ("leased", "answered")

    # No index of its own: the indexes below begin with these columns.
    project = models.ForeignKey(
        Project, models.CASCADE, related_name="+", db_index=False
    )
    item = models.ForeignKey(Item, models.CASCADE, related_name="assignments")
    annotator = models.ForeignKey(
        User, models.PROTECT, related_name="+", db_index=False
    )
    slot = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=9, choices=State, default=State.LEASED)
    leased_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    reason = models.CharField(max_length=10, choices=Reason)
    probability = models.FloatField(null=True)
    mixture = models.JSONField(null=True)
    generation = models.BigIntegerField(default=0)
    model_number = models.PositiveIntegerField(null=True)
    suggestion = models.JSONField(null=True)
    rank = models.FloatField(null=True)
    is_repeat = models.GeneratedField(
        expression=ExpressionWrapper(
            Q(reason="repeat"), output_field=models.BooleanField()
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        constraints: ClassVar = [
            # The annotator comes first: with the item first, a person's next lease
            # reads their whole history. A repeat, which is no vote, may come once more.
            models.UniqueConstraint(
                fields=["annotator", "item", "is_repeat"], name="never_twice_to_one"
            ),
            models.UniqueConstraint(
                fields=["item", "slot"],
                condition=Q(state__in=("leased", "answered")),
                name="one_live_slot",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["annotator", "project", "id"],
                condition=Q(state="leased"),
                name="held",
            ),
            models.Index(
                fields=["expires_at"], condition=Q(state="leased"), name="lease_expiry"
            ),
            models.Index(fields=["project", "id"], name="assignment_by_project"),
            models.Index(
                fields=["annotator", "project"],
                condition=Q(reason="gold"),
                name="gold_asked",
            ),
        ]

    def __str__(self) -> str:
        return f"item {self.item_id} lent to {self.annotator_id}"
