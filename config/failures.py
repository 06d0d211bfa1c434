"""What is answered where no view has: as a page, and to programs as a problem document."""

from __future__ import annotations

import sys

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import gettext as _
from django.views import csrf, defaults

from config.chunked import CALLS
from labeling.api.http import problems
from labeling.errors import AssayError, NotFoundError, TooLargeError
from labeling.services.work import space
from labeling.tracing import REQUEST_ID


def is_call(request: HttpRequest) -> bool:
    """Whether a program calls the API; all else is a page."""
    return request.path_info.startswith(CALLS)


def refused(request: HttpRequest, error: AssayError) -> HttpResponse:
    """Return one of our own refusals, as a page or as a problem document."""
    if is_call(request):
        return problems.plain(problems.document_of(error))
    page = {"title": _(error.title), "detail": error.detail, "status": error.status}
    return render(request, "refused.html", page, status=error.status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    if not is_call(request):
        return defaults.page_not_found(request, exception)
    words = _("There is no such address: /api/docs/ lists those that there are.")
    return refused(request, NotFoundError(words))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400, or 413 to a body that is too long."""
    if not is_call(request):
        return defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return refused(request, TooLargeError(_("The body is too long.")))
    document = problems.document(
        problems.BAD_REQUEST,
        _("The request cannot be read"),
        400,
        _("Its host or another part of it is not allowed here."),
    )
    return problems.plain(document)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403."""
    if not is_call(request):
        return defaults.permission_denied(request, exception)
    document = problems.document(
        "permission_denied", _("Not allowed"), 403, str(exception)
    )
    return problems.plain(document)


def failed(request: HttpRequest) -> HttpResponse:
    """Answer 500: what happened stands in the log, under the name of the request.

    Or 507, where the disk took no more of what was sent.
    """
    if full := space.refusal_of(sys.exc_info()[1]):
        return refused(request, full)
    if not is_call(request):
        page = loader.render_to_string("500.html", {"request_id": REQUEST_ID.get()})
        return HttpResponse(page, status=500)
    document = problems.document(
        problems.FAILED,
        _("Something went wrong here"),
        500,
        _(
            "Tell who runs this installation the request_id: the log says more about it."
        ),
    )
    return problems.plain(document)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form without its token."""
    if not is_call(request):
        return csrf.csrf_failure(request, reason)
    document = problems.document(
        "permission_denied", _("Not allowed"), 403, _("CSRF failed: %s") % reason
    )
    return problems.plain(document)
