"""How a project's items are read, and what that was compared with, in words for people."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from activelearn.core import representations
from activelearn.models import RepresentationChoice
from activelearn.services.features import choices, offers, sending
from activelearn.services.features.offers import Offer
from activelearn.views.features import early
from labeling.messages import Message
from labeling.models import Project


@dataclass(frozen=True)
class OfferRow:
    """A representation as a row of the page."""

    offer: Offer
    read_as: Message


@dataclass(frozen=True)
class ChoiceShown:
    """What there is, and the last comparison.

    items: labels that it compared, 0 before the first. due: how many confident labels
    cause the next one. early: of items that the encoder has yet to see, how far it is.
    sent: what an address would be sent, where one can be added.
    """

    items: int
    rows: list[OfferRow]
    why: str
    due: int
    is_by_hand: bool = False
    is_of_texts: bool = False
    early: early.EarlyShown | None = None
    sent: sending.Sending | None = None


def shown(project: Project) -> ChoiceShown | None:
    """Return what there is and what was compared last; None for a table."""
    if project.data_type == Project.DataType.TABLE:
        return None
    row, kind = choices.newest(project.pk), project.data_type
    is_compared = row is not None and bool(row.compared)
    least = 2 * row.label_count if row else 0
    return ChoiceShown(
        items=row.items if row and is_compared else 0,
        rows=[
            OfferRow(offer, choices.called(kind, offer.name))
            for offer in offers.offers_of(project)
        ],
        why=_why(row, kind) if row and (is_compared or row.is_by_hand) else _early(row),
        due=max(representations.FEWEST, least),
        is_by_hand=row is not None and row.is_by_hand,
        is_of_texts=kind == Project.DataType.TEXT,
        early=early.shown(project),
        sent=sending.sending_of(project),
    )


def _early(row: RepresentationChoice | None) -> str:
    """Say what is known before the first comparison."""
    why = _("Nothing has been compared yet: there are too few labels.")
    if row is None or row.known_words is None:
        return why
    share = number_format(100 * row.known_words, 0)
    known = (
        _(
            "The table of meanings knows %(share)s %% of the texts' words: too few"
            " to read them by it."
        )
        if row.name == "hashed"
        else _("The table of meanings knows %(share)s %% of the texts' words.")
    )
    return f"{known % {'share': share}} {why}"


def _why(row: RepresentationChoice, kind: str) -> str:
    if row.is_by_hand:
        return _("Chosen by %(person)s: comparisons do not change it.") % {
            "person": row.chosen_by or _("somebody who has left")
        }
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
