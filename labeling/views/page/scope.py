"""What every page of a project shares: who may see it, what it shows, what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from labeling.errors import AssayError, ForbiddenError, NotFoundError
from labeling.models import Membership, User
from labeling.services.experts import inquiries
from labeling.services.projects import members, policy
from labeling.services.transfer.sources import serving


@contextmanager
def or_404() -> Iterator[None]:
    """Answer 404 where something that an address names is not there."""
    try:
        yield
    except NotFoundError as error:
        raise Http404(error.detail) from error


def member_of(
    request: HttpRequest, slug: str, allowed: frozenset[Membership.Role]
) -> Membership:
    """Return the membership.

    Raises Http404 for a stranger and PermissionDenied for the wrong role.
    """
    try:
        member = members.require(members.membership(request.user, slug), allowed)
    except NotFoundError as error:
        raise Http404(error.detail) from error
    except ForbiddenError as error:
        raise PermissionDenied(error.detail) from error
    member.user = User.objects.get(pk=member.user_id)
    # For the policy of the page, which is written when it is ready.
    vars(request)["image_origins"] = serving.origins(member.project)
    return member


# The pages below *Models*, which the bar of the project marks alike.
MODELS_TABS: Final = (
    *("models", "automation", "watch", "jobs", "reviews"),
    *("batches", "feedback", "webhooks"),
)


def context(member: Membership, tab: str, **more: Any) -> dict[str, Any]:
    """Return what every project page shows."""
    role = Membership.Role(member.role)
    return {
        "member": member,
        "tab": tab,
        "may_adjudicate": role in members.ADJUDICATE,
        "may_engineer": role in members.ENGINEER,
        "may_manage": role in members.MANAGE,
        "may_explore": role in members.EXPLORE,
        "models_tabs": MODELS_TABS,
        # A function: only the navigation bar runs this query.
        "unanswered": lambda: inquiries.waiting_for(member).count(),
        **more,
    }


def sentences_of(error: AssayError) -> list[str]:
    """Return what an error says, as sentences for a page."""
    sentences = [
        f"{_words_of(name)}: {' '.join(map(str, why))}"
        for name, why in error.by_field.items()
    ]
    return sentences or [error.detail]


def _words_of(field: str) -> Promise | str:
    settings = policy.settings()
    if field in settings:
        return settings[field].words
    return _FIELDS.get(field, field)


# What people call the fields that refusals name, beside the settings.
_FIELDS: Final[dict[str, Promise | str]] = {
    "answer": _("Answer"),
    "bucket": _("Bucket"),
    "endpoint": _("Address"),
    "file": _("File"),
    "items": _("Items"),
    "key": _("Key"),
    "kind": _("Kind"),
    "label": _("Label"),
    "labels": _("Labels"),
    "mapping": _("Columns"),
    "name": _("Name"),
    "prefix": _("Beginning of the keys"),
    "question": _("Question"),
    "quota": _("At most"),
    "region": _("Region"),
    "role": _("Role"),
    "secret": _("Secret"),
    "serving": _("Pictures"),
    "slug": _("Short name"),
    "split": _("Split"),
    "state": _("State"),
    "text": _("Text"),
    "username": _("Name"),
}


@dataclass(frozen=True)
class Tried:
    """The outcome of a form: not sent, done, or refused with ``errors``."""

    is_done: bool = False
    result: Any = None
    errors: list[str] = field(default_factory=list)
    status: int = 200


def attempt(request: HttpRequest, act: Callable[[], object]) -> Tried:
    """Do what a posted form asks; a refusal becomes sentences and a status."""
    if request.method != "POST":
        return Tried()
    try:
        return Tried(is_done=True, result=act())
    except AssayError as error:
        return refusal_of(error)


def refusal_of(error: AssayError) -> Tried:
    """Return a refusal as a page says it."""
    return Tried(errors=sentences_of(error), status=error.status)


def whole(raw: str | None) -> int:
    """Return a number that stands in an address or a form, or 0 where none does."""
    return (
        int(raw) if raw and raw.isascii() and raw.isdecimal() and len(raw) < 16 else 0
    )
