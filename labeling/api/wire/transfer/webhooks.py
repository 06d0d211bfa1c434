"""Webhooks: endpoints, and the messages to them."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, structs

from labeling import models
from labeling.api.http.fields import (
    Added,
    Body,
    Count,
    Moment,
    ReplyData,
    about,
    one_of,
)
from labeling.api.http.fields import text as limited
from labeling.services.transfer.webhooks.endpoints import Registered
from labeling.services.work import outbox
from labeling.templatetags.localized import localized

EventName = Annotated[str, Meta(max_length=30)]
Events = Annotated[
    list[EventName],
    Meta(
        max_length=20,
        description=f"Of what it is told: any of {', '.join(map(repr, outbox.EVENTS))}.",
    ),
]
IsActive = Annotated[bool, about("Whether it is told anything.")]


class EndpointBody(Body, forbid_unknown_fields=True):
    """An endpoint that is to be registered."""

    url: Annotated[str, limited(500, "Where messages are sent: `https://…`.")]
    events: Events


class EndpointChange(Body, forbid_unknown_fields=True):
    """What changes of an endpoint; its address stays."""

    events: Events | UnsetType = UNSET
    is_active: IsActive | UnsetType = UNSET


class Endpoint(ReplyData):
    """An address that is told of events; never its secret."""

    id: Annotated[int, about("As in `webhooks/{id}/`.")]
    url: Annotated[str, about("Where messages are sent.")]
    events: Annotated[list[str], about("Of what it is told.")]
    is_active: IsActive
    created_at: Added


class EndpointWithSecret(Endpoint):
    """An endpoint and the secret that signs, which is told now and never again."""

    secret: Annotated[str, about("As Standard Webhooks has it: `whsec_…`.")]


class Delivery(ReplyData):
    """A message to an endpoint, and what became of it."""

    id: Annotated[int, about("As in `webhook-deliveries/{id}/`.")]
    message: Annotated[str, about("The `webhook-id`, however often it is sent.")]
    endpoint: Annotated[int, about("As in `webhooks/{id}/`.")]
    url: Annotated[str, about("Where it is sent: the endpoint's, or a callback.")]
    event: Annotated[str, about("What it tells.")]
    state: Annotated[
        str,
        one_of(
            models.WebhookDelivery.State.values,
            "`dead`: given up after all attempts; it can be replayed.",
        ),
    ]
    attempts: Annotated[Count, about("How often it was sent.")]
    status: Annotated[
        int | None, about("Of the last reply, whose body is not kept; null: none came.")
    ]
    error: Annotated[str, about("Why the last attempt failed, where it is known.")]
    created_at: Added
    tried_at: Annotated[Moment | None, about("When it was sent last.")]
    next_at: Annotated[Moment | None, about("When it is sent next; null: never.")]


class DeliveryQuery(Body):
    """Which messages are listed."""

    state: Annotated[
        str, one_of(models.WebhookDelivery.State.values, or_empty=True)
    ] = ""


def endpoint_of(endpoint: models.WebhookEndpoint) -> Endpoint:
    """Return an endpoint without its secret."""
    return Endpoint(
        id=endpoint.pk,
        url=endpoint.url,
        events=endpoint.events,
        is_active=endpoint.is_active,
        created_at=endpoint.created_at,
    )


def registered_of(made: Registered) -> EndpointWithSecret:
    """Return an endpoint with its secret."""
    known = structs.asdict(endpoint_of(made.endpoint))
    return EndpointWithSecret(**known, secret=made.secret)


def delivery_of(delivery: models.WebhookDelivery) -> Delivery:
    """Return a message as it is told."""
    is_waiting = delivery.state == models.WebhookDelivery.State.WAITING
    return Delivery(
        id=delivery.pk,
        message=delivery.message_id,
        endpoint=delivery.endpoint_id,
        url=delivery.url,
        event=delivery.event,
        state=delivery.state,
        attempts=delivery.attempts,
        status=delivery.status,
        error=localized(delivery.error),
        created_at=delivery.created_at,
        tried_at=delivery.tried_at,
        next_at=delivery.next_at if is_waiting else None,
    )
