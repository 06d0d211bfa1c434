"""Send what stands in the outbox: again and later where it fails, at last given up.

A message is claimed, sent outside of any transaction, and then marked. A worker that is
killed in between leaves the claim, which ends; then the same message is sent once more
under the same id, by which its receiver knows it.
"""

from __future__ import annotations

import http.client
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from labeling import signals
from labeling.errors import AssayError, ConflictError, InvalidInputError, NotFoundError
from labeling.messages import Message, message
from labeling.messages import sentence as _
from labeling.models import Project, WebhookDelivery, WebhookEndpoint
from labeling.services.transfer.sources import network
from labeling.services.transfer.webhooks import endpoints, signatures

logger = logging.getLogger(__name__)
State = WebhookDelivery.State

# Until the next attempt, after each one; behind the last a message is given up. As the
# specification proposes: three days in all.
PAUSES: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)
# Seconds that one attempt may take, and that a worker stays at it.
LONGEST: Final = 20.0
TURN: Final = 30.0
# A claim outlives the longest attempt: else two workers would send at once.
CLAIM: Final = timedelta(seconds=60)
# After one failure the other messages to the endpoint wait for so long, too.
BREATH: Final = timedelta(seconds=30)
KEPT: Final = timedelta(days=30)


@dataclass(frozen=True)
class _Outcome:
    status: int | None = None
    error: Message | None = None

    @property
    def has_arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def deliver_due() -> int:
    """Send the messages that are due, for half a minute at most; return how many."""
    end, sent = time.monotonic() + TURN, 0
    while time.monotonic() < end and (delivery := _claimed()):
        _mark(delivery, _sent(delivery))
        sent += 1
    return sent


def _claimed() -> WebhookDelivery | None:
    """Return the message that has been due for longest, as this worker's own."""
    now = timezone.now()
    with transaction.atomic():
        due = WebhookDelivery.objects.select_for_update(
            skip_locked=True, of=("self",)
        ).select_related("endpoint")
        delivery = (
            due.filter(state=State.WAITING, next_at__lte=now, endpoint__is_active=True)
            .order_by("next_at", "pk")
            .first()
        )
        if delivery is not None:
            delivery.attempts += 1
            delivery.next_at, delivery.tried_at = now + CLAIM, now
            delivery.save(update_fields=["attempts", "next_at", "tried_at"])
    return delivery


def _sent(delivery: WebhookDelivery) -> _Outcome:
    """Send a message once; what the receiver says beside its status is not read."""
    body = delivery.body.encode()
    parts = urlsplit(delivery.url)
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    try:
        secrets = endpoints.secrets_of(delivery.endpoint)
        headers = signatures.headers(
            delivery.message_id, int(time.time()), body, secrets
        )
        headers |= {"Content-Type": "application/json", "User-Agent": "Assay"}
        link = network.connection(f"{parts.scheme}://{parts.netloc}")
        with _bounded(link):
            link.request("POST", path, body, headers)
            status = link.getresponse().status
    except AssayError as error:
        return _Outcome(error=error.message)
    except (OSError, http.client.HTTPException, ValueError):
        return _Outcome(error=message("It broke off, or took too long."))
    if 300 <= status < 400:
        return _Outcome(status, message("It names another address: that is not asked."))
    return _Outcome(status)


@contextmanager
def _bounded(link: http.client.HTTPConnection) -> Iterator[None]:
    """Connect, and end the connection after a while, however slowly it answers."""

    def end() -> None:
        # A receiver that sends a letter now and then would keep the worker for hours.
        with suppress(OSError):
            link.sock.shutdown(socket.SHUT_RDWR)

    link.connect()
    timer = threading.Timer(LONGEST, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        link.close()


def _mark(delivery: WebhookDelivery, outcome: _Outcome) -> None:
    """Write down what came of an attempt, unless another worker has begun one since."""
    is_gone = outcome.status == http.HTTPStatus.GONE
    is_last = is_gone or delivery.attempts > len(PAUSES)
    state, next_at = State.WAITING, timezone.now()
    if outcome.has_arrived:
        state = State.DELIVERED
    elif is_last:
        state = State.DEAD
    else:
        next_at += PAUSES[delivery.attempts - 1]
    mine = WebhookDelivery.objects.filter(
        pk=delivery.pk, state=State.WAITING, attempts=delivery.attempts
    )
    mine.update(
        state=state, next_at=next_at, status=outcome.status, error=outcome.error
    )
    if is_gone:
        # The receiver's way to say that it wants nothing any more.
        WebhookEndpoint.objects.filter(pk=delivery.endpoint_id).update(is_active=False)
    elif not outcome.has_arrived:
        logger.info("webhook %s: %s", delivery.message_id, outcome.status or "no reply")
        _hold_back(delivery)


def _hold_back(failed: WebhookDelivery) -> None:
    """Let other endpoints go first: each attempt at this one may take long."""
    soon = timezone.now() + BREATH
    others = WebhookDelivery.objects.filter(
        endpoint=failed.endpoint_id, state=State.WAITING, next_at__lt=soon
    )
    others.exclude(pk=failed.pk).update(next_at=soon)


def listed(project: Project, state: str = "") -> QuerySet[WebhookDelivery]:
    """Return the messages of a project, newest first, of a state or all.

    Raises InvalidInputError where there is no such state.
    """
    rows = WebhookDelivery.objects.filter(project=project).order_by("-pk")
    if not state:
        return rows
    if state not in State.values:
        why = _("One of %(values)s.") % {"values": ", ".join(State.values)}
        raise InvalidInputError(errors={"state": [why]})
    return rows.filter(state=state)


def replay(project: Project, pk: int) -> WebhookDelivery:
    """Send a message again from now on, under the same id.

    Raises NotFoundError where the project has none such, and ConflictError where its
    endpoint is told nothing any more.
    """
    rows = WebhookDelivery.objects.filter(project=project).select_related("endpoint")
    delivery = rows.filter(pk=pk).first()
    if delivery is None:
        raise NotFoundError(_("There is no such message in this project."))
    if not delivery.endpoint.is_active:
        raise ConflictError(_("The endpoint is switched off: switch it on first."))
    anew: dict[str, Any] = {"state": State.WAITING, "attempts": 0}
    with transaction.atomic():
        rows.filter(pk=pk).update(**anew, next_at=timezone.now(), error=None)
        signals.send_on_commit(signals.outbox_filled, project.pk)
    delivery.refresh_from_db()
    return delivery


def forget() -> int:
    """Delete messages that have come to their end a month ago; return how many."""
    ended = WebhookDelivery.objects.exclude(state=State.WAITING)
    return ended.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
