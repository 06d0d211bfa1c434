"""What users of predictions say of them, and the button that has people look."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache

from activelearn.services.predictions import feedback as service
from labeling.services.projects import members
from labeling.views.page.scope import attempt, context, member_of


@login_required
@never_cache
def feedback(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the rates by label and by day; send what contradicts to people."""
    member = member_of(request, slug, members.EXPLORE)
    tried = attempt(request, lambda: service.send(member.project))
    if tried.is_done:
        words = ngettext(
            "People are asked about %(count)s item.",
            "People are asked about %(count)s items.",
            tried.result,
        )
        messages.success(request, words % {"count": tried.result})
        return redirect("feedback", slug)
    page = context(
        member,
        "feedback",
        report=service.report(member.project),
        days=service.DAYS,
        most=service.BATCH,
        errors=tried.errors,
    )
    return render(request, "activelearn/feedback.html", page, status=tried.status)
