"""An online test in words, as rows of a version's card."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from activelearn.models import OnlineTest
from activelearn.services.online import outcomes
from labeling.templatetags.figures import low_to_high, number
from labeling.templatetags.localized import localized


def rows(test: OnlineTest) -> Iterator[tuple[Promise | str, str]]:
    """Yield what is known of a test, each with its name."""
    yield _("Kind"), str(test.get_kind_display())
    yield _("Against"), str(_("version %(number)s") % {"number": test.champion.number})
    yield _("Items compared"), str(test.seen.n)
    gain = outcomes.gain_of(test)
    figures = f"{number(gain.value, 3)} ({low_to_high(gain.low, gain.high, 3)})"
    yield _("Gain in accuracy"), figures
    verdict = test.get_verdict_display() if test.verdict else _("It goes on.")
    yield _("Verdict"), str(verdict)
    if test.explanation:
        yield _("What came of it"), localized(test.explanation)
    for why in filter(None, (test.why, test.ended_why)):
        yield _("Reason"), why
