"""Messages to programs, written in the transaction that decides what they tell.

Whatever ends the process then, the message is there or what it tells has not happened.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from labeling import signals
from labeling.models import WebhookDelivery, WebhookEndpoint

# What programs may be told of, by its name on the wire.
EVENTS: Final[dict[str, Promise]] = {
    "review.settled": _("People have settled a review"),
    "review.withdrawn": _("A review was withdrawn"),
    "model.promoted": _("Another version of the model serves"),
    "dial.lowered": _("A failed audit has lowered the dial of automation"),
    "alarm.opened": _("An alarm of the watch has opened"),
}
TEST: Final = "webhook.test"
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Notice:
    """What has happened. ``callback``: the address that is told, instead of all."""

    event: str
    data: Mapping[str, Any]
    callback: str = ""


def put(project_id: int, notices: Sequence[Notice]) -> None:
    """Write messages to the endpoints of a project that want to hear of these events.

    A message with a callback goes to that address alone, where its origin is an endpoint's.
    """
    active = list(active_endpoints(project_id).select_related("project"))
    rows = [
        message_to(endpoint, notice)
        for notice in notices
        for endpoint in _told(active, notice)
    ]
    if rows:
        WebhookDelivery.objects.bulk_create(rows)
        signals.send_on_commit(signals.outbox_filled, project_id)


def _told(
    active: Sequence[WebhookEndpoint], notice: Notice
) -> Sequence[WebhookEndpoint]:
    """Return who is told; of a callback whose secret signs: the first of its origin."""
    if not notice.callback:
        return [each for each in active if notice.event in each.events]
    origin = origin_of(notice.callback)
    return [each for each in active if origin_of(each.url) == origin][:1]


def message_to(endpoint: WebhookEndpoint, notice: Notice) -> WebhookDelivery:
    """Return an unsaved message to an endpoint, whatever it wants to hear of."""
    now = timezone.now()
    body = {
        "type": notice.event,
        "timestamp": now.isoformat(timespec="milliseconds"),
        "data": {"project": endpoint.project.slug, **notice.data},
    }
    return WebhookDelivery(
        project_id=endpoint.project_id,
        endpoint=endpoint,
        message_id=f"msg_{uuid.uuid4().hex}",
        event=notice.event,
        url=notice.callback or endpoint.url,
        body=json.dumps(body, ensure_ascii=False),
        next_at=now,
    )


def active_endpoints(project_id: int) -> QuerySet[WebhookEndpoint]:
    """Return the endpoints of a project that are told anything."""
    rows = WebhookEndpoint.objects.filter(project=project_id, removed_at=None)
    return rows.filter(is_active=True).order_by("pk")


def unknown_callbacks(project_id: int, callbacks: Iterable[str]) -> list[str]:
    """Return those addresses whose origin is that of no endpoint of the project."""
    if not (wanted := sorted({each for each in callbacks if each})):
        return []
    urls = active_endpoints(project_id).values_list("url", flat=True)
    origins = set(map(origin_of, urls))
    return [each for each in wanted if origin_of(each) not in origins]


def origin_of(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of an address; None where it has none to speak of."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    # Whoever is named before an @ would be the host in the eyes of some readers.
    is_plain = url.isascii() and url.isprintable() and not set(url) & set(' \\#"<>')
    if not (is_plain and port and parts.hostname) or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port
