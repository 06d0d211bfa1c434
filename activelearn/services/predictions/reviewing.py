"""What becomes of the items that the champion is not sure of: people are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from labeling.errors import InvalidInputError
from labeling.messages import sentence as _
from labeling.models import Item, Project, Review
from labeling.services.queue import reviews
from labeling.services.transfer.importing import intake
from labeling.services.work import outbox


class DecidedPrediction(Protocol):
    """A prediction of a version that is accepted, or has people asked."""

    @property
    def decision(self) -> str:
        """Either "accept" or "review"."""

    @property
    def model(self) -> int:
        """The number of the version."""


@dataclass(frozen=True)
class ReviewWish:
    """What a caller wants of a review, where the champion is not sure of an item.

    external_id: the caller's name for the item. priority: 0 to 9, the higher the
    earlier. callback: the address that is told when people have settled it.
    """

    external_id: str = ""
    priority: int = 0
    deadline_at: datetime | None = None
    callback: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether it says nothing beside the item's name."""
        return not (self.priority or self.deadline_at or self.callback)


def reviewed(
    project: Project,
    wishes: Sequence[ReviewWish],
    asked: Sequence[Item | intake.Arrival],
    predictions: Sequence[DecidedPrediction],
) -> list[Review | None]:
    """Have people settle what is not sure enough; return the review of each, or None.

    What comes from outside joins the pool. An item of the project is there already: it
    gets a review where the caller names a priority, a deadline or a callback for it.
    Raises InvalidInputError for a callback whose server is that of no endpoint of the
    project, and NotFoundError where an item is deleted meanwhile.
    """
    _check_callbacks(project, wishes)
    is_asked = [
        prediction.decision == "review"
        and not (isinstance(each, Item) and wish.is_plain)
        for wish, each, prediction in zip(wishes, asked, predictions, strict=True)
    ]
    ids = intake.add(
        project,
        [
            each
            for each, asks in zip(asked, is_asked, strict=True)
            if asks and isinstance(each, intake.Arrival)
        ],
    )
    # None where another item has this very content as its name: then it has not joined.
    wanted = {
        place: _wanted(wishes[place], item, predictions[place].model)
        for place, each in enumerate(asked)
        if is_asked[place]
        and (item := each.pk if isinstance(each, Item) else ids.get(each.content_hash))
    }
    given = dict(zip(wanted, reviews.ask(project, list(wanted.values())), strict=True))
    return [given.get(place) for place in range(len(predictions))]


def _check_callbacks(project: Project, wishes: Sequence[ReviewWish]) -> None:
    strange = outbox.unknown_callbacks(project.pk, [wish.callback for wish in wishes])
    if strange:
        why = _("No endpoint of the project is at the server of “%(url)s”.")
        raise InvalidInputError(errors={"callback": [why % {"url": strange[0][:200]}]})


def _wanted(wish: ReviewWish, item: int, model: int) -> reviews.Wanted:
    return reviews.Wanted(
        item, model, wish.external_id, wish.priority, wish.deadline_at, wish.callback
    )
