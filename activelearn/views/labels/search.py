"""The button that looks for more items of a label."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from activelearn.services.ordering import searching
from labeling.models import Membership, User
from labeling.services.projects import members
from labeling.views.page.scope import attempt, member_of


@login_required
@require_POST
def search(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for more items that may have a label; by its description without examples."""
    member = member_of(request, slug, members.ENGINEER)
    label = request.POST.get("label", "")
    user = User.objects.get(pk=member.user_id)

    def act() -> object:
        return searching.request(member.project, label, "", user, or_described=True)

    tried = attempt(request, act)
    for error in tried.errors:
        messages.error(request, error)
    if tried.is_done:
        messages.success(
            request,
            _("More items that may be “%(label)s” are looked for and come next.")
            % {"label": label},
        )
    # The labels page is a manager's; an engineer asks for it at the rare labels.
    is_manager = Membership.Role(member.role) in members.MANAGE
    is_there = is_manager and "models" not in request.POST
    return redirect("labels" if is_there else "models", slug)
