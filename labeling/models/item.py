"""The things to be labeled, and the files behind them."""

from __future__ import annotations

from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from labeling.models.fields import OrderedJSONField
from labeling.models.project import Project


class Media(models.Model):
    """A stored image, re-encoded by us, addressed by the hash of its bytes."""

    sha256 = models.CharField(max_length=64, unique=True)
    path = models.CharField(max_length=200)
    mime = models.CharField(max_length=40)
    size = models.PositiveIntegerField(help_text="Bytes.")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.sha256[:12]


# Open items with fewer votes than they want; and held-out ones that have a label by fewer
# than people are to check it blind. The view ``labeling_freeslot`` asks for the same
# states in the same words: else it would not use the index that has this condition.
WANTS_VOTES = Q(
    Q(state="open") | Q(state="settled", split="evaluation", votes__gt=0),
    votes__lt=F("votes_wanted"),
)


class ItemQuerySet(models.QuerySet["Item"]):
    """Words for choosing items."""

    def pool(self) -> Self:
        """Items that a model may score and learn from, labeled or not."""
        return self.filter(split=Item.Split.POOL)

    def evaluation(self) -> Self:
        """Items set aside to judge models."""
        return self.filter(split=Item.Split.EVALUATION)

    def wanting_votes(self) -> Self:
        """Items that more people are asked for: open ones, and held-out ones to recheck."""
        return self.filter(WANTS_VOTES)


class Item(models.Model):
    """One thing to be labeled; ``external_id`` is the user's own name for it."""

    class Split(models.TextChoices):
        POOL = "pool", _("Pool")
        EVALUATION = "evaluation", _("Evaluation")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        SETTLED = "settled", _("Settled")
        DISPUTED = "disputed", _("Disputed")
        INVALID = "invalid", _("Invalid")

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="items", db_index=False
    )
    external_id = models.CharField(max_length=200)
    data = OrderedJSONField(
        help_text="Text: {text, …}; image: {image, …}; table: columns."
    )
    media = models.ForeignKey(
        Media, models.PROTECT, null=True, blank=True, db_index=False
    )
    metadata = OrderedJSONField(default=dict, blank=True)
    tags = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of the payload.")
    group_key = models.CharField(
        max_length=200, help_text="Items of one group stay on one side of the split."
    )
    split = models.CharField(max_length=10, choices=Split, default=Split.POOL)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    # ``votes`` counts those that are not undone; ``votes_wanted`` limits the slots.
    votes = models.PositiveSmallIntegerField(default=0)
    votes_wanted = models.PositiveSmallIntegerField(default=1)
    is_unsettled = models.BooleanField(
        default=False, help_text="Its votes changed since it was last settled."
    )
    flags = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "external_id"], name="one_external_id"
            ),
            models.UniqueConstraint(
                fields=["project", "content_hash"], name="one_content"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["project", "split", "state", "id"], name="item_by_state"
            ),
            models.Index(
                fields=["project", "id"],
                condition=WANTS_VOTES,
                name="item_wanting_votes",
            ),
            models.Index(
                fields=["project"],
                condition=Q(is_unsettled=True),
                name="item_unsettled",
            ),
            models.Index(
                fields=["project", "id"],
                condition=Q(flags__gt=0),
                name="item_flagged",
            ),
            models.Index(
                fields=["media"],
                condition=Q(media__isnull=False),
                name="item_with_media",
            ),
            GinIndex("tags", name="item_tags"),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def wants_votes(self) -> bool:
        """Whether more people are asked for it: see ``wanting_votes``."""
        is_rechecked = self.state == self.State.SETTLED and self.is_held_out
        is_asked = self.state == self.State.OPEN or (is_rechecked and self.votes > 0)
        return is_asked and self.votes < self.votes_wanted

    def close(self, state: State) -> None:
        """Ask nobody for a vote on it any more; the caller saves it."""
        self.state = state
        # A settled item would be rechecked, were it held out and did it want more.
        self.votes_wanted = min(self.votes_wanted, max(1, self.votes))

    @property
    def is_held_out(self) -> bool:
        """Whether it is set aside to judge models."""
        return self.split == self.Split.EVALUATION
