"""How a project's items are read, and what that was compared with, in words for people."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from activelearn.core import representations
from activelearn.core.intervals import Estimate
from activelearn.models import RepresentationChoice
from activelearn.services.features import choices
from activelearn.views.features import early
from labeling.messages import Message
from labeling.models import Project


@dataclass(frozen=True)
class ComparedRow:
    """A representation as a row of the page."""

    read_as: Message
    accuracy: Estimate
    is_chosen: bool


@dataclass(frozen=True)
class ChoiceShown:
    """The last comparison; before the first there are no rows.

    due: how many confident labels cause the next one. early: of pictures that the encoder
    has yet to see, how far it is.
    """

    items: int
    rows: list[ComparedRow]
    why: str
    due: int
    early: early.EarlyShown | None = None


def shown(project: Project) -> ChoiceShown | None:
    """Return what was compared last; None for a table."""
    if project.data_type == Project.DataType.TABLE:
        return None
    row, waits = choices.newest(project.pk), early.shown(project)
    if row is None or not row.compared:
        due = max(representations.FEWEST, 2 * row.label_count if row else 0)
        why = _("Nothing has been compared yet: there are too few labels.")
        if row and row.known_words is not None:
            share = number_format(100 * row.known_words, 0)
            known = (
                _(
                    "The table of meanings knows %(share)s %% of the texts' words: too few"
                    " to read them by it."
                )
                if row.name == "hashed"
                else _("The table of meanings knows %(share)s %% of the texts' words.")
            )
            why = f"{known % {'share': share}} {why}"
        return ChoiceShown(0, [], why, due, waits)
    kind = project.data_type
    places = tuple(representations.SPECS[kind])
    compared = [
        ComparedRow(
            choices.called(kind, name),
            Estimate(*(figures[part] for part in ("value", "low", "high"))),
            name == row.name,
        )
        # PostgreSQL keeps them in an order of its own; those of another release are last.
        for name, figures in sorted(
            row.compared.items(), key=lambda pair: (*places, pair[0]).index(pair[0])
        )
    ]
    return ChoiceShown(row.items, compared, _why(row, kind), 2 * row.label_count, waits)


def _why(row: RepresentationChoice, kind: str) -> str:
    gain = number_format(100 * row.gain, 1)
    if row.name != row.before:
        return _(
            "Chosen in place of “%(before)s”, by %(gain)s points more that are right."
        ) % {"before": choices.called(kind, row.before), "gain": gain}
    if row.gain > 0:
        return _(
            "Kept: of another one %(gain)s points more are right, which may well be chance."
        ) % {"gain": gain}
    return _("Kept: no other one is right more often.")
