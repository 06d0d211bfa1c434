"""Pages about one version: its card, and what it changes against another one."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise

from activelearn.core.intervals import Estimate
from activelearn.services.judging import duels
from activelearn.services.versions import cards, comparing, lineage, registry
from activelearn.services.versions.comparing import VersionComparison
from activelearn.views.judging import duels as duel_rows
from activelearn.views.judging.evidence import KINDS
from activelearn.views.versions.cards import markdown, sections
from activelearn.views.versions.lineage import lineage_of
from labeling import queries
from labeling.models import Item, Project
from labeling.services.projects import members
from labeling.views.page.paging import listing
from labeling.views.page.scope import context, member_of, or_404, whole


@login_required
def card(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Show a version's card. Raises Http404 where there is no such version."""
    member = member_of(request, slug, members.ENGINEER)
    known = _card(member.project, number)
    page = context(
        member,
        "models",
        card=known,
        sections=list(sections(known)),
        lineage=lineage_of(known.origin),
    )
    return render(request, "activelearn/card.html", page)


@login_required
def item_models(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """List the versions that learned from an item, or were judged on it.

    Raises Http404 where there is no such item.
    """
    member = member_of(request, slug, members.ENGINEER)
    with or_404():
        item = queries.item_of(
            member.project_id, pk, Item.objects.select_related("media")
        )
    shown = listing(request, lineage.versions_of(item))
    page = context(
        member,
        "items",
        item=item,
        versions=shown,
        parts=lineage.descendants(shown.rows),
    )
    return render(request, "activelearn/item_models.html", page)


@login_required
def learned(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """List the items that a version learned from, each with the label it was taught.

    Raises Http404 where there is no such version.
    """
    member = member_of(request, slug, members.ENGINEER)
    with or_404():
        version = registry.version(member.project, number)
    items = listing(request, lineage.ancestors(version).select_related("media"))
    labels = lineage.labels_taught(version)
    page = context(
        member,
        "models",
        version=version,
        items=items,
        is_known=labels is not None,
        is_long=version.snapshot.items > lineage.MOST_TAUGHT,
        entries=[(item, (labels or {}).get(item.pk)) for item in items.rows],
    )
    return render(request, "activelearn/learned.html", page)


@login_required
def card_file(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Send a version's card as Markdown. Raises Http404 where there is no such version."""
    member = member_of(request, slug, members.ENGINEER)
    name = f"{member.project.slug}-{number}.md"
    return HttpResponse(
        markdown(_card(member.project, number)),
        content_type="text/markdown; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _card(project: Project, number: int) -> cards.Card:
    with or_404():
        return cards.card_of(project, number)


@login_required
def changes(request: HttpRequest, slug: str, number: int, before: int) -> HttpResponse:
    """List the held-out items that one of two versions alone has right.

    Raises Http404 where one of them does not exist or was not judged.
    """
    member = member_of(request, slug, members.ENGINEER)
    with or_404():
        comparison = comparing.compare(member.project, number, before)
    which = "broken" if request.GET.get("which") == "broken" else "fixed"
    entries = comparison.broken if which == "broken" else comparison.fixed
    by_item = {entry.item_id: entry for entry in entries}
    rows = Item.objects.select_related("media").filter(
        project=member.project, pk__in=list(by_item)
    )
    items = listing(request, rows)
    page = context(
        member,
        "models",
        comparison=comparison,
        both=[comparison.before.model, comparison.now.model],
        which=which,
        items=items,
        entries=[(item, by_item[item.pk]) for item in items.rows],
        slices=_slices(comparison),
        duels=duel_rows.shown(duels.between(member.project, (number, before))),
    )
    return render(request, "activelearn/changes.html", page)


@login_required
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """Go to the page of the two versions that a form names.

    Raises Http404 where it names none.
    """
    member = member_of(request, slug, members.ENGINEER)
    numbers = [whole(request.GET.get(name)) for name in ("number", "before")]
    if not all(numbers):
        raise Http404
    return redirect("changes", member.project.slug, *numbers)


@dataclass(frozen=True)
class SliceRow:
    """A slice that both versions were judged on, and the accuracy of each."""

    kind: Promise | str
    name: str
    items_before: int
    before: Estimate
    items_now: int
    now: Estimate


def _slices(comparison: VersionComparison) -> list[SliceRow]:
    first, second = (
        {
            (part["kind"], part["name"]): part["summary"]
            for part in evidence.report["slices"]
        }
        for evidence in (comparison.before, comparison.now)
    )
    return [
        SliceRow(
            KINDS.get(kind, kind),
            name,
            first[kind, name]["items"],
            Estimate(**first[kind, name]["accuracy"]),
            summary["items"],
            Estimate(**summary["accuracy"]),
        )
        for (kind, name), summary in second.items()
        if (kind, name) in first
    ]
