"""Files whose rows are predicted: bring one, and take its predictions away."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from activelearn.models import PredictionBatch
from activelearn.services.predictions import batch_files
from activelearn.services.predictions import batches as service
from labeling.errors import InvalidInputError
from labeling.models import Membership
from labeling.services.projects import members
from labeling.services.transfer import exporting, importing
from labeling.services.transfer.exporting.files import is_here
from labeling.views.page.paging import listing
from labeling.views.page.scope import attempt, context, member_of


@login_required
@never_cache
def batches(request: HttpRequest, slug: str) -> HttpResponse:
    """List the files with what became of their rows; bring another one."""
    member = member_of(request, slug, members.ENGINEER)
    tried = attempt(request, lambda: _start(request, member))
    if tried.is_done:
        messages.success(request, _("The rows of the file are being predicted."))
        return redirect("batches", slug)
    rows = PredictionBatch.objects.select_related("job", "upload")
    shown = listing(request, rows.filter(project=member.project), size=20)
    page = context(
        member,
        "batches",
        batches=shown,
        ready={batch.pk for batch in shown.rows if batch_files.has_file(batch)},
        formats=list(filter(is_here, exporting.FORMATS)),
        errors=tried.errors,
    )
    return render(request, "activelearn/batches.html", page, status=tried.status)


def _start(request: HttpRequest, member: Membership) -> None:
    """Raise InvalidInputError where no file was sent, and what the services raise."""
    file = request.FILES.get("file")
    if file is None:
        raise InvalidInputError(errors={"file": [_("Choose a file.")]})
    upload = importing.stage(
        member.project, member.user, file.name or "file", file.chunks()
    )
    with importing.forgotten_if_refused(upload):
        service.start(upload, member.user)
