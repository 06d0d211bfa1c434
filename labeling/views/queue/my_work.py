"""A person's own work and what became of it; never compared with anybody else's."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from labeling import queries
from labeling.models import Annotation, Inquiry, Membership, Resolution
from labeling.services.experts import inquiries
from labeling.services.projects import members
from labeling.views.page.paging import listing
from labeling.views.page.scope import attempt, context, member_of, whole

ASKED_AT_ONCE: Final = 10


@login_required
def my_work(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one's own answers, what experts ask about them, and where an expert decided otherwise."""
    member = member_of(request, slug, members.LABEL)
    tried = attempt(request, lambda: _answer(request, member))
    if tried.is_done:
        messages.success(request, _("Your answer is sent."))
        return redirect("my-work", slug)
    decided = Resolution.objects.filter(
        superseded_at=None, source=Resolution.Source.EXPERT, item__split="pool"
    )
    own = (
        Annotation.votes.select_related("item", "item__media")
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
        votes=listing(request, own, size=25),
        # Those that follow are shown as these are answered.
        questions=inquiries.waiting_for(member)[:ASKED_AT_ONCE],
        typed=request.POST if tried.errors else {},
        errors=tried.errors,
    )
    return render(request, "labeling/my_work.html", page, status=tried.status)


def _answer(request: HttpRequest, member: Membership) -> Inquiry:
    """Keep an answer to an expert's question."""
    pk = whole(request.POST.get("inquiry"))
    return inquiries.answer(member, pk, request.POST.get("answer", ""))
