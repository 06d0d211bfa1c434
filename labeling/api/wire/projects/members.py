"""Members and invitations: what is sent and returned."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType, convert

from labeling import models
from labeling.api.http.fields import (
    AccountName,
    Added,
    Body,
    Moment,
    ReplyData,
    about,
    checked_later,
    one_of,
)
from labeling.models import Membership
from labeling.quality.skills import Skill
from labeling.services.projects import (
    invitations,
)

Role = Annotated[
    str,
    one_of(
        Membership.Role.values,
        "`annotator` votes; `expert` also decides disagreements, `engineer` sees to models, "
        "`manager` may do everything.",
    ),
]
SomeRole = Annotated[
    str,
    one_of(Membership.Role.values, "Left out: `annotator`.", or_empty=True),
]


class MemberBody(Body):
    """A user who is to be a member, and the role."""

    or_nothing: ClassVar = frozenset({"user", "role"})

    user: Annotated[
        Annotated[str, Meta(max_length=150)] | None,
        Meta(description="The account's name."),
    ] = None
    role: SomeRole | None = None


class MemberChange(Body, forbid_unknown_fields=True):
    """What changes of a member; what is left out stays."""

    is_lax: ClassVar = True

    role: Role | UnsetType = UNSET
    quota: (
        Annotated[
            int,
            Meta(ge=1, le=2**31 - 1, description="The most answers; null: no limit."),
        ]
        | UnsetType
        | None
    ) = UNSET
    is_paused: (
        Annotated[bool, about("Get nothing new; what is held may be finished.")]
        | UnsetType
    ) = UNSET


class MemberSkill(ReplyData):
    """How often a person is right, from votes on the same items and from experts."""

    value: Annotated[
        float, Meta(ge=0, le=1, description="The share of votes that are right.")
    ]
    low: Annotated[
        float, Meta(ge=0, le=1, description="Where the 95 % interval begins.")
    ]
    high: Annotated[float, Meta(ge=0, le=1, description="Where it ends.")]
    votes: Annotated[int, about("From how many of their votes it is known.")]


class Member(ReplyData):
    """Somebody who works on a project."""

    user: Annotated[str, about("The account's name.")]
    role: Role
    quota: Annotated[int | None, about("The most answers; null: no limit.")]
    is_paused: Annotated[bool, about("Gets nothing new; what is held may be finished.")]
    skill: Annotated[
        MemberSkill | None,
        about("Null where it is not known yet, or who asks is no manager."),
    ] = None


class PasswordLinkMade(ReplyData):
    """A new link."""

    url: Annotated[str, about("Told now and never again; good once, within a day.")]


class InvitationBody(Body):
    """A link that is wanted."""

    or_nothing: ClassVar = frozenset({"role"})

    role: SomeRole | None = None
    days: Annotated[
        int, checked_later(1, invitations.MOST_DAYS, "For how many days it holds.")
    ] = invitations.USUAL_DAYS
    uses: (
        Annotated[int, checked_later(1, invitations.MOST_USES, "Null: no limit.")]
        | None
    ) = None


class Invitation(ReplyData):
    """A link that makes who opens it a member, without its code."""

    id: Annotated[int, about("Names the link where it is withdrawn.")]
    role: Role
    created_by: AccountName
    created_at: Added
    expires_at: Annotated[Moment, about("From then on nobody can join by it.")]
    uses: Annotated[int | None, about("How often at most; null: no limit.")]
    used: Annotated[int, about("How many people have gained something by it.")]
    is_over: Annotated[bool, about("Expired, used up or withdrawn.")]


class InvitationMade(Invitation):
    """A new link."""

    url: Annotated[str, about("Told now and never again.")]


def member_of(member: Membership, skill: Skill | None = None) -> Member:
    """Return somebody who works on a project."""
    known = None
    if skill:
        known = convert(skill, MemberSkill, from_attributes=True)
    return Member(
        skill=known,
        user=member.user.username,
        role=member.role,
        quota=member.quota,
        is_paused=member.is_paused,
    )


def invitation_of(invitation: models.Invitation) -> Invitation:
    """Return a link without its code."""
    return Invitation(
        id=invitation.pk,
        role=invitation.role,
        created_by=invitation.created_by.username,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
        uses=invitation.uses,
        used=invitation.used,
        is_over=invitations.why_over(invitation) != "",
    )
