"""Webhooks of a project: endpoints, and what became of the messages to them."""

from __future__ import annotations

from typing import ClassVar

from django.urls import URLPattern, path
from msgspec import UNSET

from labeling.api.http.calls import UNKEPT, Reply, call
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.api.wire.transfer import webhooks as wire
from labeling.models import User
from labeling.services.projects import members
from labeling.services.transfer.webhooks import delivering, endpoints


class _EngineersView(ProjectView):
    allowed: ClassVar = members.ENGINEER


class EndpointsView(_EngineersView):
    """The endpoints of a project."""

    @call(name="projects_webhooks_list")
    def get(self) -> Page[wire.Endpoint]:
        """List them, newest first, without their secrets."""
        rows = endpoints.listed(self.member.project)
        return page_of(rows, self.request, wire.endpoint_of)

    @call(201, headers=[UNKEPT])
    def post(self, body: wire.EndpointBody) -> Reply[wire.EndpointWithSecret]:
        """Register one; ``secret`` is told now and never again."""
        user = User.objects.get(pk=self.member.user_id)
        made = endpoints.register(self.member.project, user, body.url, body.events)
        return _told_once(made)


class EndpointView(_EngineersView):
    """One endpoint."""

    @call()
    def get(self, pk: int) -> wire.Endpoint:
        """Return it, without its secret."""
        return wire.endpoint_of(endpoints.of_project(self.member.project, pk))

    @call()
    def patch(self, pk: int, body: wire.EndpointChange) -> wire.Endpoint:
        """Change what it is told, or whether; its address stays."""
        endpoint = endpoints.of_project(self.member.project, pk)
        changed = endpoints.change(
            endpoint,
            events=None if body.events is UNSET else body.events,
            is_active=None if body.is_active is UNSET else body.is_active,
        )
        return wire.endpoint_of(changed)

    @call(204)
    def delete(self, pk: int) -> None:
        """Tell it nothing any more, and forget its secrets."""
        endpoints.remove(endpoints.of_project(self.member.project, pk))


class EndpointSecretView(_EngineersView):
    """The secret of an endpoint."""

    @call(201, headers=[UNKEPT])
    def post(self, pk: int) -> Reply[wire.EndpointWithSecret]:
        """Make another one; for a day both sign."""
        endpoint = endpoints.of_project(self.member.project, pk)
        return _told_once(endpoints.renew_secret(endpoint))


class EndpointTestView(_EngineersView):
    """A message that tells nothing, to see whether an endpoint takes it."""

    @call(202)
    def post(self, pk: int) -> wire.Delivery:
        """Send one; its row says what came of it, and never what was replied."""
        endpoint = endpoints.of_project(self.member.project, pk)
        return wire.delivery_of(endpoints.send_test(endpoint))


class DeliveriesView(_EngineersView):
    """The messages of a project."""

    @call(name="projects_webhook_deliveries_list")
    def get(self, query: wire.DeliveryQuery) -> Page[wire.Delivery]:
        """List them, newest first."""
        rows = delivering.listed(self.member.project, query.state)
        return page_of(rows, self.request, wire.delivery_of)


class ReplayView(_EngineersView):
    """A way to send a message once more."""

    @call(202)
    def post(self, pk: int) -> wire.Delivery:
        """Send it from now on again, under the same id."""
        return wire.delivery_of(delivering.replay(self.member.project, pk))


def _told_once(made: endpoints.Registered) -> Reply[wire.EndpointWithSecret]:
    return Reply(wire.registered_of(made), headers={"Cache-Control": "no-store"})


# Below the address of a project.
urlpatterns: list[URLPattern] = [
    path("webhooks/", EndpointsView.as_view()),
    path("webhooks/<int:pk>/", EndpointView.as_view()),
    path("webhooks/<int:pk>/secret/", EndpointSecretView.as_view()),
    path("webhooks/<int:pk>/test/", EndpointTestView.as_view()),
    path("webhook-deliveries/", DeliveriesView.as_view()),
    path("webhook-deliveries/<int:pk>/replay/", ReplayView.as_view()),
]
