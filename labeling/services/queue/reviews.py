"""Reviews: items that a program waits for, ahead of all that the order has chosen.

A review ends with the label of its item, in the transaction that gives it, or is withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from labeling.errors import ConflictError, InvalidInputError, NotFoundError
from labeling.messages import sentence as _
from labeling.models import Item, Project, Resolution, Review
from labeling.services.queue import floor, giving_back, order
from labeling.services.work import outbox
from labeling.services.work.outbox import Notice

OVERDUE: Final = "overdue"
# What a list may be of.
WHICH: Final = (*Review.State.values, OVERDUE)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
# An item that is closed already ends its review at once.
_CLOSED: Final = (Item.State.SETTLED, Item.State.INVALID)


@dataclass(frozen=True)
class Wanted:
    """A review that a caller asks for.

    external_id: the caller's name for it. priority: 0 to 9, the higher the earlier.
    callback: the address that is told when it is settled; may be empty.
    """

    item: int
    model_number: int
    external_id: str = ""
    priority: int = 0
    deadline_at: datetime | None = None
    callback: str = ""

    @property
    def key(self) -> _Key:
        """What tells it apart: of the same, there is one open review."""
        return _Key(self.item, self.external_id, self.callback)


class _Key(NamedTuple):
    item: int | None
    external_id: str
    callback: str


def ask(project: Project, wanted: Sequence[Wanted]) -> list[Review]:
    """Have people settle items of a project; return a review of each, in their order.

    Who asks again gets the review that is there, which moves ahead where that is asked
    for. Of an item that has its label already, the review is settled at once. Raises
    NotFoundError where an item is gone.
    """
    known = _known(project, wanted)
    if any(_is_news(each, known.get(each.key)) for each in wanted):
        with transaction.atomic():
            _write(project, wanted)
        floor.forget(project.pk)
        known = _known(project, wanted)
    if any(each.key not in known for each in wanted):
        # Race: an item was deleted or withdrawn at this moment.
        raise NotFoundError(_("An item is gone: ask again."))
    return [known[each.key] for each in wanted]


def _known(project: Project, wanted: Sequence[Wanted]) -> dict[_Key, Review]:
    """Return the newest review of each that tells how its item is now."""
    if not wanted:
        return {}
    rows = (
        Review.objects.filter(project=project, item__in={each.item for each in wanted})
        .filter(
            Q(state=Review.State.OPEN)
            | Q(state=Review.State.SETTLED, item__state=Item.State.SETTLED)
            | Q(state=Review.State.WITHDRAWN, item__state=Item.State.INVALID)
        )
        .order_by("pk")
    )
    return {_Key(row.item_id, row.external_id, row.callback): row for row in rows}


def _is_news(wanted: Wanted, known: Review | None) -> bool:
    """Whether there is no such review, or it is asked for earlier than before."""
    if known is None or known.state != Review.State.OPEN:
        return known is None
    is_earlier = (wanted.deadline_at or _LAST) < (known.deadline_at or _LAST)
    return is_earlier or wanted.priority > known.priority


def _write(project: Project, wanted: Sequence[Wanted]) -> None:
    """Open what is new, move what is asked for earlier, and end what is settled already."""
    ids = sorted({each.item for each in wanted})
    # Locked, so that a label that comes at this moment either is seen below or sees the
    # reviews. Lock order: by id.
    items = Item.objects.select_for_update(no_key=True).filter(project=project)
    rows = items.filter(pk__in=ids).order_by("pk").values_list("pk", "state")
    states = dict(rows)
    closed = [pk for pk, state in states.items() if state in _CLOSED]
    known = _known(project, wanted)
    new = {each.key: each for each in wanted if each.key not in known}
    Review.objects.bulk_create(
        Review(
            project=project,
            item_id=each.item,
            external_id=each.external_id,
            priority=each.priority,
            deadline_at=each.deadline_at,
            callback=each.callback,
            model_number=each.model_number,
        )
        for each in new.values()
        if each.item in states
    )
    for each in wanted:
        before = known.get(each.key)
        if before is not None and _is_news(each, before):
            _move(before, each)
    settle(Resolution.objects.filter(item__in=closed, superseded_at=None))
    withdraw_items(pk for pk in closed if states[pk] == Item.State.INVALID)
    # Where they stand in an order, or behind it, they stand no more.
    if asked := [pk for pk in ids if pk not in closed]:
        giving_back.withdraw(asked)
        order.queue_reviews(project.pk, asked)


def _move(review: Review, wanted: Wanted) -> None:
    deadlines = filter(None, (review.deadline_at, wanted.deadline_at))
    review.deadline_at = min(deadlines, default=None)
    review.priority = max(review.priority, wanted.priority)
    review.save(update_fields=["deadline_at", "priority"])


def settle(labels: Iterable[Resolution]) -> None:
    """End the open reviews of the items that these labels are of.

    Called in the transaction that gives the labels, behind the items' locks. What a model
    has accepted by itself settles none: people were asked for.
    """
    by_item: dict[int | None, Resolution] = {
        label.item_id: label
        for label in labels
        if label.source != Resolution.Source.AUTO
    }
    if by_item:
        _end(_locked(filter(None, by_item)), by_item)


def withdraw_items(item_ids: Iterable[int]) -> None:
    """End the open reviews of items that get no label any more."""
    if ids := list(item_ids):
        _end(_locked(ids), {})


def _locked(item_ids: Iterable[int]) -> list[Review]:
    rows = Review.objects.open().filter(item__in=list(item_ids))
    return list(rows.select_for_update(of=("self",)).order_by("pk"))


def _end(rows: Sequence[Review], labels: Mapping[int | None, Resolution]) -> None:
    """End reviews: each that has a label is settled by it, the others are withdrawn."""
    for row in rows:
        label = labels.get(row.item_id)
        row.state = Review.State.SETTLED if label else Review.State.WITHDRAWN
        row.ended_at = timezone.now()
        if label is not None:
            row.labels, row.source = list(label.labels), label.source
    Review.objects.bulk_update(rows, ["state", "ended_at", "labels", "source"])
    if rows:
        outbox.put(rows[0].project_id, list(map(_notice, rows)))


def _notice(review: Review) -> Notice:
    """Return what a program is told of a review that has ended, in this transaction."""
    data = {
        "review": review.pk,
        "id": review.external_id,
        "item": review.item_id,
        "model": review.model_number,
        "labels": review.labels,
        "source": review.source,
        "ended_at": review.ended_at and review.ended_at.isoformat(),
    }
    return Notice(f"review.{review.state}", data, review.callback)


def of_project(project: Project, pk: int) -> Review:
    """Return a review. Raises NotFoundError where the project has none of this number."""
    review = Review.objects.filter(project=project, pk=pk).first()
    if review is None:
        raise NotFoundError(_("There is no such review in this project."))
    return review


def listed(
    project: Project, which: str = "", external_id: str = ""
) -> QuerySet[Review]:
    """Return reviews, newest first; ``which``: those of a state, or the overdue ones.

    Raises InvalidInputError where it is neither.
    """
    if which and which not in WHICH:
        why = _("One of %(values)s.") % {"values": ", ".join(WHICH)}
        raise InvalidInputError(errors={"state": [why]})
    rows = Review.objects.filter(project=project).order_by("-pk")
    if "\x00" in external_id:
        # No column holds it, and PostgreSQL refuses to look for it.
        return rows.none()
    if external_id:
        rows = rows.filter(external_id=external_id)
    if which == OVERDUE:
        return rows.overdue()
    return rows.filter(state=which) if which else rows


def withdraw(project: Project, pk: int) -> Review:
    """End a review that nobody waits for any more; its item takes its place in the order.

    Raises NotFoundError where there is none, and ConflictError where it is settled.
    """
    with transaction.atomic():
        review = of_project(project, pk)
        item = review.item_id or 0
        # Lock order: the item before its review.
        list(Item.objects.select_for_update(no_key=True).filter(pk=item).values("pk"))
        review = Review.objects.select_for_update(of=("self",)).get(pk=pk)
        if review.state == Review.State.SETTLED:
            raise ConflictError(_("It is settled already."))
        if review.state == Review.State.OPEN:
            _end([review], {})
        if item and not Review.objects.open().filter(item=item).exists():
            giving_back.withdraw([item])
            order.send_items_changed(project.pk)
    return review


class ReviewCounts(NamedTuple):
    """How many reviews there are; the open ones also by how long they wait."""

    open: int
    overdue: int
    settled: int
    withdrawn: int
    in_an_hour: int
    in_a_day: int
    in_a_week: int
    older: int


def counts(project: Project) -> ReviewCounts:
    """Count a project's reviews by what became of them and by age, in one query."""
    now = timezone.now()
    is_open = Q(state=Review.State.OPEN)
    ages = [now - timedelta(hours=1), now - timedelta(days=1), now - timedelta(days=7)]
    hour, day, week = (Q(created_at__gte=moment) for moment in ages)
    numbers = Review.objects.filter(project=project).aggregate(
        open=Count("pk", filter=is_open),
        overdue=Count("pk", filter=is_open & Q(deadline_at__lt=now)),
        settled=Count("pk", filter=Q(state=Review.State.SETTLED)),
        withdrawn=Count("pk", filter=Q(state=Review.State.WITHDRAWN)),
        in_an_hour=Count("pk", filter=is_open & hour),
        in_a_day=Count("pk", filter=is_open & day & ~hour),
        in_a_week=Count("pk", filter=is_open & week & ~day),
        older=Count("pk", filter=is_open & ~week),
    )
    return ReviewCounts(**numbers)
