"""What programs wait for: reviews, how many, how old, and which are too late."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from labeling.models import Membership, Review
from labeling.services.projects import members
from labeling.services.queue import reviews as service
from labeling.views.page.paging import listing
from labeling.views.page.scope import attempt, context, member_of, whole


@login_required
@never_cache
def reviews(request: HttpRequest, slug: str) -> HttpResponse:
    """Count the reviews and list those of a state; withdraw one."""
    member = member_of(request, slug, members.ENGINEER)
    tried = attempt(request, lambda: _withdraw(request, member))
    if tried.is_done:
        return redirect("reviews", slug)
    asked = request.GET.get("state", "")
    which = asked if asked in service.WHICH else Review.State.OPEN.value
    rows = service.listed(member.project, which).select_related("item")
    page = context(
        member,
        "reviews",
        reviews=listing(request, rows),
        counts=service.counts(member.project),
        which=which,
        states=[*Review.State.choices, (service.OVERDUE, gettext_lazy("Overdue"))],
        errors=tried.errors,
    )
    return render(request, "labeling/reviews.html", page, status=tried.status)


def _withdraw(request: HttpRequest, member: Membership) -> None:
    service.withdraw(member.project, whole(request.POST.get("withdraw")))
    messages.success(request, _("The review was withdrawn."))
