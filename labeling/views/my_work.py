"""A person's own work and what became of it; never compared with anybody else's."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from labeling import queries
from labeling.models import Annotation, Resolution
from labeling.services import members
from labeling.views.paging import newest_first
from labeling.views.scope import context, member_of


@login_required
def my_work(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one's own answers, and where an expert decided otherwise."""
    member = member_of(request, slug, members.LABEL)
    decided = Resolution.objects.filter(
        superseded_at=None, source=Resolution.Source.EXPERT, item__split="pool"
    )
    own = (
        Annotation.objects.select_related("item", "item__media")
        .filter(project=member.project, annotator_id=member.user_id, undone_at=None)
        .prefetch_related(
            Prefetch("item__resolutions", queryset=decided, to_attr="decided"),
            "item__disagreements",
        )
    )
    page = context(
        member,
        "my-work",
        work=queries.own_work(member),
        votes=newest_first(request, own, size=25),
    )
    return render(request, "labeling/my_work.html", page)
