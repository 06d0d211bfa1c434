"""The settings of a project: read them by name, check them, change them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction

from labeling import signals
from labeling.errors import InvalidInputError
from labeling.messages import sentence as _
from labeling.models import Project
from labeling.models.setting import PolicyPart, Setting, settings_of
from labeling.services.votes import skills
from labeling.services.work.transactions import lock_project
from labeling.sql import statements

_SQL: Final = statements.load(Path(__file__).with_name("policy.sql"))
_parts: list[type[PolicyPart]] = []


def register(part: type[PolicyPart]) -> None:
    """Make the settings that ``part`` declares settings of every project."""
    _parts.append(part)


def unregister(part: type[PolicyPart]) -> None:
    """Take back what ``register`` did."""
    _parts.remove(part)


def parts() -> list[type[models.Model]]:
    """Return the models that declare settings: the project's own comes first."""
    return [Project, *_parts]


def settings() -> dict[str, Setting]:
    """Return all settings by name, in the order in which they are declared."""
    return {setting.name: setting for part in parts() for setting in settings_of(part)}


def related() -> list[str]:
    """Return what a query for projects selects with them to read all settings."""
    return [_accessor(part) for part in _parts]


def values_of(project: Project) -> dict[str, Any]:
    """Return the value of each setting, by name."""
    return {
        name: getattr(_holder(project, setting), name)
        for name, setting in settings().items()
    }


def draft(project: Project, values: Mapping[str, object]) -> list[PolicyPart]:
    """Give a project that is not stored yet its settings; return its other rows.

    Raises InvalidInputError for names that are no setting and for wrong values.
    """
    rows = [part(project=project) for part in _parts]
    _set(project, rows, values)
    _check(project, rows)
    return rows


def change(project: Project, changes: Mapping[str, object]) -> Project:
    """Change settings or the name; open items follow a changed number of votes.

    Raises InvalidInputError for names that are no setting and for wrong values, and
    NotFoundError where the project has been deleted.
    """
    with transaction.atomic():
        stored = lock_project(project.pk)
        # Read under the lock: only what the caller names changes, whatever the page
        # showed.
        rows = [part.of(project.pk) for part in _parts]
        before, learner_before = _votes_asked(stored), _read_by_learner(stored, rows)
        settling_before, rechecks = _settling(stored), stored.evaluation_votes
        _set(stored, rows, changes)
        _check(stored, rows)
        stored.save(update_fields=["name", *_names(Project)])
        for row in rows:
            row.save(update_fields=_names(type(row)))
        if before != _votes_asked(stored):
            _ask_anew(stored)
        if rechecks != stored.evaluation_votes:
            skills.settle_anew(stored.pk, held_out=True)
        if settling_before != _settling(stored):
            skills.settle_anew(stored.pk)
        if learner_before != _read_by_learner(stored, rows):
            signals.send_on_commit(signals.policy_changed, stored.pk)
    return stored


def _accessor(part: type[models.Model]) -> str:
    return str(part._meta.model_name)


def _holder(project: Project, setting: Setting) -> models.Model:
    part = setting.field.model
    row: models.Model = project
    if part is not Project:
        row = getattr(project, _accessor(part))
    return row


def _names(part: type[models.Model]) -> list[str]:
    return [setting.name for setting in settings_of(part)]


def _set(
    project: Project, rows: list[PolicyPart], changes: Mapping[str, object]
) -> None:
    holders: dict[str, models.Model] = {"name": project}
    for row in (project, *rows):
        holders |= dict.fromkeys(_names(type(row)), row)
    for name, value in changes.items():
        if name not in holders:
            raise InvalidInputError(
                _("There is no setting “%(name)s”.") % {"name": name},
                errors={name: [_("Not a setting.")]},
            )
        setattr(holders[name], name, value)
    # Named alone, the overlap is the least number of votes as well.
    if "overlap" in changes and "min_votes" not in changes:
        project.min_votes = project.overlap


def _check(project: Project, rows: list[PolicyPart]) -> None:
    errors: dict[str, list[str]] = {}
    for row, others in ((project, "created_by"), *((row, "project") for row in rows)):
        try:
            row.full_clean(validate_constraints=False, exclude=[others])
        except ValidationError as error:
            errors |= error.message_dict
    if errors:
        raise InvalidInputError(errors=errors)
    if project.min_votes > project.overlap:
        raise InvalidInputError(
            errors={"min_votes": [_("At most the overlap, which limits the votes.")]}
        )


def _votes_asked(project: Project) -> tuple[object, ...]:
    return project.overlap, project.min_votes, project.overlap_share


def _settling(project: Project) -> tuple[object, ...]:
    return project.settled_by, project.confidence, project.model_votes


def _read_by_learner(project: Project, rows: list[PolicyPart]) -> dict[str, Any]:
    return {
        setting.name: getattr(row, setting.name)
        for row in (project, *rows)
        for setting in settings_of(type(row))
        if "learner" in setting.read_by
    }


def _ask_anew(project: Project) -> None:
    """Let open items want the new minimum of votes, and settle them afresh."""
    values: dict[str, str | float] = {
        "seed": str(project.seed),
        "share": project.overlap_share,
        "votes": project.min_votes,
        "project": project.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SQL["ask_anew"], values)
    signals.send_on_commit(signals.items_changed, project.pk)
