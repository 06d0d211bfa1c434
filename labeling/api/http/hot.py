"""The short way for the calls that people wait for all day.

The framework makes a parser, a negotiator and a renderer for each request, which takes
longer than what these calls do.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.http import problems
from labeling.api.http.authentication import is_by_token, owner_of
from labeling.api.http.parsers import value_of
from labeling.api.http.scope import ProjectView, is_for_another
from labeling.errors import AssayError
from labeling.models import Membership, User
from labeling.services.projects import members

MAX_BODY: Final = 2**18


class Said(NamedTuple):
    """What is answered to a call."""

    data: object
    status: int = 200
    headers: dict[str, str] | None = None

    def response(self) -> Response:
        """Return it by the framework's way."""
        return Response(self.data, self.status, headers=self.headers)


class HotView(ProjectView):
    """A view whose POST takes the short way.

    Whatever is unusual goes the framework's way: it does the same, and says what is
    wrong.
    """

    def said(self, body: Any) -> Said:
        """Do what is asked for and return the answer."""
        raise NotImplementedError

    def post(self, request: Request, slug: str) -> Response:
        """Answer by the framework's way."""
        del slug
        return self.said(request.data).response()

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Answer by the short way where it is open."""
        call = _plain_call(request, kwargs["slug"])
        if call is None:
            return super().dispatch(request, *args, **kwargs)
        member, body = call
        content_type = "application/json"
        try:
            self.admit(member)
            data, status, headers = self.said(body)
        except AssayError as error:
            data, status, headers = problems.document_of(error), error.status, None
            content_type = problems.CONTENT_TYPE
        return HttpResponse(
            JSONRenderer().render(data),
            status=status,
            content_type=content_type,
            headers=headers,
        )


def _plain_call(request: HttpRequest, slug: str) -> tuple[Membership, Any] | None:
    """Return who calls as a member, and what is sent; None where one is unusual."""
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
        body = value_of(request.body)
        member = _caller(request, slug)
    except (APIException, AssayError):
        return None
    if member is None or is_for_another(request, member.user_id):
        return None
    return member, body


def _caller(request: HttpRequest, slug: str) -> Membership | None:
    """Return who calls, by token or by session; None where the call is refused."""
    if is_by_token(request):
        _, token = owner_of(request, slug) or (None, None)
        return token.membership if token else None
    if not isinstance(request.user, User):
        return None
    # The framework's own check; it asks of a request only what Django's has too.
    SessionAuthentication().enforce_csrf(request)  # type: ignore[arg-type]
    member = members.membership(request.user, slug)
    member.user = request.user
    return member
