"""What a project's models read, for whoever asks; nothing is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from activelearn.core import features as core
from activelearn.core.columns import SeenColumn
from activelearn.services.features import specs, store
from labeling.models import Project, Unread
from labeling.services.transfer import unread

EXAMPLES: Final = 5


@dataclass(frozen=True)
class Reading:
    """How the next model reads the data, and the sample of rows that showed it.

    rows: sampled of ``there`` rows. A text and a picture are read as one column; nothing
    was sampled for them. unread: how many items are not read whole, and the first ones.
    """

    spec: core.Spec
    columns: tuple[SeenColumn, ...]
    rows: int = 0
    there: int = 0
    created_at: datetime | None = None
    unread: int = 0
    examples: Sequence[Unread] = ()

    @property
    def sha256(self) -> str:
        """The name of the specification."""
        return core.hash_of(self.spec)


def reading_of(project: Project) -> Reading | None:
    """Return how the next model reads the data; None for a table before its first order."""
    count, some = unread.examples(project, EXAMPLES)
    if project.data_type != Project.DataType.TABLE:
        kind = str(project.data_type)
        return Reading(
            store.spec_of(project),
            (SeenColumn(kind, kind),),
            unread=count,
            examples=some,
        )
    row = specs.newest(project)
    if row is None:
        return None
    columns = specs.seen_in(row).columns
    return Reading(
        dict(row.spec), columns, row.rows, row.there, row.created_at, count, some
    )
