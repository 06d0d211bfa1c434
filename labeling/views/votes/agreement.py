"""How well the annotators agree, now and over time."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from labeling.models import AgreementReport
from labeling.services.projects import members
from labeling.views.page.charts import Curve, Point, curve
from labeling.views.page.paging import listing
from labeling.views.page.scope import context, member_of

SHOWN: Final = 60
FRAMES: Final[dict[str, Promise]] = {
    "random": _("drawn by chance, held-out ones too"),
    "model": _("picked by the model"),
    "gold": _("gold questions"),
    "other": _("chosen, imported or in their order"),
}


@login_required
def agreement(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the newest report, its history, and who it is about."""
    member = member_of(request, slug, members.EXPLORE)
    reports = AgreementReport.objects.filter(project=member.project)
    newest = list(reports[:SHOWN])
    history = reports.defer("body").order_by("-computed_at", "-pk")
    page = context(
        member,
        "agreement",
        report=newest[0] if newest else None,
        curve=_curve(newest),
        frames=_frames(newest[0]) if newest else (),
        history=listing(request, history, size=20, project=member.project),
    )
    return render(request, "labeling/agreement.html", page)


def _frames(report: AgreementReport) -> list[tuple[Promise, dict[str, Any]]]:
    """Return the figures by how the items came to people, each with its name."""
    return [
        (FRAMES.get(row["frame"], row["frame"]), row)
        for row in report.body.get("frames", ())
    ]


def _curve(newest: list[AgreementReport]) -> Curve | None:
    """Return alpha over the reports, oldest first; one report is no curve."""
    points = []
    for report in reversed(newest):
        if report.krippendorff_alpha is None:
            continue
        low, high = report.body.get("alpha_interval") or (None, None)
        name = date_format(report.computed_at, "SHORT_DATETIME_FORMAT")
        points.append(Point(name, report.krippendorff_alpha, low, high))
    if len(points) < 2:
        return None
    least = min(point.value if point.low is None else point.low for point in points)
    return curve(points, low=0.0 if least >= 0 else -1.0, high=1.0)
