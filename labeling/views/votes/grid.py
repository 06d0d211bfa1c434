"""The page of items to confirm at once."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from labeling.services.projects import members
from labeling.services.votes import grid as pages
from labeling.views.page.scope import context, member_of
from labeling.views.page.words import station_words
from labeling.views.queue.station import station_setup


@login_required
def grid(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the grid; the items come by the API."""
    member = member_of(request, slug, members.LABEL)
    page = context(
        member,
        "station",
        **station_setup(member),
        words=station_words(),
        is_possible=pages.is_useful(member.project),
        is_of_several_votes=pages.is_possible(member.project),
    )
    return render(request, "labeling/grid.html", page)
