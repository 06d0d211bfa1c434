"""What a window shows, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from activelearn.core.watching.verdicts import WindowEvidence
from activelearn.models import WatchWindow
from labeling.templatetags.figures import percents


def sentences_of(window: WatchWindow) -> list[str]:
    """Return what a window's verdict rests on, the weightiest first."""
    evidence = msgspec.convert(window.evidence, WindowEvidence)
    return [*_of_bugs(evidence), *_of_outcomes(evidence), *_of_items(evidence)]


def _of_bugs(evidence: WindowEvidence) -> Iterator[str]:
    if evidence.bugs:
        yield _("More often than before by ten points or more: %(names)s.") % {
            "names": ", ".join(evidence.bugs)
        }


def _of_outcomes(evidence: WindowEvidence) -> Iterator[str]:
    if (test := evidence.outcome) is None:
        return
    values = {
        "labels": test.size - test.since,
        "error": _percent(test.error.value),
        "interval": percents((test.error.low, test.error.high)),
        "before": _percent(test.before),
    }
    yield (
        _(
            "Of %(labels)s labels of items that chance drew, the model was wrong on "
            "%(error)s (%(interval)s); by the held-out items it is on at most %(before)s."
        )
        % values
    )


def _of_items(evidence: WindowEvidence) -> Iterator[str]:
    if (apart := evidence.apart) is not None:
        values = {"auc": number_format(apart.auc, 2), "p": _p(apart.p)}
        yield (
            _("A classifier tells these items from earlier ones: AUC %(auc)s, %(p)s.")
            if apart.is_apart
            else _("A classifier does not tell them from earlier ones: AUC %(auc)s.")
        ) % values
    if (mix := evidence.mix) is not None:
        yield (
            _(
                "“%(label)s” is predicted for %(now)s of the items, before for "
                "%(before)s (%(p)s)."
            )
            % {
                "label": mix.moved or _("no label"),
                "now": _percent(mix.now),
                "before": _percent(mix.before),
                "p": _p(mix.p),
            }
        )
    if (fall := evidence.expected_fall) is not None:
        yield (
            _("The model expects to be right on %(points)s points fewer.")
            if fall > 0
            else _("The model does not expect to be wrong more often.")
        ) % {"points": number_format(100 * fall, 1)}


def _percent(share: float) -> str:
    return f"{number_format(round(100 * share) + 0, 0)} %"


def _p(value: float) -> str:
    least = 0.0001
    if value < least:
        return f"p < {number_format(least, 4)}"
    return f"p = {number_format(value, 4)}"
