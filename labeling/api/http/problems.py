"""Errors as problem documents (RFC 9457)."""

from __future__ import annotations

import logging
from typing import Annotated, Any, Final

import msgspec
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from labeling import errors
from labeling.api.http.fields import ReplyData, about, one_of
from labeling.api.http.writing import written
from labeling.errors import AssayError, TooManyAttemptsError
from labeling.services.work import space
from labeling.tracing import REQUEST_ID

logger = logging.getLogger(__name__)
CONTENT_TYPE: Final = "application/problem+json"
TRY_AGAIN: Final = "try_again"
BAD_REQUEST: Final = "bad_request"
FAILED: Final = "failed"
FRAMEWORKS: Final = (
    exceptions.AuthenticationFailed,
    exceptions.MethodNotAllowed,
    exceptions.NotAcceptable,
    exceptions.NotAuthenticated,
    exceptions.ParseError,
    exceptions.PermissionDenied,
    exceptions.Throttled,
    exceptions.UnsupportedMediaType,
    exceptions.APIException,
)


# Of a field what it takes; of a list the same by place, and by field where those are
# objects. The library declares no type within itself, and nothing lies deeper.
_Texts = list[str]
_ByField = Annotated[dict[str, _Texts], about("By field of the object.")]
Faults = _Texts | Annotated[dict[str, _Texts | _ByField], about("By place, from `0`.")]
# Besides our own errors: of the framework, and where the database does not answer.
CODES: Final = (
    *(kind.code for kind in errors.KINDS),
    *(kind.default_code for kind in FRAMEWORKS),
    TRY_AGAIN,
    BAD_REQUEST,
    FAILED,
)


class Problem(ReplyData):
    """Why a call was refused (RFC 9457)."""

    type: Annotated[str, about("A name, resolved against `/problems/`.")]
    title: Annotated[str, about("The kind of refusal, in the caller's language.")]
    status: Annotated[int, about("The HTTP status.")]
    detail: Annotated[str, about("What is wrong, and what to do.")]
    code: Annotated[str, one_of(CODES, "The kind of refusal, for programs.")]
    request_id: Annotated[str, about("Names the request; the log has it too.")]
    errors: (
        Annotated[
            dict[str, Faults],
            about(
                "What each wrong field takes: texts, and for a list of objects such "
                "a map by the place of each wrong one, from `0` on."
            ),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    outcome: (
        Annotated[str, about("`resolved_meanwhile`: how another expert decided.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    labels: (
        Annotated[list[str], about("`resolved_meanwhile`: the other expert's labels.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET


def document(
    code: str, title: Promise | str, http_status: int, detail: str, **extra: Any
) -> Problem:
    """Return a problem document."""
    return Problem(
        type=f"/problems/{code}",
        title=str(title),
        status=http_status,
        detail=detail,
        code=code,
        request_id=REQUEST_ID.get(),
        **extra,
    )


def problem(
    code: str, title: Promise | str, http_status: int, detail: str, **extra: Any
) -> Response:
    """Return a problem document as a response of the API."""
    return _response(document(code, title, http_status, detail, **extra))


def _response(shown: Problem) -> Response:
    return Response(shown, status=shown.status, content_type=CONTENT_TYPE)


def document_of(error: AssayError) -> Problem:
    """Return one of our own errors as a problem document."""
    return document(
        error.code, _(error.title), error.status, error.detail, **error.extra
    )


def problem_of(error: AssayError) -> Response:
    """Return one of our own errors as a response of the API."""
    response = _response(document_of(error))
    if isinstance(error, TooManyAttemptsError):
        response["Retry-After"] = str(error.seconds)
    return response


def plain(shown: Problem) -> HttpResponse:
    """Return a problem document as an answer outside of the API's views."""
    return HttpResponse(written(shown), status=shown.status, content_type=CONTENT_TYPE)


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn our own errors and the framework's into problem documents."""
    if isinstance(error, AssayError):
        return problem_of(error)
    if full := space.refusal_of(error):
        logger.error("the disk took no more: %s", error)
        return problem_of(full)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    response = exception_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    document = _from_framework(error)
    for name in ("WWW-Authenticate", "Retry-After"):
        if name in response:
            document[name] = response[name]
    return document


def _from_framework(error: exceptions.APIException) -> Response:
    code = str(error.default_code)
    title = _title_of(error)
    if isinstance(error, exceptions.ValidationError):
        errors = error.detail if isinstance(error.detail, dict) else {"": error.detail}
        return problem(
            "invalid",
            _("Some values are not valid"),
            status.HTTP_400_BAD_REQUEST,
            _("See errors for what to change."),
            errors=errors,
        )
    return problem(code, title, error.status_code, str(error.detail))


def _title_of(error: exceptions.APIException) -> str:
    # The framework's own titles of these two have places that nobody fills.
    if isinstance(error, exceptions.UnsupportedMediaType):
        return _("A body of this kind is not taken")
    if isinstance(error, exceptions.MethodNotAllowed):
        return _("This address has no such method")
    return str(error.default_detail)
