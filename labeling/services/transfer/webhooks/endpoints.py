"""The endpoints of a project: register one, change it, give it another secret, try it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from labeling import signals
from labeling.errors import ConflictError, InvalidInputError, NotFoundError
from labeling.messages import sentence as _
from labeling.models import Project, User, WebhookDelivery, WebhookEndpoint
from labeling.services.transfer.sources import network, sealing
from labeling.services.transfer.sources.network import PlaceError
from labeling.services.transfer.webhooks import signatures
from labeling.services.work import outbox
from labeling.services.work.transactions import lock_project

# Of one project.
MOST: Final = 20
# How long the secret before the newest one signs, too.
OVERLAP: Final = timedelta(hours=24)


@dataclass(frozen=True)
class Registered:
    """An endpoint with its secret, which is told now and never again."""

    endpoint: WebhookEndpoint
    secret: str = field(repr=False)


def listed(project: Project) -> QuerySet[WebhookEndpoint]:
    """Return the endpoints of a project, newest first."""
    rows = WebhookEndpoint.objects.filter(project=project, removed_at=None)
    return rows.order_by("-pk")


def of_project(project: Project, pk: int) -> WebhookEndpoint:
    """Return an endpoint. Raises NotFoundError where the project has none such."""
    endpoint = listed(project).select_related("project").filter(pk=pk).first()
    if endpoint is None:
        raise NotFoundError(_("There is no such endpoint in this project."))
    return endpoint


def register(
    project: Project, user: User | None, url: str, events: Sequence[str]
) -> Registered:
    """Register an address, which is told of these events from now on.

    Raises InvalidInputError, naming the field, for what is no address, for one within the
    server's own network that is not allowed, and for unknown events; ConflictError where
    the project has the most endpoints already, and NotFoundError where it is gone.
    """
    _check_events(events)
    check_address(url)
    secret = signatures.new_secret()
    with transaction.atomic():
        # Race: two at once would each see room for one more.
        lock_project(project.pk)
        if listed(project).count() >= MOST:
            raise ConflictError(
                _("A project has at most %(most)s endpoints.") % {"most": MOST}
            )
        endpoint = WebhookEndpoint.objects.create(
            project=project,
            url=url,
            events=sorted(set(events)),
            secret=_sealed(project.pk, secret),
            created_by=user,
        )
    return Registered(endpoint, secret)


def change(
    endpoint: WebhookEndpoint,
    *,
    events: Sequence[str] | None = None,
    is_active: bool | None = None,
) -> WebhookEndpoint:
    """Change what an endpoint is told, or whether it is told anything; its address stays.

    What waits while it is told nothing is sent when it is active again. Raises
    InvalidInputError for unknown events.
    """
    if events is not None:
        _check_events(events)
        endpoint.events = sorted(set(events))
    if is_active is not None:
        endpoint.is_active = is_active
    endpoint.save(update_fields=["events", "is_active"])
    signals.send_on_commit(signals.outbox_filled, endpoint.project_id)
    return endpoint


def renew_secret(endpoint: WebhookEndpoint) -> Registered:
    """Give an endpoint another secret; for a day the one before it signs, too."""
    secret = signatures.new_secret()
    endpoint.earlier_secret = endpoint.secret
    endpoint.earlier_until = timezone.now() + OVERLAP
    endpoint.secret = _sealed(endpoint.project_id, secret)
    endpoint.save(update_fields=["secret", "earlier_secret", "earlier_until"])
    return Registered(endpoint, secret)


def remove(endpoint: WebhookEndpoint) -> None:
    """Tell an endpoint nothing any more, and forget its secrets."""
    with transaction.atomic():
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
            removed_at=timezone.now(), is_active=False, secret="", earlier_secret=""
        )
        # What waits would wait for ever.
        waiting = endpoint.deliveries.filter(state=WebhookDelivery.State.WAITING)
        waiting.update(state=WebhookDelivery.State.DEAD)


def send_test(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Send an endpoint a message that tells nothing, whatever events it wants.

    Raises ConflictError where it is told nothing now.
    """
    if not endpoint.is_active:
        raise ConflictError(_("The endpoint is switched off: switch it on first."))
    with transaction.atomic():
        delivery = outbox.message_to(endpoint, outbox.Notice(outbox.TEST, {}))
        delivery.save(force_insert=True)
        signals.send_on_commit(signals.outbox_filled, endpoint.project_id)
    return delivery


def secrets_of(endpoint: WebhookEndpoint) -> list[str]:
    """Return the secrets that sign now, the newest first. Raises SealError."""
    kept = [endpoint.secret]
    until = endpoint.earlier_until
    if endpoint.earlier_secret and until is not None and until > timezone.now():
        kept.append(endpoint.earlier_secret)
    owner = _owner(endpoint.project_id)
    return [sealing.opened(each, owner)["secret"] for each in kept]


def check_address(url: str) -> None:
    """Raise InvalidInputError, naming "url", for an address that may not be told anything."""
    if outbox.origin_of(url) is None or len(url) > 500:
        why = _("It is no address such as https://example.com/hooks.")
        raise InvalidInputError(errors={"url": [why]})
    parts = urlsplit(url)
    try:
        network.split(f"{parts.scheme}://{parts.netloc}")
        scheme, host, port = outbox.origin_of(url) or ("", "", 0)
        network.resolve(host, port, is_plain=scheme == "http")
    except PlaceError as error:
        raise InvalidInputError(errors={"url": [error.message]}) from error


def _check_events(events: Sequence[str]) -> None:
    if unknown := sorted(set(events) - outbox.EVENTS.keys()):
        why = _("There is no event “%(event)s”.") % {"event": unknown[0]}
        raise InvalidInputError(errors={"events": [why]})


def _sealed(project_id: int, secret: str) -> str:
    return sealing.seal({"secret": secret}, _owner(project_id))


def _owner(project_id: int) -> str:
    return f"webhooks of project {project_id}"
