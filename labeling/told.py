"""What workers wrote down, said in the language of the person who reads it."""

from __future__ import annotations

import re
from typing import Final

from django import template
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as noop

# Kept in English, since a worker does not know who will read it.
SENTENCES: Final = (
    noop("agreement"),
    noop("import"),
    noop("learn.rank"),
    noop("learn.score"),
    noop("learn.train"),
    noop("features"),
    noop("snapshot"),
    noop("fit"),
    noop("evaluate"),
    noop("gate"),
    noop("done"),
    noop("scoring"),
    noop("writing rows"),
    noop("asked for"),
    noop("unclear"),
    noop("no label fits"),
    noop("broken"),
    noop("not my field"),
    noop("run #%(run)s again"),
    noop("%(new)s new confident labels; %(wanted)s were due"),
    noop("No held-out item is labeled yet: label items of the evaluation split."),
    noop(
        "On %(items)s held-out items it fixes %(better)s and breaks %(worse)s against %(name)s. It takes over."
    ),
    noop(
        "On %(items)s held-out items it fixes %(better)s and breaks %(worse)s against %(name)s. That is not better, so it does not take over."
    ),
    noop(
        "On %(items)s held-out items it fixes %(better)s and breaks %(worse)s against %(name)s. Too few to tell: label about %(more)s more evaluation items."
    ),
    noop("always saying the commonest label"),
    noop("version %(number)s"),
)
register = template.Library()


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)s", sentence)
    found = [
        f"(?P<{part}>.+?)" if place % 2 else re.escape(part)
        for place, part in enumerate(parts)
    ]
    return re.compile("".join(found))


_PATTERNS: Final = [(one, _pattern(one)) for one in SENTENCES]


@register.filter
def told(text: str) -> str:
    """Return the sentence in the person's language; words of others stay theirs."""
    for sentence, pattern in _PATTERNS:
        if found := pattern.fullmatch(text):
            values = {name: told(value) for name, value in found.groupdict().items()}
            said = gettext(sentence)
            return said % values if values else said
    return text
