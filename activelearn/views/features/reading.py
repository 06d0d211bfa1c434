"""What the model reads, in words for people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from activelearn.core.columns import SeenColumn
from activelearn.models import ModelVersion
from activelearn.services.features import choices, in_force, reading
from activelearn.views.features import representation
from labeling.messages import Message
from labeling.models import Project

READ_AS: Final[dict[str, Promise]] = {
    "number": _("number"),
    "boolean": _("yes or no"),
    "date": _("date"),
    "category": _("category"),
    "text": _("words and parts of words"),
    "image": _("brightness, edges and colors"),
}
UNUSED: Final[dict[str, Promise]] = {
    "empty": _("not used: it is empty"),
    "constant": _("not used: every row has the same value"),
    "identifier": _("not used: it is another one in each row"),
}
# Categories that are named; of the others only the number is shown.
NAMED: Final = 8


@dataclass(frozen=True)
class ColumnRow:
    """A column as a row of the page."""

    name: str
    read_as: Promise | Message
    content: str
    missing: int
    is_used: bool


@dataclass(frozen=True)
class ReadingShown:
    """How the data are read; ``is_older``: the champion reads them in another way."""

    reading: reading.Reading
    columns: list[ColumnRow]
    is_older: bool
    choice: representation.ChoiceShown | None = None


def shown(project: Project, champion: ModelVersion | None) -> ReadingShown | None:
    """Return what is read; None for a table of which nothing has been looked at."""
    now = reading.reading_of(project)
    if now is None:
        return None
    is_older = champion is not None and champion.spec_hash != now.sha256
    columns = [_row(column) for column in now.columns]
    if project.data_type != Project.DataType.TABLE:
        read_as = choices.called(project.data_type, in_force.name_today(project))
        columns = [replace(row, read_as=read_as) for row in columns]
    return ReadingShown(now, columns, is_older, representation.shown(project))


def _row(column: SeenColumn) -> ColumnRow:
    read_as = UNUSED[column.unused] if column.unused else READ_AS[column.read_as]
    content, is_used = _content(column), not column.unused
    return ColumnRow(column.name, read_as, content, column.missing, is_used)


def _content(column: SeenColumn) -> str:
    """Return a range, or the commonest categories and how many there are besides."""
    if column.low:
        return _("%(low)s to %(high)s") % {"low": column.low, "high": column.high}
    named = ", ".join(column.values[:NAMED])
    rest = len(column.values[NAMED:]) + column.others
    if not rest:
        return named
    more = ngettext("and %(count)s more", "and %(count)s more", rest) % {"count": rest}
    return f"{named} {more}"
