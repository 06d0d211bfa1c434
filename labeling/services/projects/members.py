"""Accounts, members and their roles: what a person may do."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any, Final, TypedDict, Unpack

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from labeling.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    check_one_of,
    no_project,
)
from labeling.messages import sentence as _
from labeling.models import Membership, Project, User
from labeling.services.accounts import names
from labeling.services.queue import giving_back
from labeling.services.work.transactions import keep_project, lock_project
from labeling.sql import lean, statements

Role = Membership.Role

_BOTH = (("m", Membership), ("p", Project))
_SQL: Final = statements.load(Path(__file__).with_name("members.sql"))
_OF: Final = lean.with_columns(_SQL["membership"], *_BOTH)

LABEL: Final = frozenset(Role)
ADJUDICATE: Final = frozenset({Role.EXPERT, Role.MANAGER})
ENGINEER: Final = frozenset({Role.ENGINEER, Role.MANAGER})
MANAGE: Final = frozenset({Role.MANAGER})
EXPLORE: Final = ADJUDICATE | ENGINEER
_RIGHTS: Final = (LABEL, ADJUDICATE, ENGINEER, MANAGE, EXPLORE)


def is_above(role: Role, other: Role) -> bool:
    """Whether a role may do all that another role may, and more."""
    # By rights, not by a rank: of expert and engineer neither may all that the other
    # may.
    may, other_may = (
        {right for right in _RIGHTS if role_ in right} for role_ in (role, other)
    )
    return other_may < may


def membership(user: User | AnonymousUser, slug: str) -> Membership:
    """Return the person's membership with its project, in one query.

    Raises NotFoundError for an outsider: to them the project does not exist.
    """
    # Somebody who is not logged in has no id, and no membership has the id 0.
    rows = lean.fetch(_OF, {"user": user.pk or 0, "slug": slug}, *_BOTH)
    if not rows:
        raise no_project()
    member: Membership
    member, member.project = rows[0]
    return member


def require(member: Membership, allowed: frozenset[Role]) -> Membership:
    """Return ``member``; raises ForbiddenError unless its role is an allowed one."""
    if Role(member.role) not in allowed:
        names = ", ".join(str(role.label) for role in sorted(allowed))
        raise ForbiddenError(
            _("This needs the role %(roles)s; yours is %(role)s.")
            % {"roles": names, "role": Role(member.role).label}
        )
    return member


def other(member: Membership, **who: Any) -> Membership:
    """Return somebody's membership in the project of ``member``.

    ``who`` are fields of a membership. Raises NotFoundError where nobody has them.
    """
    colleague = (
        Membership.objects.select_related("user", "project")
        .filter(project=member.project_id, **who)
        .first()
    )
    if colleague is None:
        raise NotFoundError(_("This person is not a member any more."))
    return colleague


def add(project: Project, user: User, role: str) -> Membership:
    """Make ``user`` a member, or give a member another role.

    Raises InvalidInputError for an unknown role, ConflictError where the project would
    lose its last manager, and NotFoundError where it has been deleted.
    """
    check_one_of("role", role, Role.values)
    with transaction.atomic():
        # Lock order: the project before the membership, as a deletion takes them.
        lock_project(project.pk)
        member, _created = Membership.objects.select_for_update().get_or_create(
            project=project, user=user, defaults={"role": role}
        )
        _give(member, role)
    return member


class Changes(TypedDict, total=False):
    """What a manager may change of a member; what is left out stays."""

    role: str
    is_paused: bool
    quota: int | None


def change(member: Membership, **changes: Unpack[Changes]) -> Membership:
    """Change a member's role, pause or quota.

    Raises InvalidInputError for an unknown role, ConflictError where the project would
    lose its last manager, and NotFoundError where the membership has ended.
    """
    role = changes.pop("role", None)
    if role is not None:
        check_one_of("role", role, Role.values)
    with transaction.atomic():
        if role is not None:
            # Lock order: the project before the membership, as a deletion takes them.
            keep_project(member.project_id)
        Membership.objects.select_for_update().filter(pk=member.pk).first()
        # Read under the lock: ``member`` is as old as the request.
        changed = other(member, pk=member.pk)
        if role is not None:
            _give(changed, role)
        for name, value in changes.items():
            setattr(changed, name, value)
        changed.save(update_fields=list(changes))
    return changed


def remove(member: Membership) -> None:
    """End a membership: the person's votes stay, what they hold goes to others.

    Raises ConflictError for the project's last manager, and NotFoundError where the
    project has been deleted.
    """
    with transaction.atomic():
        _keep_a_manager(member)
        giving_back.release_all(member)
        member.delete()


def _give(member: Membership, role: str) -> None:
    """Give a member, whose row is locked, another role."""
    if member.role != role:
        _keep_a_manager(member)
        member.role = role
        member.save(update_fields=["role"])


def _keep_a_manager(member: Membership) -> None:
    if member.role != Role.MANAGER:
        return
    # Without this lock two managers could remove each other in a race.
    lock_project(member.project_id)
    others = Membership.objects.filter(
        project_id=member.project_id, role=Role.MANAGER
    ).exclude(pk=member.pk)
    if not others.exists():
        raise ConflictError(_("A project keeps at least one manager."))


def create_user(
    name: str, *, manager: bool = False, simulated: bool = False, password: str = ""
) -> tuple[User, str]:
    """Create an account and return it with its password, which is kept nowhere.

    Without a ``password`` a random one is made. Raises InvalidInputError for a name that
    is taken or not possible.
    """
    password = password or secrets.token_urlsafe(12)
    user = User(username=name, may_create_projects=manager, is_simulated=simulated)
    user.set_password(password)
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        raise InvalidInputError(errors=error.message_dict) from error
    names.check(user.username)
    try:
        with transaction.atomic():
            user.save()
    # Race: somebody has taken the name since.
    except IntegrityError:
        names.check(user.username)
        raise
    return user, password


def create_member(project: Project, name: str, role: str) -> tuple[User, str]:
    """Create an account and make it a member: both or neither.

    Raises InvalidInputError for a name that is not possible, and what ``add`` raises.
    """
    with transaction.atomic():
        user, password = create_user(name)
        add(project, user, role)
    return user, password
