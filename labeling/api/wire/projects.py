"""Projects, their people and their items: what is sent and answered."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Final, Self, TypeVar

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, FloatField
from django.utils.translation import gettext_noop as noop
from django.utils.translation import override
from msgspec import UNSET, Meta, UnsetType, structs

from labeling import models, queries
from labeling.api.http.fields import Answer, Body, Columns, Share, about, one_of, text
from labeling.api.wire.queue import media_url
from labeling.models import Membership, Resolution
from labeling.models.setting import Setting
from labeling.services.projects import (
    creation,
    guidelines,
    invitations,
    label_sets,
    policy,
)

Item = models.Item
MOST_DELETED: Final = 10**15
Role = Annotated[str, one_of(Membership.Role.values)]
SomeRole = Annotated[
    str,
    one_of(Membership.Role.values, "Left out: `annotator`.", or_empty=True),
]
Name = Annotated[str, Meta(min_length=1, max_length=120)]
DataType = Annotated[str, one_of(models.Project.DataType.values)]
TaskType = Annotated[str, one_of(models.Project.TaskType.values)]


def _kind(setting: Setting) -> Any:
    """Return a setting's type, as its field declares it."""
    field = setting.field
    with override("en"):
        words = str(field.help_text or setting.words)
    if isinstance(field, ArrayField):
        told = {"words": noop("A list of at least one role.")}
        return Annotated[
            list[Role], Meta(min_length=1, max_length=4, description=words, extra=told)
        ]
    if field.choices:
        return Annotated[str, one_of(dict(field.flatchoices), words)]
    if isinstance(field, BooleanField):
        return Annotated[bool, about(words)]
    plain = float if isinstance(field, FloatField) else int
    limits = Meta(description=words, ge=setting.least, le=setting.most)
    return Annotated[plain, limits]


Kind = TypeVar("Kind", bound=Body | Answer)


def _with_settings(kind: type[Kind], *, may_lack: bool) -> type[Kind]:
    """Return a type with the settings of a project as they are declared now."""
    settings = tuple(policy.settings().values())
    plain: Any = kind
    extended: type[Kind] = _extended(plain, settings, may_lack=may_lack)
    return extended


@lru_cache(maxsize=16)
def _extended(kind: Any, settings: tuple[Setting, ...], *, may_lack: bool) -> Any:
    fields: list[Any] = [(one.name, _kind(one)) for one in settings]
    if may_lack:
        fields = [(name, one | UnsetType, UNSET) for name, one in fields]
    about_it = {"__doc__": kind.__doc__}
    return msgspec.defstruct(
        kind.__name__, fields, bases=(kind,), namespace=about_it, kw_only=True
    )


class Label(Answer):
    """A label of the set in force."""

    name: str
    hotkey: Annotated[str, about("One letter or digit, or empty.")]
    color: Annotated[str, about("Like `#1a7f37`, or empty.")]
    description: str


class LabelBody(Body):
    """A label that is wanted."""

    name: Name
    hotkey: Annotated[
        str,
        Meta(
            pattern=r"\A[0-9A-Za-z]?\Z",
            extra_json_schema={"pattern": "^[0-9A-Za-z]?$"},
            extra={"words": noop("A letter or a digit, or nothing.")},
        ),
    ] = ""
    color: Annotated[
        str,
        Meta(
            pattern=r"\A(#[0-9A-Fa-f]{6})?\Z",
            extra_json_schema={"pattern": "^(#[0-9A-Fa-f]{6})?$"},
            extra={"words": noop("A color is written like #1a7f37.")},
        ),
    ] = ""
    description: Annotated[str, text(5000)] = ""


class PolicyChange(Body, kw_only=True, forbid_unknown_fields=True):
    """What changes of a project: its name or settings; what is left out stays."""

    name: Name | UnsetType = UNSET

    @classmethod
    def declared(cls) -> type[Self]:
        """Return the type with the settings of a project."""
        return _with_settings(cls, may_lack=True)


class ProjectBody(Body, kw_only=True):
    """A project that is wanted; settings that are left out have their usual value."""

    name: Name
    data_type: DataType
    labels: list[LabelBody]
    task_type: TaskType = "single"
    slug: (
        Annotated[
            str,
            Meta(
                max_length=60,
                pattern=r"\A[-a-zA-Z0-9_]+\Z",
                description="Its short name, in addresses; left out: made of the name.",
                extra_json_schema={"pattern": "^[-a-zA-Z0-9_]+$"},
                extra={"words": noop("Letters, digits, hyphens and underscores.")},
            ),
        ]
        | UnsetType
    ) = UNSET
    guidelines: Annotated[str, text(guidelines.MAX_LENGTH, "Markdown.")] = ""

    @classmethod
    def declared(cls) -> type[Self]:
        """Return the type with the settings of a project."""
        return _with_settings(cls, may_lack=True)


class Counts(Answer):
    """How far a project is; held-out items are counted in both."""

    items: int
    settled: int
    disputed: int
    invalid: int
    evaluation: int
    evaluation_settled: int
    votes: int
    confident: int
    disagreements: int


class Project(Answer):
    """A project with its labels, settings and counts."""

    slug: Annotated[str, about("Its short name, in addresses.")]
    name: str
    data_type: DataType
    task_type: TaskType
    labels: list[Label]
    label_set_version: int | None
    guidelines: Annotated[str, about("Markdown.")]
    guideline_version: int | None
    counts: Counts

    @classmethod
    def declared(cls) -> type[Self]:
        """Return the type with the settings of a project."""
        return _with_settings(cls, may_lack=False)


class ProjectRow(Answer):
    """A project of a list."""

    slug: str
    name: str
    data_type: DataType
    task_type: TaskType


class DeletionQuery(Body):
    """What makes sure that a project is meant."""

    confirm: Annotated[
        str,
        Meta(
            description="The project's short name once more.",
            extra={"words": noop("The short name of the project.")},
        ),
    ] = ""


class MemberBody(Body):
    """Who is to be a member, and as what."""

    user: Annotated[str | None, Meta(description="The account's name.")] = None
    role: SomeRole | None = None


class MemberChange(Body, forbid_unknown_fields=True):
    """What changes of a member; what is left out stays."""

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


class Member(Answer):
    """Somebody who works on a project."""

    user: Annotated[str, about("The account's name.")]
    role: Role
    quota: Annotated[int | None, about("The most answers; null: no limit.")]
    is_paused: bool


class InvitationBody(Body):
    """A link that is wanted."""

    role: SomeRole | None = None
    days: Annotated[
        int,
        Meta(ge=1, le=invitations.MOST_DAYS, description="For how many days it holds."),
    ] = invitations.USUAL_DAYS
    uses: (
        Annotated[
            int, Meta(ge=1, le=invitations.MOST_USES, description="Null: no limit.")
        ]
        | None
    ) = None


class Invitation(Answer):
    """A link that makes who opens it a member, without its code."""

    id: int
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime
    uses: Annotated[int | None, about("How often at most; null: no limit.")]
    used: int
    is_over: bool


class InvitationMade(Invitation):
    """A new link."""

    url: Annotated[str, about("Told now and never again.")]


class ItemsQuery(Body):
    """Which items; more than one filter: all hold."""

    state: Annotated[str, one_of(Item.State.values)] | UnsetType = UNSET
    split: Annotated[str, one_of(Item.Split.values)] | UnsetType = UNSET
    label: Annotated[str, about("The label that an item has now.")] = ""
    predicted: Annotated[str, about("What the serving model takes it for.")] = ""
    confidence_lt: (
        Annotated[
            float, Meta(ge=0, le=1, description="The model is less sure than this.")
        ]
        | UnsetType
    ) = UNSET
    tag: str = ""
    id: Annotated[str, about("How the external id begins.")] = ""
    q: Annotated[str, about("Words in the data.")] = ""

    def filters(self) -> dict[str, str]:
        """Return the filters that are set, as texts."""
        named = {name: getattr(self, name) for name in queries.ITEM_FILTERS}
        return {name: str(one) for name, one in named.items() if one not in ("", UNSET)}


class DeletedItemsQuery(ItemsQuery, kw_only=True, forbid_unknown_fields=True):
    """Which items are to be deleted."""

    unknown: ClassVar[str] = noop("This is no filter.")
    all: Annotated[str, one_of(["yes"], "That all are meant.")] | UnsetType = UNSET
    expect: (
        Annotated[
            int,
            Meta(
                ge=0,
                lt=MOST_DELETED,
                description="How many it must be, or none is deleted.",
                extra={"words": noop("A whole number.")},
            ),
        ]
        | None
    ) = None

    def filters(self) -> dict[str, str]:
        """Return the filters that are set, as texts."""
        is_all = {} if self.all is UNSET else {"all": self.all}
        return {**ItemsQuery.filters(self), **is_all}


class ItemRow(Answer):
    """An item with its label and what the model says of it."""

    id: int
    external_id: Annotated[str, about("The name that the import gave it.")]
    data: Columns
    media_url: Annotated[str | None, about("Where its picture is, for members.")]
    metadata: Annotated[dict[str, Any], about("Free: what the import brought along.")]
    tags: list[str]
    split: Annotated[str, one_of(Item.Split.values)]
    state: Annotated[str, one_of(Item.State.values)]
    votes: int
    labels: Annotated[list[str] | None, about("Null without a label.")]
    label_source: Annotated[str, one_of(Resolution.Source.values)] | None
    confidence: Annotated[Share | None, about("The share of the votes for the label.")]
    predicted: Annotated[
        str | None, about("What the serving model says; null for held-out items.")
    ]
    predicted_confidence: Share | None


def settings_in(body: ProjectBody | PolicyChange) -> dict[str, object]:
    """Return the settings that were sent."""
    sent = {name: getattr(body, name) for name in policy.settings()}
    return {name: value for name, value in sent.items() if value is not UNSET}


def draft_of(body: ProjectBody) -> creation.ProjectDraft:
    """Return the project that is wanted."""
    return creation.ProjectDraft(
        name=body.name.strip(),
        slug="" if body.slug is UNSET else body.slug,
        data_type=body.data_type,
        task_type=body.task_type,
        labels=[
            label_sets.LabelDraft(**{**structs.asdict(one), "name": one.name.strip()})
            for one in body.labels
        ],
        guidelines=body.guidelines.strip(),
        policy=settings_in(body),
    )


def project_of(project: models.Project) -> Project:
    """Return a project with its labels, settings and counts."""
    label_set, guideline = project.label_set, project.guideline
    known = policy.values_of(project)
    return Project.declared()(
        slug=project.slug,
        name=project.name,
        data_type=project.data_type,
        task_type=project.task_type,
        labels=[_label_of(one) for one in label_set.labels.all()] if label_set else [],
        label_set_version=label_set.version if label_set else None,
        guidelines=guideline.text if guideline else "",
        guideline_version=guideline.version if guideline else None,
        counts=msgspec.convert(queries.progress(project), Counts, from_attributes=True),
        **known,
    )


def _label_of(label: models.Label) -> Label:
    return Label(
        name=label.name,
        hotkey=label.hotkey,
        color=label.color,
        description=label.description,
    )


def row_of(project: models.Project) -> ProjectRow:
    """Return a project of a list."""
    return ProjectRow(
        slug=project.slug,
        name=project.name,
        data_type=project.data_type,
        task_type=project.task_type,
    )


def member_of(member: Membership) -> Member:
    """Return somebody who works on a project."""
    return Member(
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


def item_row_of(slug: str, item: models.Item, label: Resolution | None) -> ItemRow:
    """Return an item with its label and what the model says of it.

    A held-out item judges the model, so it comes without the model's answer.
    """
    is_blind = item.split == Item.Split.EVALUATION
    prediction = None if is_blind else getattr(item, "prediction", None)
    return ItemRow(
        id=item.pk,
        external_id=item.external_id,
        data=item.data,
        media_url=media_url(slug, item),
        metadata=item.metadata,
        tags=item.tags,
        split=item.split,
        state=item.state,
        votes=item.votes,
        labels=label.labels if label else None,
        label_source=label.source if label else None,
        confidence=label.confidence if label else None,
        predicted=prediction.label if prediction else None,
        predicted_confidence=prediction.confidence if prediction else None,
    )
