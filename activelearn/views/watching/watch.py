"""The page of the watch over one project, and that over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext

from activelearn.core.watching import verdicts
from activelearn.models import ModelVersion, Promotion, WatchReference, WatchWindow
from activelearn.services.versions import registry
from activelearn.services.watching import references, strangers, streams
from activelearn.services.watching import watch as service
from activelearn.views.watching import words
from labeling.models import Membership
from labeling.services.projects import members
from labeling.views.page.charts import Curve, Point, curve
from labeling.views.page.paging import Listing, listing
from labeling.views.page.scope import attempt, context, member_of, whole

SHOWN: Final = 20


@dataclass(frozen=True)
class WatchedWindow:
    """A window with what it shows, in sentences."""

    row: WatchWindow
    sentences: list[str]


@dataclass(frozen=True)
class MovedMeasure:
    """A measure before and now, and by how many of its deviations it moved."""

    name: str
    before: float
    now: float
    moved: float


@dataclass(frozen=True)
class WatchPicture:
    """How large the difference was in each window, and where versions came to serve."""

    effects: Curve
    windows: list[tuple[float, WatchWindow, float]]
    markers: list[tuple[float, int]]


@login_required
def watch(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how what serves fares: a light, verdicts with their evidence, windows."""
    member = member_of(request, slug, members.ENGINEER)
    project = member.project
    tried = attempt(request, lambda: _send(request, member))
    if tried.is_done:
        return redirect("watch", slug)
    champion = registry.champion(project)
    newest = service.newest(project.pk)
    windows = WatchWindow.objects.filter(project=project).order_by("-pk")
    shown = listing(request, windows, size=SHOWN)
    page = context(
        member,
        "watch",
        errors=tried.errors,
        champion=champion,
        light=WatchWindow.Light(newest[0].light if newest else "gray"),
        newest=[WatchedWindow(row, words.sentences_of(row)) for row in newest],
        waiting=streams.waiting(champion) if champion else 0,
        wanted=streams.WINDOW,
        windows=shown,
        picture=_picture(shown, project.pk),
        moved=_moved(champion, newest),
    )
    return render(request, "activelearn/watch.html", page, status=tried.status)


def _send(request: HttpRequest, member: Membership) -> None:
    """Send a group of outliers to people."""
    window, group = (whole(request.POST.get(name)) for name in ("window", "group"))
    batch = strangers.send(member.project, member.user, window, group)
    text = ngettext(
        "%(items)s item comes next in the queue.",
        "%(items)s items come next in the queue.",
        len(batch.items),
    )
    messages.success(request, text % {"items": len(batch.items)})


def _picture(shown: Listing[WatchWindow], project_id: int) -> WatchPicture | None:
    rows = [row for row in shown.rows if row.stream != WatchWindow.Stream.OUTCOMES][
        ::-1
    ]
    if len(rows) < 2:
        return None
    effects = [service.effect_of(row) for row in rows]
    points = [Point(str(row.size), e) for row, e in zip(rows, effects, strict=True)]
    drawn = curve(points, low=0.0, high=1.0)
    places = [dot.x for dot in drawn.dots]
    return WatchPicture(
        drawn,
        list(zip(places, rows, effects, strict=True)),
        _markers(project_id, rows, places),
    )


def _markers(
    project_id: int, rows: Sequence[WatchWindow], places: Sequence[float]
) -> list[tuple[float, int]]:
    """Return where in the picture versions were promoted, each with its number."""
    promoted = Promotion.objects.filter(
        project=project_id, at__range=(rows[0].started_at, rows[-1].ended_at)
    ).select_related("model")[:SHOWN]
    markers = []
    for promotion in promoted:
        later = [
            x
            for row, x in zip(rows, places, strict=True)
            if row.ended_at >= promotion.at
        ]
        if later:
            markers.append((later[0], promotion.model.number))
    return markers


def _moved(
    champion: ModelVersion | None, newest: Sequence[WatchWindow]
) -> list[MovedMeasure]:
    """Return the measures that moved most in the newest window of items."""
    rows = [row for row in newest if row.stream != WatchWindow.Stream.OUTCOMES]
    if champion is None or not rows:
        return []
    latest = max(rows, key=lambda row: row.ended_at)
    reference = WatchReference.objects.filter(
        project=champion.project_id, model_number=champion.number
    ).first()
    if reference is None:
        return []
    before, now = references.gathered_of(reference), references.gathered_of(latest)
    return [
        MovedMeasure(name, before.inputs[name].mean, now.inputs[name].mean, by)
        for name, by in verdicts.moved(before, now)
    ]


@login_required
def every_project(request: HttpRequest) -> HttpResponse:
    """Show the light of each project that the person may watch."""
    mine = Membership.objects.filter(
        user_id=request.user.pk or 0, role__in=members.ENGINEER
    ).select_related("project")
    shown = listing(request, mine.order_by("pk"), size=SHOWN)
    worst = service.worst_of([row.project_id for row in shown.rows])
    rows = [(row, worst.get(row.project_id)) for row in shown.rows]
    page: dict[str, Any] = {"members": shown, "lights": rows}
    return render(request, "activelearn/watch_all.html", page)
