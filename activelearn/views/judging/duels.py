"""Duels in words, as rows of a table: on the models page, a card, and two versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from activelearn.models import Duel
from labeling.templatetags.figures import low_to_high, number
from labeling.templatetags.localized import localized


@dataclass(frozen=True)
class DuelRows:
    """A duel: what is known of it, by name."""

    duel: Duel
    rows: list[tuple[Promise | str, str]]


def shown(duels: Iterable[Duel]) -> list[DuelRows]:
    """Return duels with what is shown of each."""
    return [DuelRows(duel, list(rows(duel))) for duel in duels]


def rows(duel: Duel) -> Iterator[tuple[Promise | str, str]]:
    """Yield what is known of a duel, each with its name."""
    yield _("Against"), str(_("version %(number)s") % {"number": duel.champion.number})
    differing = _("%(differing)s of %(items)s open items")
    yield (
        _("They differ on"),
        str(differing % {"differing": duel.differing, "items": duel.items}),
    )
    if duel.asked:
        yield from _votes(duel)
    if duel.explanation:
        yield _("What came of it"), localized(duel.explanation)


def _votes(duel: Duel) -> Iterator[tuple[Promise | str, str]]:
    asked = _("%(asked)s of these, drawn at random, without any model's answer")
    yield _("People are asked about"), str(asked % {"asked": duel.asked})
    answered = _("%(answered)s; %(wanted)s more are wanted")
    values = {"answered": duel.answered, "wanted": duel.wanted}
    yield _("Answered"), str(answered % values) if duel.wanted else str(duel.answered)
    if duel.estimate is None:
        return
    yield _("Answered as this version does"), str(duel.better)
    yield _("Answered as the other one does"), str(duel.worse)
    gain = duel.estimate
    yield (
        _("Gain in accuracy over the open items"),
        f"{number(gain.value, 3)} ({low_to_high(gain.low, gain.high, 3)})",
    )
    yield (
        _("p of the exact sign test"),
        f"{number_format(duel.p or 0.0, 4)} (α {number_format(duel.alpha or 0.0, 4)})",
    )
