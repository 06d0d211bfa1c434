"""How a setting of a project is declared: once, as a field of a model.

``setting`` adds to a Django field what Django does not keep: the group under which
people find it and who reads it. Words, bounds and default are the field's own. From
this come the API, the form, the schema and the page of the documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.functional import Promise

Number = int | float
AnyField = TypeVar("AnyField", bound="models.Field[Any, Any]")
_DECLARED: Final = "assay_setting"


@dataclass(frozen=True, eq=False)
class SettingGroup:
    """Settings that stand under one heading."""

    heading: Promise


@dataclass(frozen=True)
class Setting:
    """One setting, as those who show or change it need it."""

    field: models.Field[Any, Any]
    group: SettingGroup
    read_by: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name by which programs know it."""
        return self.field.name

    @property
    def words(self) -> Promise | str:
        """The name by which people know it."""
        return self.field.verbose_name

    @property
    def least(self) -> Number | None:
        """The lowest value, of a number that has one."""
        return max(_limits(self.field, MinValueValidator), default=None)

    @property
    def most(self) -> Number | None:
        """The highest value, of a number that has one."""
        return min(_limits(self.field, MaxValueValidator), default=None)


def _limits(
    field: models.Field[Any, Any], kind: type[MinValueValidator | MaxValueValidator]
) -> Iterator[Number]:
    for validator in field.validators:
        if isinstance(validator, kind):
            yield validator.limit_value


def setting(field: AnyField, group: SettingGroup, *read_by: str) -> AnyField:
    """Declare ``field`` a setting; ``read_by`` names the rooms whose code reads it.

    Rooms of the services, ``learner`` or ``pages``.
    """
    # An attribute of the instance: Django copies it to the models that inherit the
    # field, and migrations, which rebuild fields from their arguments, do not see it.
    setattr(field, _DECLARED, (group, read_by))
    return field


def settings_of(model: type[models.Model]) -> list[Setting]:
    """Return the settings that a model declares, in the order of their fields."""
    return [
        Setting(field, *getattr(field, _DECLARED))
        for field in model._meta.fields
        if hasattr(field, _DECLARED)
    ]


class PolicyPart(models.Model):
    """Settings of a project that another application declares and reads.

    Each project has one row, made with it. The application registers its part with
    ``labeling.services.projects.policy``.
    """

    project = models.OneToOneField(
        "labeling.Project", models.CASCADE, primary_key=True, related_name="%(class)s"
    )

    class Meta:
        abstract = True

    @classmethod
    def of(cls, project_id: int) -> Self:
        """Return the settings of a project."""
        return cls._default_manager.get(pk=project_id)
