"""Rename and merge labels: what is labeled follows, what was voted is kept as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.utils.translation import ngettext
from psycopg.types.json import Jsonb

from labeling import queries
from labeling.errors import InvalidInputError, no_project
from labeling.messages import sentence as _
from labeling.models import LabelSet, Project
from labeling.services.votes.statements import SQL

_OF_PREDICTIONS: Final = (
    *("rename_in_predictions", "rename_in_sets"),
    *("rename_in_queue", "rename_in_queued_sets"),
    *("rename_in_leases", "rename_in_leased_sets"),
    *("forget_likely_in_queue", "forget_likely_in_leases"),
    "rename_outside",
)


def check(project: Project, names: Iterable[str], moves: Mapping[str, str]) -> None:
    """Raise InvalidInputError for a mapping to no label, or where a used label is lost."""
    kept = set(names)
    if lost := sorted(set(moves.values()) - kept):
        raise InvalidInputError(
            errors={
                "labels": [
                    _("“%(name)s” is not one of the new labels.") % {"name": lost[0]}
                ]
            }
        )
    used = queries.labels_in_use(project.pk)
    if gone := sorted(name for name in used if name not in kept and name not in moves):
        count = used[gone[0]]
        why = ngettext(
            "“%(name)s” labels %(count)s item; say what it gets instead.",
            "“%(name)s” labels %(count)s items; say what they get instead.",
            count,
        )
        raise InvalidInputError(
            errors={"labels": [why % {"name": gone[0], "count": count}]}
        )


def carry(label_set: LabelSet, moves: Mapping[str, str]) -> None:
    """Give labeled items their labels' new names, and settle what votes now say."""
    if not moves:
        return
    values: dict[str, Any] = {
        "moves": Jsonb(dict(moves)),
        "old": list(moves),
        "set": label_set.pk,
        "project": label_set.project_id,
    }
    with connection.cursor() as cursor:
        # Lock order: items, by id, before the resolutions that hang on them.
        cursor.execute(SQL["mark_renamed"], values)
        cursor.execute(SQL["rename_in_resolutions"], values)
        cursor.execute(SQL["rename_in_gold"], values)


def in_force(project_id: int) -> int:
    """Return the key of the version of the labels that is in force."""
    sets = LabelSet.objects.filter(project=project_id).order_by("-version")
    return sets.values_list("pk", flat=True)[0]


def names_now(project_id: int) -> dict[int, dict[str, str]]:
    """Return for each label set what its renamed labels are called today."""
    today: dict[str, str] = {}
    names: dict[int, dict[str, str]] = {}
    sets = LabelSet.objects.filter(project=project_id).order_by("-version")
    for pk, moves in sets.values_list("pk", "mapping"):
        names[pk] = today
        # A version's mapping leads to it from the version before.
        today = {**today, **{old: today.get(new, new) for old, new in moves.items()}}
    return names


@dataclass(frozen=True)
class Words:
    """What the labels of an earlier version are called today, and all of today's."""

    moves: Mapping[str, str]
    today: frozenset[str]


def words_since(label_set_id: int) -> Words:
    """Return how the labels of a version of the labels read in the one in force.

    Raises NotFoundError where the project has been deleted.
    """
    project_ids = LabelSet.objects.values_list("project", flat=True)
    project_id = project_ids.filter(pk=label_set_id).first()
    if project_id is None:
        raise no_project()
    newest = LabelSet.objects.filter(project=project_id).latest("version")
    names = newest.labels.values_list("name", flat=True)
    return Words(names_now(project_id)[label_set_id], frozenset(names))


def rename_predictions(label_set: LabelSet, moves: Mapping[str, str]) -> None:
    """Give the model's predictions the labels' new names, until it predicts anew.

    Called last before the commit: nobody waits for entries and leases that are at work,
    and whoever wants one of these waits for nothing but the commit.
    """
    values: dict[str, Any] = {
        "moves": Jsonb(dict(moves)),
        "old": list(moves),
        "today": list(label_set.labels.values_list("name", flat=True)),
        "project": label_set.project_id,
    }
    with connection.cursor() as cursor:
        for statement in _OF_PREDICTIONS:
            cursor.execute(SQL[statement], values)


def translated(labels: Sequence[str], moves: Mapping[str, str]) -> tuple[str, ...]:
    """Return the labels of a vote by their names of today."""
    return tuple(sorted({moves.get(label, label) for label in labels}))
