"""The people of a project."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from labeling.errors import InvalidInputError, NotFoundError
from labeling.models import Invitation, Membership
from labeling.services.accounts import names
from labeling.services.projects import invitations, members, password_links
from labeling.services.projects.invitations import MOST_DAYS, why_over
from labeling.services.votes import skills
from labeling.views.page.paging import listing
from labeling.views.page.scope import attempt, context, member_of, whole


@login_required
@never_cache
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the members; add, change and remove them."""
    member = member_of(request, slug, members.MANAGE)
    tried = attempt(request, lambda: _act(request, member))
    if tried.is_done and not tried.result:
        return redirect("members", slug)
    made = Invitation.objects.select_related("created_by").filter(
        project=member.project
    )
    links = listing(request, made, names=("older-links", "newer-links"))
    rows = Membership.objects.select_related("user").filter(project=member.project)
    listed = listing(
        request, rows.order_by("user__username", "pk"), project=member.project
    )
    known = skills.of_people(skills.newest(member.project_id))
    page = context(
        member,
        "members",
        link=tried.result if request.POST.get("action") == "invite" else None,
        password_link=(
            tried.result if request.POST.get("action") == "password-link" else None
        ),
        links=links,
        invitations=[(link, why_over(link)) for link in links.rows],
        most_days=MOST_DAYS,
        people=listed,
        members=[(person, known.get(person.user_id)) for person in listed.rows],
        roles=Membership.Role.choices,
        errors=tried.errors,
        typed=request.POST,
    )
    return render(request, "labeling/members.html", page, status=tried.status)


def _act(request: HttpRequest, member: Membership) -> str | None:
    """Do what was pressed; return the link that is to be shown once."""
    action = request.POST.get("action", "add")
    if action == "invite":
        return _invite(request, member)
    if action == "password-link":
        return _password_link(request, member)
    if action == "revoke":
        invitations.revoke(member, whole(request.POST.get("invitation")))
        messages.success(request, _("The link does not work any more."))
    elif action == "add":
        _add(request, member)
    else:
        _change(request, member, action)
    return None


def _invite(request: HttpRequest, member: Membership) -> str:
    made = invitations.create(
        member,
        request.POST.get("role", ""),
        days=whole(request.POST.get("days")),
        uses=_limit(request.POST.get("uses", ""), "uses"),
    )
    return f"{request.build_absolute_uri(reverse('join'))}#{made.code}"


def _password_link(request: HttpRequest, member: Membership) -> str:
    other = members.other(member, pk=whole(request.POST.get("member")))
    link = password_links.make(member, other)
    path = reverse("new-password", args=(link.account, link.key))
    return request.build_absolute_uri(path)


def _change(request: HttpRequest, member: Membership, action: str) -> None:
    other = members.other(member, pk=whole(request.POST.get("member")))
    if action == "remove":
        members.remove(other)
        messages.success(
            request,
            _("%(name)s is no member any more; the votes stay.")
            % {"name": other.user.username},
        )
        return
    members.change(
        other,
        role=request.POST.get("role", ""),
        is_paused="is_paused" in request.POST,
        quota=_limit(request.POST.get("quota", ""), "quota"),
    )
    messages.success(
        request, _("%(name)s was changed.") % {"name": other.user.username}
    )


def _limit(raw: str, name: str) -> int | None:
    if not raw.strip():
        return None
    if not (number := whole(raw)) or number >= 2**31:
        raise InvalidInputError(errors={name: [_("A whole number, or nothing.")]})
    return number


def _add(request: HttpRequest, member: Membership) -> None:
    name = request.POST.get("user", "").strip()
    role = request.POST.get("role", "")
    if "create" in request.POST:
        user, password = members.create_member(member.project, name, role)
        messages.info(
            request,
            _("%(name)s logs in with %(password)s (shown only now)")
            % {"name": user.username, "password": password},
        )
        return
    account = names.find(name)
    if account is None or not account.is_active:
        raise NotFoundError(_("There is no account “%(name)s”.") % {"name": name})
    members.add(member.project, account, role)
