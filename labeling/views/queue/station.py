"""The label station: one item after the other."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from labeling.models import Assignment, Membership, Project
from labeling.services.experts import precedents
from labeling.services.projects import members
from labeling.services.queue.lease import lease_at_once
from labeling.services.votes import grid, suggestions
from labeling.templatetags.cells import beside, cells
from labeling.views.page.families import by_family
from labeling.views.page.prose import html_of
from labeling.views.page.scope import context, member_of
from labeling.views.page.words import station_words

STATION_ACTIONS: Final = (
    ("skip", _("skip")),
    ("unsure", _("unsure")),
    ("flag", _("flag")),
    ("comment", _("comment")),
    ("undo", _("undo")),
    ("guide", _("guide")),
    ("find", _("find a label")),
    ("yes", _("yes, it is this label")),
    ("no", _("no, it is another")),
    ("suggested", _("choose the labels that the model suggests")),
    ("search", _("search in the item")),
    ("next", _("next place found; with shift the one before")),
    ("more", _("more of the long cells")),
    ("words", _("mark what speaks for the suggestion")),
    ("help", _("this list")),
)


# Of longer names, in characters, a phone shows one in a row.
LONG_NAME: Final = 18


# As many as the station holds at least (state.js).
AHEAD: Final = 30


# A longer text, in characters, is left to the script.
MAX_DRAWN: Final = 20_000


# Fetched side by side instead of one import after the other.
STATION_MODULES: Final = tuple(
    f"js/annotate/{name}.js"
    for name in (
        # What the first script needs comes first.
        *("api", "outbox"),
        *("actions", "board", "clock", "desk", "dialogs", "feed", "keys", "screen"),
        *("sender", "state", "view", "words"),
    )
)


_MODULES_OF: Final = {
    "image": ("js/annotate/picture.js",),
    "table": ("js/annotate/table.js",),
}


def station_setup(member: Membership, *, ahead: int = 0) -> dict[str, Any]:
    """Return the settings that the scripts of a labeling page start from.

    ``ahead`` items are leased before all of its modules have come.
    """
    project = member.project
    labels = list(project.label_set.labels.all()) if project.label_set else []
    setup = {
        "slug": project.slug,
        "user": member.user_id,
        "username": member.user.username,
        "dataType": project.data_type,
        "isMulti": project.is_multi,
        "isSuggesting": grid.is_useful(project),
        "labelSet": project.label_set_id,
        "leaseMinutes": project.lease_minutes,
        "beside": project.beside,
        "columns": project.columns,
        "ahead": ahead,
        "labels": [{"name": label.name, "key": label.hotkey} for label in labels],
    }
    return {
        "setup": setup,
        "labels": labels,
        "families": by_family(labels),
        "has_long_names": any(len(label.name) > LONG_NAME for label in labels),
    }


def _drawn(request: HttpRequest, member: Membership) -> Assignment | None:
    """Return the person's next item where the page shows it before its scripts run.

    What a script has to show is left to it: tables, suggestions, long texts and cells,
    and line ends that a page would lose. A page that is only fetched ahead lends nothing, and
    where an item takes more than one look the page does not wait for it.
    """
    is_ahead = "prefetch" in request.headers.get("Sec-Purpose", "")
    if is_ahead or member.project.data_type == Project.DataType.TABLE:
        return None
    lent = lease_at_once(member, 1)
    if not lent or suggestions.shown(member.project, lent[0]):
        return None
    text = lent[0].item.data.get("text", "")
    is_plain = isinstance(text, str) and len(text) <= MAX_DRAWN and "\r" not in text
    columns = cells(beside(lent[0].item, member.project))
    is_short = not any(cell.is_long or "\r" in cell.words for cell in columns)
    return lent[0] if is_plain and is_short else None


@never_cache
@login_required
def station(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the label station with its first item; the others come by the API."""
    member = member_of(request, slug, members.LABEL)
    project = member.project
    guideline = project.guideline
    return render(
        request,
        "labeling/station.html",
        context(
            member,
            "station",
            **station_setup(member, ahead=AHEAD),
            drawn=_drawn(request, member),
            words=station_words(),
            has_grid=grid.is_useful(project),
            has_words=has_words(project),
            actions=[
                action for action in STATION_ACTIONS if _is_for(action[0], project)
            ],
            modules=(*STATION_MODULES, *_MODULES_OF.get(project.data_type, ())),
            guideline=html_of(guideline.text if guideline else ""),
            version=guideline.version if guideline else None,
            precedents=precedents.by_label(project),
        ),
    )


def _is_for(action: str, project: Project) -> bool:
    """Pictures cannot be searched for words; only columns have long cells."""
    if action == "more":
        return project.data_type == Project.DataType.TABLE or bool(project.beside)
    if action in ("yes", "no", "suggested"):
        is_of_several = action == "suggested"
        return grid.is_useful(project) and is_of_several == project.is_multi
    if action == "words":
        return has_words(project)
    is_image = project.data_type == Project.DataType.IMAGE
    return not (is_image and action in ("search", "next"))


def has_words(project: Project) -> bool:
    """Whether suggestions may come with the words that speak for them."""
    return grid.is_useful(project) and project.data_type == Project.DataType.TEXT
