"""The short way for the calls that people wait for all day.

The framework makes a parser, a negotiator and a renderer for each request, which takes
longer than what these calls do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException, ParseError

from labeling.api.http import problems
from labeling.api.http.authentication import key_of, owner_of
from labeling.api.http.calls import call_of
from labeling.api.http.parsers import value_of
from labeling.api.http.scope import ProjectView, is_for_another
from labeling.api.http.writing import written
from labeling.errors import AssayError
from labeling.models import Membership, User
from labeling.services.projects import members

MAX_BODY: Final = 2**18


class HotView(ProjectView):
    """A view whose declared POST takes the short way.

    Whatever is unusual goes the framework's way: it does the same, and says what is
    wrong.
    """

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Reply by the short way where it is open."""
        spec = call_of(self, "post")
        member = _plain_caller(request, kwargs["slug"])
        if spec is None or member is None:
            return super().dispatch(request, *args, **kwargs)
        try:
            self.admit(member)
            reply = spec.reply(self, value_of(request.body), kwargs)
        except ParseError:
            return super().dispatch(request, *args, **kwargs)
        except AssayError as error:
            return problems.plain(problems.document_of(error))
        return _response(reply.data, reply.status, headers=reply.headers)


def _response(
    data: object, status: int, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    return HttpResponse(
        written(data), status=status, content_type="application/json", headers=headers
    )


def _plain_caller(request: HttpRequest, slug: str) -> Membership | None:
    """Return who calls as a member; None where the call is an unusual one."""
    length = request.META.get("CONTENT_LENGTH") or ""
    is_plain = (
        request.method == "POST"
        and request.META.get("CONTENT_TYPE") == "application/json"
        and length.isdecimal()
        and 0 < int(length) <= MAX_BODY
    )
    if not is_plain:
        return None
    try:
        member = _caller(request, slug)
    # Whatever refuses the caller is found again on the framework's way, which says it.
    except (APIException, AssayError):
        return None
    if member is None or is_for_another(request, member.user_id):
        return None
    return member


def _caller(request: HttpRequest, slug: str) -> Membership | None:
    """Return who calls, by token or by session; None where the call is refused."""
    if (key := key_of(request)) is not None:
        _, token = owner_of(key, slug) or (None, None)
        return token.membership if token else None
    if not isinstance(request.user, User):
        return None
    # The framework's own check; it asks of a request only what Django's has too.
    SessionAuthentication().enforce_csrf(request)  # type: ignore[arg-type]
    member = members.membership(request.user, slug)
    member.user = request.user
    return member
