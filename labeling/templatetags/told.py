"""What workers wrote down, said in the language of the person who reads it."""

from __future__ import annotations

import re
from typing import Final

from django import template
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as noop

from labeling.services.work import kinds

# Kept in English, since a worker does not know who will read it.
SENTENCES: Final = (
    noop("deleting items"),
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
    noop("ambiguous"),
    noop("invalid"),
    noop("withdrawn"),
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
    # Why a row of an import, or its whole file, cannot be kept.
    noop("Images come inside a ZIP file."),
    noop("Its image is not in the ZIP."),
    noop("More than one label in a project with one label per item."),
    noop("Not JSON."),
    noop("Not a JSON object."),
    noop("Not CSV: %(why)s."),
    noop("Not UTF-8 at byte %(byte)s of the line."),
    noop("The line is too long."),
    noop("The row is empty."),
    noop("The file has no rows."),
    noop("%(cells)s cells where %(columns)s are expected."),
    noop("Not a ZIP file that can be read."),
    noop("Not a Parquet file that can be read: %(why)s"),
    noop("More than %(most)s files in the ZIP."),
    noop("The file is encrypted."),
    noop("The file is packed too tightly to be a picture."),
    noop("The file has more than %(most)s MiB."),
    noop("The image has more than %(most)s MiB."),
    noop(
        "The image has %(width)s×%(height)s pixels; at most %(most)s million are allowed."
    ),
    noop("Not an image that can be read (%(kinds)s)."),
    noop("There is no text."),
    noop("There is no image."),
    noop("The text has more than %(most)s characters."),
    noop("metadata is not JSON."),
    noop("A value cannot be read: %(why)s."),
    noop("votes: created_at is not in the years %(first)s to %(last)s."),
    noop("metadata must be an object."),
    noop("votes is not JSON."),
    noop("votes: a vote without a label."),
    noop("votes: an annotator voted twice."),
    noop("votes: annotator must be a name of at most 100 characters."),
    noop("votes: created_at is not an ISO 8601 time."),
    noop("votes: each must be an object."),
    noop("votes: seconds must be a number from 0 to a day."),
    noop("votes must be a list of at most %(most)s."),
    noop("%(column)s has more than %(most)s characters."),
    noop("“%(label)s” is not a label of this project."),
    noop("The JSON is nested more than %(most)s levels deep."),
    noop("A whole number is beyond 2^53."),
    noop("NaN and infinity are not allowed."),
    noop("A text holds a NUL character."),
    noop("A text holds half of a surrogate pair, which is not a character."),
    noop("Its worker died three times."),
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


@register.filter
def kind_title(kind: str) -> str:
    """Return what people call a kind of job, in the language of the reader."""
    return gettext(kinds.title_of(kind))
