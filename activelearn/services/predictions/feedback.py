"""Feedback on predictions: kept apart from labels, counted, and sent to people on demand."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from activelearn.models import Feedback
from activelearn.models.feedback import MOST_SECONDS, WRONG
from activelearn.services.predictions import receipts
from labeling.errors import InvalidInputError, check_one_of
from labeling.messages import sentence as _
from labeling.models import Item, Project, Review, User
from labeling.services.queue import reviews
from labeling.services.transfer.importing import intake
from labeling.services.votes.labels import checked_labels

# Days of a report, and how many contradicted ones are sent to people at once.
DAYS: Final = 30
BATCH: Final = 500
# What says how it names the prediction.
NAMED_BY: Final = ("prediction", "review", "item", "external_id")


@dataclass(frozen=True)
class FeedbackDraft:
    """What is said of a prediction, which exactly one of the first four names.

    prediction: its receipt. external_id: the caller's name for its item. labels: what
    would be right. event: what was done with it. seconds: that a person took. data: of
    an item from outside, so that people can be asked about it.
    """

    prediction: str = ""
    review: int | None = None
    item: int | None = None
    external_id: str = ""
    is_correct: bool | None = None
    labels: Sequence[str] | None = None
    event: str = ""
    seconds: float | None = None
    data: Mapping[str, Any] | None = None


class _Subject(NamedTuple):
    """The prediction that is meant, as far as it is known."""

    item: int | None
    receipt: receipts.PredictionReceipt | None = None
    external_id: str = ""


def take(project: Project, user: User | None, draft: FeedbackDraft) -> Feedback:
    """Keep what is said of a prediction; the last word on the same one counts.

    Raises InvalidInputError, naming the field, where it names no prediction of the
    project's pool, says nothing, or contradicts itself.
    """
    named = [name for name in NAMED_BY if getattr(draft, name)]
    if len(named) != 1:
        why = _("Name the prediction by exactly one of %(names)s.")
        names = ", ".join(NAMED_BY)
        raise InvalidInputError(errors={"prediction": [why % {"names": names}]})
    (name,) = named
    subject = _subject_of(project, name, draft)
    given = _given(project, draft, subject)
    if draft.data is not None:
        given["data"] = _data_of(project, draft.data, subject)
    if subject.receipt is not None:
        given |= {
            "model_number": subject.receipt.model,
            "predicted": subject.receipt.labels,
            "confidence": subject.receipt.confidence,
        }
    # A digest, because a receipt of many labels is too long for an index.
    about = hashlib.sha256(f"{name}:{getattr(draft, name)}".encode()).hexdigest()
    feedback, _is_new = Feedback.objects.update_or_create(
        project=project,
        about=about,
        defaults={**given, "item_id": subject.item, "given_by": user},
    )
    return feedback


def _given(project: Project, draft: FeedbackDraft, subject: _Subject) -> dict[str, Any]:
    """Return what is said, without what is not. Raises InvalidInputError."""
    given: dict[str, Any] = {}
    if draft.labels is not None:
        given["labels"] = checked_labels(project, draft.labels)
    if draft.event:
        check_one_of("event", draft.event, Feedback.Event.values)
        given["event"] = draft.event
    if draft.seconds is not None:
        if not 0 <= draft.seconds <= MOST_SECONDS:
            why = _("From 0 to %(most)s.") % {"most": int(MOST_SECONDS)}
            raise InvalidInputError(errors={"seconds": [why]})
        given["seconds"] = draft.seconds
    is_correct = _correctness(draft, given.get("labels"), subject.receipt)
    if is_correct is not None:
        given["is_correct"] = is_correct
    if not given:
        why = _("Say whether it was correct, or what was done with it.")
        raise InvalidInputError(errors={"correct": [why]})
    return given


def _correctness(
    draft: FeedbackDraft,
    labels: list[str] | None,
    receipt: receipts.PredictionReceipt | None,
) -> bool | None:
    """Return whether a prediction was right, by word or by the labels that would be."""
    if labels is None or receipt is None:
        return draft.is_correct
    is_same = labels == sorted(receipt.labels)
    if draft.is_correct not in (None, is_same):
        why = _("The labels say otherwise: they are compared with the prediction's.")
        raise InvalidInputError(errors={"correct": [why]})
    return is_same


def _subject_of(project: Project, name: str, draft: FeedbackDraft) -> _Subject:
    """Return which prediction is meant. Raises InvalidInputError where it is none."""
    pool = Item.objects.filter(project=project).pool()
    if name == "prediction":
        receipt = receipts.receipt_of(project, draft.prediction)
        here = Q(pk=receipt.item) if receipt.item else Q(content_hash=receipt.content)
        return _Subject(pool.filter(here).values_list("pk", flat=True).first(), receipt)
    if name == "external_id":
        rows = Review.objects.filter(project=project, external_id=draft.external_id)
        here = Q(external_id=draft.external_id) | Q(pk__in=rows.values("item"))
    elif name == "review":
        rows = Review.objects.filter(project=project, pk=draft.review or 0)
        here = Q(pk__in=rows.values("item"))
    else:
        here = Q(pk=draft.item or 0)
    # The newest: a name may have been used for another item before.
    item = pool.filter(here).order_by("-pk").values_list("pk", flat=True).first()
    if item is None:
        # Whether it is held out, nobody is told who labels blind.
        why = _("There is no such item in the pool of this project.")
        raise InvalidInputError(errors={name: [why]})
    return _Subject(item)


def _data_of(
    project: Project, data: Mapping[str, Any], subject: _Subject
) -> dict[str, Any]:
    """Return the data of an item from outside. Raises InvalidInputError."""
    arrival = intake.checked(project, "", data)
    receipt = subject.receipt
    if receipt is None or arrival.content_hash != receipt.content:
        why = _("They are not those of the prediction.")
        raise InvalidInputError(errors={"data": [why]})
    return dict(arrival.row.data)


def to_send(project: Project) -> QuerySet[Feedback]:
    """Return what contradicts a prediction and can be sent to people.

    What people have labeled already needs no asking, and of what is not in the project
    the data have to be known.
    """
    is_open = Q(item__state=Item.State.OPEN, item__split=Item.Split.POOL)
    is_known = Q(item=None, data__isnull=False)
    rows = Feedback.objects.filter(project=project, sent_at=None).contradicted()
    return rows.filter(is_open | is_known).order_by("pk")


def send(project: Project) -> int:
    """Have people label what contradicts a prediction, at most 500 at once; how many.

    They are asked blind, as in any review: what was predicted or said is not shown. Sent
    twice, an item stays one. Raises InvalidInputError where data fit the project no more,
    and NotFoundError where an item is deleted meanwhile.
    """
    rows = list(to_send(project)[:BATCH])
    arrivals = {
        row.pk: intake.checked(project, "", row.data)
        for row in rows
        if row.item_id is None and row.data is not None
    }
    # Known by content: what has joined meanwhile is found and not added twice.
    ids = intake.add(project, list(arrivals.values()))
    for row in rows:
        if row.pk in arrivals:
            row.item_id = ids.get(arrivals[row.pk].content_hash)
    wanted = [
        reviews.Wanted(row.item_id, row.model_number or 0)
        for row in rows
        if row.item_id
    ]
    reviews.ask(project, wanted)
    # Behind what was asked: killed in between, the same reviews are found again.
    for row in rows:
        row.sent_at = timezone.now()
    Feedback.objects.bulk_update(rows, ["item", "sent_at"])
    return len(wanted)


class Rate(NamedTuple):
    """How much feedback there is, and how much of it contradicts."""

    name: str
    total: int
    wrong: int

    @property
    def share(self) -> float:
        """Of what contradicts, in [0, 1]."""
        return self.wrong / self.total


class FeedbackReport(NamedTuple):
    """What feedback says of the last days: by predicted label and by day."""

    total: int
    wrong: int
    redone: int
    to_send: int
    by_label: list[Rate]
    by_day: list[tuple[date, Rate]]


def report(project: Project) -> FeedbackReport:
    """Count the feedback of the last 30 days, in four queries."""
    since = timezone.now() - timedelta(days=DAYS)
    rows = Feedback.objects.filter(project=project, created_at__gte=since).order_by()
    wrong = Count("pk", filter=WRONG)
    sums = rows.aggregate(
        total=Count("pk"),
        wrong=wrong,
        redone=Count("pk", filter=Q(event=Feedback.Event.REDONE)),
    )
    days = rows.annotate(day=TruncDate("created_at")).values_list("day")
    daily = days.annotate(total=Count("pk"), wrong=wrong).order_by("-day")
    return FeedbackReport(
        **sums,
        to_send=to_send(project).count(),
        by_label=_by_label(
            rows.values_list("predicted").annotate(total=Count("pk"), wrong=wrong)
        ),
        by_day=[(day, Rate("", total, off)) for day, total, off in daily],
    )


def _by_label(rows: Any) -> list[Rate]:
    """Return the rates of the single labels; a prediction of several counts for each."""
    totals: dict[str, list[int]] = {}
    for predicted, total, wrong in rows:
        # What names no prediction stands under an empty name.
        for label in predicted if predicted is not None else [""]:
            sums = totals.setdefault(label, [0, 0])
            sums[0] += total
            sums[1] += wrong
    # The label that is contradicted most comes first.
    rates = [Rate(label, *sums) for label, sums in totals.items()]
    return sorted(rates, key=lambda rate: (-rate.wrong, -rate.total, rate.name))
