"""The sources of a project: add one, list it, change it, and see what is odd in it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from labeling.models import Membership, Project, Source
from labeling.services.projects import members
from labeling.services.transfer import exporting
from labeling.services.transfer.sources import objects, schedule, sending, setting_up
from labeling.services.transfer.sources.setting_up import SourceDraft
from labeling.views.page.paging import listing
from labeling.views.page.scope import attempt, context, member_of, or_404


@login_required
@never_cache
def sources(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the sources with what became of their objects; add one, or list one."""
    member = member_of(request, slug, members.MANAGE)
    tried = attempt(request, lambda: _act(request, member))
    if tried.is_done:
        return redirect("sources", slug)
    rows = Source.objects.filter(project=member.project)
    page = context(
        member,
        "sources",
        sources=listing(request, rows, size=20),
        errors=tried.errors,
        typed=request.POST,
        has_pictures=member.project.data_type == Project.DataType.IMAGE,
        kinds=Source.Kind.choices if settings.SOURCE_FOLDER else [],
        **_choices(),
    )
    return render(request, "labeling/sources.html", page, status=tried.status)


@login_required
@never_cache
def source(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show one source and its odd objects; change, list, export to or remove it."""
    member = member_of(request, slug, members.MANAGE)
    with or_404():
        shown = setting_up.of_member(member, pk)
    tried = attempt(request, lambda: _change(request, member, shown))
    if tried.is_done:
        is_gone = request.POST.get("action") == "remove"
        return redirect("sources", slug) if is_gone else redirect("source", slug, pk)
    page = context(
        member,
        "sources",
        source=shown,
        odd=listing(request, objects.to_look_at(shown)),
        errors=tried.errors,
        formats=exporting.offered(member.project),
        has_pictures=member.project.data_type == Project.DataType.IMAGE,
        **_choices(),
    )
    return render(request, "labeling/source.html", page, status=tried.status)


def _choices() -> dict[str, object]:
    return {
        "servings": Source.Serving.choices,
        "changes": Source.Changed.choices,
        "addressings": Source.Addressing.choices,
        "most_hours": schedule.MOST_HOURS,
    }


def _hours(post: QueryDict) -> int:
    """Return the hours of a form; what is no number is refused by the service."""
    typed = post.get("every_hours", "").strip()
    return int(typed) if typed.isdecimal() and len(typed) < 9 else -1 if typed else 0


def _act(request: HttpRequest, member: Membership) -> None:
    post = request.POST
    names = ("name", "endpoint", "region", "bucket", "prefix", "key_id", "secret")
    draft = SourceDraft(
        **{name: post.get(name, "") for name in names},
        kind=post.get("kind", "s3"),
        addressing=post.get("addressing", "path"),
        every_hours=_hours(post),
        serving=post.get("serving", "copy"),
        when_changed=post.get("when_changed", "refuse"),
        has_labels="has_labels" in post,
    )
    added = setting_up.add(member.project, member.user, draft)
    setting_up.request_list(added, member.user)
    messages.success(request, _("The source is there and is being listed."))


def _change(request: HttpRequest, member: Membership, shown: Source) -> None:
    post = request.POST
    action = post.get("action", "")
    if action == "remove":
        setting_up.remove(shown)
        messages.success(request, _("The source is gone; its items stay."))
    elif action == "list":
        setting_up.request_list(shown, member.user)
        messages.success(request, _("The source is being listed."))
    elif action == "export":
        sending.request(
            shown,
            member.user,
            post.get("format", ""),
            {},
            with_embeddings="embeddings" in post,
        )
        messages.success(request, _("The export is being written into the source."))
    else:
        names = ("name", "serving", "when_changed", "key_id", "secret")
        changes: dict[str, object] = {
            name: post[name] for name in names if name in post
        }
        changes |= {"has_labels": "has_labels" in post, "every_hours": _hours(post)}
        setting_up.change(shown, changes)
        messages.success(request, _("The source was changed."))
