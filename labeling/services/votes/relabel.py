"""Rename and merge labels: what is labeled follows, what was voted is kept as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from psycopg.types.json import Jsonb

from labeling import queries
from labeling.errors import InvalidInputError
from labeling.models import Annotation, Item, LabelSet, Project

# Two labels that become one are named once, and their shares are added up.
_RESOLUTIONS = """
UPDATE labeling_resolution SET
  labels = (SELECT array_agg(DISTINCT coalesce(%(moves)s ->> old, old)
                             ORDER BY coalesce(%(moves)s ->> old, old))
            FROM unnest(labels) AS old),
  soft_label = (SELECT coalesce(jsonb_object_agg(name, share), '{}') FROM (
    SELECT coalesce(%(moves)s ->> key, key) AS name,
           least(1, sum(value::float)) AS share
    FROM jsonb_each_text(soft_label) GROUP BY 1) AS shares),
  label_set_id = %(set)s
WHERE project_id = %(project)s AND superseded_at IS NULL AND labels && %(old)s
"""
_GOLD = """
UPDATE labeling_gold SET
  labels = (SELECT array_agg(DISTINCT coalesce(%(moves)s ->> old, old)
                             ORDER BY coalesce(%(moves)s ->> old, old))
            FROM unnest(labels) AS old),
  label_set_id = %(set)s
WHERE labels && %(old)s
  AND item_id IN (SELECT id FROM labeling_item WHERE project_id = %(project)s)
"""


def check(project: Project, names: Iterable[str], moves: Mapping[str, str]) -> None:
    """Refuse a mapping that leads nowhere, and the loss of a label that is in use."""
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
        cursor.execute(_RESOLUTIONS, values)
        cursor.execute(_GOLD, values)
    voted = Annotation.votes.filter(
        project_id=label_set.project_id, undone_at=None, labels__overlap=list(moves)
    )
    Item.objects.filter(pk__in=voted.values("item")).update(is_unsettled=True)


def names_now(project_id: int) -> dict[int, dict[str, str]]:
    """Return for each label set what its renamed labels are called today."""
    today: dict[str, str] = {}
    found: dict[int, dict[str, str]] = {}
    sets = LabelSet.objects.filter(project=project_id).order_by("-version")
    for pk, moves in sets.values_list("pk", "mapping"):
        found[pk] = today
        # A version's mapping leads to it from the version before.
        today = {**today, **{old: today.get(new, new) for old, new in moves.items()}}
    return found


def translated(labels: Sequence[str], moves: Mapping[str, str]) -> tuple[str, ...]:
    """Return the labels of a vote by their names of today."""
    return tuple(sorted({moves.get(label, label) for label in labels}))
