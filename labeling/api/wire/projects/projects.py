"""Projects and their settings: what is sent and returned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Self, TypeVar

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, CharField, FloatField
from django.utils.translation import gettext_noop as noop
from django.utils.translation import override
from msgspec import UNSET, Meta, UnsetType, structs

from labeling import models, queries
from labeling.api.http.fields import (
    Body,
    LabelName,
    ReplyData,
    VersionNumber,
    about,
    one_of,
    text,
)
from labeling.api.wire.projects.members import Role
from labeling.models.project import MAX_LABELS
from labeling.models.setting import Setting
from labeling.services.projects import (
    creation,
    guidelines,
    label_sets,
    members,
    policy,
)

_NAMED = Meta(min_length=1, max_length=120)
ProjectName = Annotated[str, _NAMED, about("For people; several may have the same.")]
DataType = Annotated[
    str, one_of(models.Project.DataType.values, "What its items are; it never changes.")
]
TaskType = Annotated[
    str,
    one_of(
        models.Project.TaskType.values,
        "How many labels an item has: `single` one, `multi` any number or none.",
    ),
]


def _kind(setting: Setting) -> Any:
    """Return a setting's type, as its field declares it."""
    field = setting.field
    with override("en"):
        words = str(field.help_text or setting.words)
    if isinstance(field, ArrayField):
        return _list_kind(field, words)
    if isinstance(field, CharField):
        most = field.max_length or 0
        choices = dict(field.flatchoices)
        return Annotated[str, one_of(choices, words) if choices else text(most, words)]
    if isinstance(field, BooleanField):
        return Annotated[bool, about(words)]
    plain = float if isinstance(field, FloatField) else int
    limits = Meta(description=words, ge=setting.least, le=setting.most)
    return Annotated[plain, limits]


def _list_kind(field: Any, words: str) -> Any:
    """Return the type of a list, of roles or of names."""
    if field.base_field.choices:
        notes = {"words": noop("A list of at least one role.")}
        most = len(models.Membership.Role)
        meta = Meta(min_length=1, max_length=most, description=words, extra=notes)
        return Annotated[list[Role], meta]
    each = Annotated[str, Meta(max_length=field.base_field.max_length)]
    return Annotated[list[each], Meta(max_length=field.size, description=words)]


Kind = TypeVar("Kind", bound=Body | ReplyData)


def _with_settings(kind: type[Kind], *, may_lack: bool) -> type[Kind]:
    """Return a type with the settings of a project as they are declared now."""
    settings = tuple(policy.settings().values())
    plain: Any = kind
    extended: type[Kind] = _extended(plain, settings, may_lack=may_lack)
    return extended


@lru_cache(maxsize=16)
def _extended(kind: Any, settings: tuple[Setting, ...], *, may_lack: bool) -> Any:
    fields: list[Any] = [(setting.name, _kind(setting)) for setting in settings]
    if may_lack:
        fields = [(name, type_ | UnsetType, UNSET) for name, type_ in fields]
    about_it = {"__doc__": kind.__doc__}
    return msgspec.defstruct(
        kind.__name__, fields, bases=(kind,), namespace=about_it, kw_only=True
    )


class Label(ReplyData):
    """A label of the set in force."""

    name: LabelName
    hotkey: Annotated[str, about("One letter or digit, or empty.")]
    color: Annotated[str, about("Like `#1a7f37`, or empty.")]
    description: Annotated[str, about("When it applies, for people; may be empty.")]


class LabelBody(Body):
    """A label that is wanted."""

    name: Annotated[str, _NAMED, about("As people see it; once in a set.")]
    hotkey: Annotated[
        str,
        Meta(
            pattern=r"\A[0-9A-Za-z]?\Z",
            description="The key that chooses it; empty: the page gives it one.",
            extra_json_schema={"pattern": "^[0-9A-Za-z]?$"},
            extra={"words": noop("A letter or a digit, or nothing.")},
        ),
    ] = ""
    color: Annotated[
        str,
        Meta(
            pattern=r"\A(#[0-9A-Fa-f]{6})?\Z",
            description="Like `#1a7f37`, or empty.",
            extra_json_schema={"pattern": "^(#[0-9A-Fa-f]{6})?$"},
            extra={"words": noop("A color is written like #1a7f37.")},
        ),
    ] = ""
    description: Annotated[str, text(5000, "When it applies, for people.")] = ""


# The service says how many they may be, and what else is wrong with them.
_HOW_MANY = Meta(
    extra_json_schema={
        "minItems": label_sets.MIN_LABELS,
        "maxItems": MAX_LABELS,
    }
)


def _as_texts(value: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    texts = {
        name: str(value[name]).strip()
        for name in names
        # Neither true nor false: a boolean is no number here.
        if type(value.get(name)) in (str, int, float)
    }
    return {**value, **texts}


class PolicyChange(Body, kw_only=True, forbid_unknown_fields=True):
    """What changes of a project: its name or settings; what is left out stays."""

    is_lax: ClassVar = True

    name: ProjectName | UnsetType = UNSET

    @classmethod
    def declared(cls) -> type[Self]:
        """Return the type with the settings of a project."""
        return _with_settings(cls, may_lack=True)


class ProjectBody(Body, kw_only=True):
    """A project that is wanted; settings that are left out have their usual value."""

    is_lax: ClassVar = True

    name: ProjectName
    data_type: DataType
    labels: Annotated[
        list[LabelBody], _HOW_MANY, about("Of the first set, in this order.")
    ]
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
    def eased(cls, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return texts trimmed, and a number where a text is wanted as one."""
        sent = _as_texts(super().eased(value), ("name", "slug", "guidelines"))
        if isinstance(labels := sent.get("labels"), list):
            names = LabelBody.__struct_fields__
            sent["labels"] = [
                _as_texts(label, names) if isinstance(label, dict) else label
                for label in labels
            ]
        return sent

    @classmethod
    def declared(cls) -> type[Self]:
        """Return the type with the settings of a project."""
        return _with_settings(cls, may_lack=True)


class Counts(ReplyData):
    """How far a project is; held-out items are counted in both."""

    items: Annotated[int, about("All items, whatever their state.")]
    settled: Annotated[int, about("Items with a label.")]
    disputed: Annotated[
        int, about("Items whose votes differ, until an expert decides.")
    ]
    invalid: Annotated[int, about("Items that experts took out.")]
    evaluation: Annotated[int, about("Held-out items.")]
    evaluation_settled: Annotated[int, about("Held-out items with a label.")]
    votes: Annotated[int, about("Votes that stand: without those taken back.")]
    confident: Annotated[int, about("Pool items that ever got a confident label.")]
    corrected: Annotated[
        int,
        about(
            "How often such a label was changed to another one: it counts toward the next"
            " training run like a new label."
        ),
    ]
    disagreements: Annotated[int, about("Those that wait for an expert.")]


class Project(ReplyData):
    """A project with its labels and counts; annotators see none of its settings."""

    slug: Annotated[str, about("Its short name, in addresses.")]
    name: ProjectName
    data_type: DataType
    task_type: TaskType
    labels: Annotated[
        list[Label], about("The set in force, in the order in which people see it.")
    ]
    label_set_version: Annotated[
        VersionNumber | None,
        about("Raised by each change of labels; null without any."),
    ]
    guidelines: Annotated[str, about("Markdown.")]
    guideline_version: Annotated[
        VersionNumber | None,
        about("Raised by each change of the text; null without any."),
    ]
    counts: Annotated[Counts, about("As they are now.")]

    @classmethod
    def declared(cls) -> type[Self]:
        """Return the type with the settings of a project.

        Whoever is asked the questions is not told how often they are checks.
        """
        return _with_settings(cls, may_lack=True)


class ProjectRow(ReplyData):
    """A project of a list."""

    slug: Annotated[str, about("Its short name, in addresses.")]
    name: ProjectName
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
            label_sets.LabelDraft(
                **_as_texts(structs.asdict(label), ("name", "description"))
            )
            for label in body.labels
        ],
        guidelines=body.guidelines.strip(),
        policy=settings_in(body),
    )


def project_of(project: models.Project, role: str = "") -> Project:
    """Return a project with its labels and counts, and the settings for some roles."""
    label_set, guideline = project.label_set, project.guideline
    known = policy.values_of(project) if role in members.EXPLORE else {}
    return Project.declared()(
        slug=project.slug,
        name=project.name,
        data_type=project.data_type,
        task_type=project.task_type,
        labels=[_label_of(label) for label in label_set.labels.all()]
        if label_set
        else [],
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
