"""What a run, a promotion, a rollback or an archive would do, before a person asks."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise

from activelearn.models import LearningPolicy
from activelearn.services.training import dry_run
from activelearn.services.versions import registry, switching
from labeling.errors import ConflictError
from labeling.models import Resolution
from labeling.services.projects import members
from labeling.views.page.scope import context, member_of, or_404


@login_required
def retrain(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a run would learn from now, and what speaks against it."""
    member = member_of(request, slug, members.ENGINEER)
    dry = dry_run.dry_run(member.project)
    sources: dict[str, Promise | str] = dict(Resolution.Source.choices)
    page = context(
        member,
        "models",
        dry=dry,
        sources=[(sources.get(name, name), count) for name, count in dry.sources],
        policy=LearningPolicy.of(member.project.pk),
    )
    return render(request, "activelearn/retrain.html", page)


@login_required
def switch(request: HttpRequest, slug: str, number: int, action: str) -> HttpResponse:
    """Show what a promotion or a rollback would change, with the button that does it.

    Raises Http404 where there is no such version.
    """
    member = member_of(request, slug, members.ENGINEER)
    change, refusal = None, ""
    with or_404():
        try:
            change = switching.preview(
                member.project, number, is_rollback=action == "rollback"
            )
        except ConflictError as error:
            refusal = error.detail
    page = context(
        member,
        "models",
        number=number,
        action=action,
        change=change,
        refusal=refusal,
        is_refused=change is not None
        and not change.is_rollback
        and registry.is_refused(change.after),
    )
    return render(
        request, "activelearn/switch.html", page, status=409 if refusal else 200
    )


@login_required
def archive(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show what it changes to put a version away, with the button that does it.

    Raises Http404 where there is no such version.
    """
    member = member_of(request, slug, members.ENGINEER)
    change, refusal = None, ""
    with or_404():
        try:
            change = switching.preview_archive(member.project, number)
        except ConflictError as error:
            refusal = error.detail
    page = context(member, "models", number=number, change=change, refusal=refusal)
    return render(
        request, "activelearn/archive.html", page, status=409 if refusal else 200
    )
