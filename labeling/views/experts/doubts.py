"""Lists of what experts may look at: low confidence, flags, suspects."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from labeling.models import Annotation, Disagreement, Membership, Resolution
from labeling.services.experts import adjudicate, doubts
from labeling.services.projects import members
from labeling.views.page.paging import Listing, listing
from labeling.views.page.scope import attempt, context, member_of, or_404, whole

SIZE: Final = 25
Origin = Disagreement.Origin
TITLES: Final[dict[Origin, Promise]] = {
    Origin.LOW: lazy("Low confidence"),
    Origin.FLAGGED: lazy("Flagged"),
    Origin.SUSPECT: lazy("Suspects"),
}


def tabs(member: Membership, shown: str = "") -> list[dict[str, Any]]:
    """Return the experts' lists, each with how many items wait in it."""
    slug = member.project.slug
    waiting = doubts.counts(member.project)
    first = {
        "url": reverse("disagreements", args=[slug]),
        "name": _("Disagreements"),
        "count": adjudicate.waiting(member).count(),
        "is_here": not shown,
    }
    return [
        first,
        *(
            {
                "url": reverse("doubts", args=[slug, which]),
                "name": TITLES[origin],
                "count": waiting[origin],
                "is_here": which == shown,
            }
            for which, origin in doubts.NAMES.items()
        ),
    ]


def way_back(member: Membership, disagreement: Disagreement) -> dict[str, Any] | None:
    """Return the list that a disagreement was taken from; None where it was not."""
    for which, origin in doubts.NAMES.items():
        if disagreement.origin == origin:
            return {
                "url": reverse("doubts", args=[member.project.slug, which]),
                "name": TITLES[origin],
            }
    return None


@login_required
def listed(request: HttpRequest, slug: str, which: str) -> HttpResponse:
    """Show one of the lists; what is chosen opens on the page of disagreements."""
    member = member_of(request, slug, members.ADJUDICATE)
    with or_404():
        origin = doubts.named(which)
    tried = attempt(request, lambda: _act(request, member, origin))
    if tried.is_done:
        disagreement = tried.result
        here = reverse("doubts", args=[slug, which])
        to = reverse("disagreements", args=[slug])
        return redirect(f"{to}?id={disagreement.pk}" if disagreement else here)
    page = context(
        member,
        "disagreements",
        which=which,
        tabs=tabs(member, which),
        listing=_rows(request, member, origin),
        errors=tried.errors,
    )
    return render(request, "labeling/doubts.html", page, status=tried.status)


def _act(
    request: HttpRequest, member: Membership, origin: Origin
) -> Disagreement | None:
    """Open a disagreement on an item, or record that its flags were looked at."""
    pk = whole(request.POST.get("item"))
    if request.POST.get("do") == "check":
        doubts.check(member, pk)
        messages.info(request, _("It is not in this list any more."))
        return None
    return doubts.take_up(member, pk, origin)


def _rows(request: HttpRequest, member: Membership, origin: Origin) -> Listing[Any]:
    """Return a page of a list; nothing in it tells a vote or a label."""
    project = member.project
    if origin == Origin.FLAGGED:
        return listing(request, doubts.flagged(project), size=SIZE)
    rows = _with_votes(doubts.LABELS[origin](project))
    return listing(request, rows, size=SIZE, project=project)


def _with_votes(rows: QuerySet[Resolution]) -> QuerySet[Resolution]:
    unsure = (
        Annotation.votes.filter(item=OuterRef("item"), is_unsure=True, undone_at=None)
        .order_by()
        .values("item")
        .annotate(number=Count("pk"))
        .values("number")
    )
    return rows.annotate(unsure=Coalesce(Subquery(unsure), 0))
