"""Whose account a person of the provider has: found, made or connected, never taken over.

A person is known by the provider's key (``sub``), never by a name or an address: names are
given to others when somebody leaves, and addresses can be anybody's. So an account that exists
is connected only by somebody who has just proved both: logged in here with its password, and
there. A first log-in under a name that is taken here is refused with these words.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import IntegrityError, transaction

from config.models import Identity
from config.oidc.groups import CREATOR, STAFF, Rights
from labeling.errors import AssayError, ConflictError, ForbiddenError
from labeling.messages import sentence as _
from labeling.models import Membership, Project, User
from labeling.services.accounts import names
from labeling.services.projects import members

logger = logging.getLogger(__name__)

# Of an account, by their names in OIDC_GROUPS.
FLAGS: Final = {CREATOR: "may_create_projects", STAFF: "is_staff"}


@dataclass(frozen=True)
class Stranger:
    """Whom the provider has seen, and what they may do here."""

    issuer: str
    subject: str
    name: str
    email: str = ""
    rights: Rights = field(default_factory=lambda: Rights({}, frozenset()))


def enter(person: Stranger) -> User:
    """Return the account of a person, made at their first log-in.

    Raises ConflictError where another account has the name, InvalidInputError where it can
    be no name here, and ForbiddenError where the account was deactivated.
    """
    known = Identity.objects.select_related("user").filter(
        issuer=person.issuer, subject=person.subject
    )
    identity = known.first() or _first(person)
    if not identity.user.is_active:
        raise ForbiddenError(_("This account was deactivated: ask who runs this site."))
    identity.save(update_fields=["seen_at"])
    _grant(identity, person.rights)
    return identity.user


def _first(person: Stranger) -> Identity:
    if names.find(person.name) is not None:
        raise ConflictError(
            _(
                "There is an account “%(name)s” here already. If it is yours, log in with "
                "its password and connect it on the page Account; if not, ask who runs "
                "this site."
            )
            % {"name": person.name}
        )
    with transaction.atomic():
        user, _password = members.create_user(person.name)
        # It has none that anybody knows: a log-in by password is not meant.
        user.set_unusable_password()
        user.email = person.email
        user.save(update_fields=["password", "email"])
        identity = _link(user, person)
    logger.info("%s logged in for the first time", user.username)
    return identity


def connect(user: User, person: Stranger) -> None:
    """Let a person of the provider log in to an account of theirs.

    Raises ConflictError where the person or the account is connected already.
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                identity = _link(user, person)
        except IntegrityError as error:
            raise ConflictError(
                _(
                    "One of the two is connected already: with another account or person."
                )
            ) from error
        _grant(identity, person.rights)
    logger.info("%s was connected", user.username)


def _link(user: User, person: Stranger) -> Identity:
    return Identity.objects.create(
        issuer=person.issuer, subject=person.subject, user=user
    )


def _grant(identity: Identity, rights: Rights) -> None:
    """Give what the groups say, and take back what they gave before and do not any more.

    What people here have given stays, also where it is more.
    """
    before: Mapping[str, Any] = identity.granted
    given = {
        slug: role
        for slug, role in rights.roles.items()
        if _give(identity.user, slug, role, before.get("roles", {}).get(slug, ""))
    }
    for slug, role in before.get("roles", {}).items():
        if slug not in rights.roles:
            _take(identity.user, slug, role)
    flags = _set_flags(identity.user, rights.flags, before.get("flags", ()))
    identity.granted = {"roles": given, "flags": flags}
    identity.save(update_fields=["granted"])


def _membership(user: User, slug: str) -> Membership | None:
    mine = Membership.objects.select_related("project", "user")
    return mine.filter(user=user, project__slug=slug).first()


def _give(user: User, slug: str, role: str, before: str) -> bool:
    """Give a role; return whether the groups have given what somebody has now."""
    project = Project.objects.filter(slug=slug).first()
    if project is None:
        logger.warning("OIDC_GROUPS names no project of ours: %s", slug)
        return False
    member = _membership(user, slug)
    if member is None or member.role == before:
        return _tried(lambda: members.add(project, user, role), user, slug)
    if members.is_above(members.Role(role), members.Role(member.role)):
        return _tried(lambda: members.add(project, user, role), user, slug)
    return False


def _take(user: User, slug: str, role: str) -> None:
    member = _membership(user, slug)
    if member is not None and member.role == role:
        _tried(lambda: members.remove(member), user, slug)


def _tried(change: Callable[[], object], user: User, slug: str) -> bool:
    """Change a membership; the last manager stays, and nobody is kept out for that."""
    try:
        with transaction.atomic():
            change()
    except AssayError as error:
        logger.warning("the role of %s in %s stays: %s", user.username, slug, error)
        return False
    return True


def _set_flags(
    user: User, wanted: Collection[str], before: Collection[str]
) -> list[str]:
    """Set the flags of an account; return those that the groups have given."""
    given = [
        name
        for name in FLAGS
        if name in wanted and (name in before or not getattr(user, FLAGS[name]))
    ]
    for name in {*before, *given} & FLAGS.keys():
        setattr(user, FLAGS[name], name in given)
    user.save(update_fields=[*FLAGS.values()])
    return given
