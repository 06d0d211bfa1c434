"""What the automation page says: degrees, certificates and previews in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from activelearn.core import dial as core
from activelearn.core.dial import CertifiedPart
from activelearn.models import Certificate
from activelearn.services.automation import dial
from activelearn.services.automation.dial import DialPreview
from labeling.models.automation import Automation

# What each degree does, in the order of the dial.
DEGREES: Final[dict[str, Promise]] = {
    Automation.HUMAN: lazy(
        "People label everything. Nothing is predicted, no suggestion is shown, and every prediction that a program asks for goes to people."
    ),
    Automation.SHADOW: lazy(
        "The model predicts the pool and nobody sees it: neither suggestions nor predictions of items. Nothing is accepted."
    ),
    Automation.ASSISTANCE: lazy(
        "People label, with suggestions where the setting “The model's suggestions” shows them. Predictions for programs are accepted from the project's confidence on, without a certificate."
    ),
    Automation.PARTIAL: lazy(
        "What the model is sure of in the pool is accepted under the certificate; people get the rest, all that comes in later, and the audit."
    ),
    Automation.FULL: lazy(
        "As partial, and what comes in later is accepted too. People get the audit and what the model is not sure enough of."
    ),
}


@dataclass(frozen=True)
class DegreeRow:
    """A degree as the page lists it."""

    value: str
    name: str
    words: str
    is_now: bool


def degrees(now: str) -> list[DegreeRow]:
    """Return the degrees in the order of the dial."""
    return [
        DegreeRow(value, str(name), str(DEGREES[value]), value == now)
        for value, name in Automation.choices
    ]


def percent(share: float) -> str:
    """Return a share in percent, with a digit behind the point where it needs one."""
    rounded = round(100 * share, 1)
    return number_format(rounded, 0 if rounded == round(rounded) else 1)


def of_certificate(certificate: Certificate) -> str:
    """Return what a certificate rests on and what it counts for."""
    return _(
        "It rests on %(labels)s held-out labels, of each group of items one, counts for version %(number)s alone, and holds with %(confidence)s %% confidence for all parts together."
    ) % {
        "labels": certificate.labels,
        "number": certificate.model.number,
        "confidence": percent(1 - certificate.doubt),
    }


def of_part(part: CertifiedPart) -> str:
    """Return what is certified of a part, or what that takes."""
    risk = percent(part.risk)
    if part.degree not in core.ACCEPTING:
        return _("People label these, whatever the model says.")
    if level := part.level:
        return _(
            "At most %(risk)s of 100 accepted items are wrong. %(share)s %% of the pool qualifies: %(items)s items, from a confidence of %(threshold)s on. Of %(labels)s held-out labels there, %(wrong)s were wrong."
        ) % {
            "risk": risk,
            "share": percent(level.share),
            "items": part.qualifying,
            "threshold": number_format(level.threshold, 3),
            "labels": level.labels,
            "wrong": level.wrong,
        }
    if part.certified.needed:
        return _(
            "Not possible yet: to tell that at most %(risk)s of 100 are wrong takes about %(needed)s held-out labels; there are %(labels)s."
        ) % {
            "risk": risk,
            "needed": part.certified.needed,
            "labels": part.certified.labels,
        }
    return _(
        "Not possible: by %(labels)s held-out labels, no share of the pool keeps that at most %(risk)s of 100 are wrong. It takes a better model or a higher risk."
    ) % {"labels": part.certified.labels, "risk": risk}


def of_preview(looked: DialPreview) -> Iterator[str]:
    """Yield what a degree would do, in words."""
    if not looked.is_possible:
        yield str(dial.not_possible(looked))
        return
    if not any(part.degree in core.ACCEPTING for part in looked.parts):
        yield (
            _("Nothing is accepted any more.")
            if looked.accepted
            else _("Nothing is accepted.")
        )
        if looked.accepted:
            yield _(
                "%(items)s items keep the label that the model gave them, unless you have people asked about them."
            ) % {"items": looked.accepted}
        return
    yield _(
        "Of %(pool)s items that no person has labeled, %(items)s would be accepted; %(accepted)s of them are already."
    ) % {
        "pool": looked.pool,
        "items": looked.qualifying,
        "accepted": looked.accepted,
    }
    yield _(
        "With %(confidence)s %% confidence at most %(wrong)s of these are wrong."
    ) % {
        "confidence": percent(1 - looked.doubt),
        "wrong": number_format(looked.most_wrong, 0),
    }
    if looked.minutes is not None and looked.seconds is not None:
        yield _(
            "That saves people about %(minutes)s minutes, at %(seconds)s seconds each."
        ) % {
            "minutes": number_format(looked.minutes, 0),
            "seconds": number_format(looked.seconds, 1),
        }


def named(parts: Sequence[CertifiedPart]) -> list[tuple[CertifiedPart, str]]:
    """Return parts, each with what is certified of it in words."""
    return [(part, of_part(part)) for part in parts]
