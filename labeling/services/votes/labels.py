"""Which labels an answer may name."""

from __future__ import annotations

from collections.abc import Sequence

from labeling import queries
from labeling.errors import InvalidInputError
from labeling.messages import sentence as _
from labeling.models import Project


def checked_labels(project: Project, labels: Sequence[str]) -> list[str]:
    """Return ``labels`` sorted.

    Raises InvalidInputError where they are no answer that the project allows.
    """
    if not project.is_multi and len(labels) != 1:
        raise InvalidInputError(errors={"labels": [_("Exactly one label is needed.")]})
    if len(set(labels)) < len(labels):
        raise InvalidInputError(errors={"labels": [_("A label is named twice.")]})
    if unknown := sorted(set(labels) - queries.label_names(project.label_set_pk)):
        why = _("“%(label)s” is not a label of this project.")
        raise InvalidInputError(errors={"labels": [why % {"label": unknown[0]}]})
    return sorted(labels)
