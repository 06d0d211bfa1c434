"""The labels of a project: rename, merge and add them by a new version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from labeling import queries
from labeling.errors import InvalidInputError
from labeling.models import Label, LabelSet, Membership
from labeling.models.project import MAX_LABELS
from labeling.services.projects import label_sets, members
from labeling.views.page.paging import listing
from labeling.views.page.scope import attempt, context, member_of, whole

SPARE_ROWS: Final = 3
# What a label without a color of its own is shown in, by its place.
PALETTE: Final = ("#3b6fd4", "#1f8a55", "#c2502e", "#a347b8", "#9a7414")


@login_required
def labels(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the labels and make a new version of them."""
    member = member_of(request, slug, members.MANAGE)
    tried = attempt(request, lambda: _revise_labels(request, member))
    if tried.is_done:
        return redirect("labels", slug)
    used = queries.labels_in_use(member.project_id)
    rows = (
        _typed_rows(request.POST)
        if tried.errors
        else [_row(label) for label in _labels_of(member)]
    )
    spare = [_blank() for _number in range(SPARE_ROWS)]
    versions = LabelSet.objects.select_related("created_by").filter(
        project=member.project
    )
    page = context(
        member,
        "labels",
        errors=tried.errors,
        rows=[
            row | {"items": used.get(row["old"], 0), "place": place}
            for place, row in enumerate([*rows, *spare])
        ],
        names=[row["old"] for row in rows if row["old"]],
        versions=listing(
            request, versions.order_by("-version"), size=10, project=member.project
        ),
    )
    return render(request, "labeling/labels.html", page, status=tried.status)


def _labels_of(member: Membership) -> list[Label]:
    label_set = member.project.label_set
    return list(label_set.labels.all()) if label_set else []


def _row(label: Label) -> dict[str, str]:
    return {
        "old": label.name,
        "name": label.name,
        "hotkey": label.hotkey,
        "color": label.color or PALETTE[label.position % len(PALETTE)],
        "description": label.description,
        "into": "",
    }


def _blank() -> dict[str, str]:
    return dict.fromkeys(("old", "name", "hotkey", "color", "description", "into"), "")


def _typed_rows(form: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the rows of a posted form, in their order."""
    count = min(whole(form.get("rows")), MAX_LABELS + SPARE_ROWS)
    rows = [
        {name: form.get(f"{name}-{place}", "").strip() for name in _blank()}
        for place in range(count)
    ]
    return [row for row in rows if row["old"] or row["name"]]


def _revise_labels(request: HttpRequest, member: Membership) -> None:
    rows = _typed_rows(request.POST)
    kept = [row for row in rows if row["name"] and not row["into"]]
    drafts = [
        label_sets.LabelDraft(
            row["name"], row["hotkey"], row["color"], row["description"][:5000]
        )
        for row in kept
    ]
    names = {row["old"]: row["name"] for row in kept if row["old"]}
    moves = dict(names)
    for row in rows:
        if row["old"] and row["into"]:
            if row["into"] not in names:
                raise InvalidInputError(
                    _("“%(name)s” can only become a label that stays.")
                    % {"name": row["old"]}
                )
            moves[row["old"]] = names[row["into"]]
    made = label_sets.revise(member.project, member.user, drafts, moves)
    messages.success(
        request,
        _("Version %(number)s of the labels is in force.") % {"number": made.version},
    )
