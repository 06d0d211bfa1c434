"""What people do about representations on the page of the models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from django.http import HttpRequest

from activelearn.services.features import adding
from activelearn.services.features.address import EmbeddingsAddress
from activelearn.services.training import choosing, encoding
from labeling.models import Membership
from labeling.services.projects import members


def _read_by(request: HttpRequest, member: Membership) -> None:
    choosing.choose(member.project, request.POST.get("name", ""), member.user)


def _add(request: HttpRequest, member: Membership) -> None:
    name, source = (request.POST.get(part, "") for part in ("name", "source"))
    adding.add(member.project, name, member.user, source)
    encoding.request(member.project)


def _add_address(request: HttpRequest, member: Membership) -> None:
    # Texts leave the server, and it may cost money: who manages the project decides.
    members.require(member, members.MANAGE)
    url, model, key = (request.POST.get(part, "") for part in ("url", "model", "key"))
    place = EmbeddingsAddress(url.strip(), model.strip(), key.strip())
    adding.add_address(member.project, place, member.user)
    encoding.request(member.project)


def _remove(request: HttpRequest, member: Membership) -> None:
    adding.remove(member.project, request.POST.get("name", ""))


# What people do on the page of the models, by the action that its form names.
ACTIONS: Final[Mapping[str, Callable[[HttpRequest, Membership], None]]] = {
    "read-by": _read_by,
    "add-encoder": _add,
    "add-address": _add_address,
    "remove-encoder": _remove,
}
