"""Rows of a file to rows that are fit to be kept: which column is what, told once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from labeling.services.transfer import rows
from labeling.services.transfer.limits import LIMITS, Limits
from labeling.services.transfer.rows import Row, RowError

# Sets of columns that are remembered: rows of JSON have several, and tables one.
MOST: Final = 64


class ColumnUse(NamedTuple):
    """What a column is for: read into a field of ``Row``, or data under a name."""

    column: str
    name: str
    read: Callable[[Any], Any] | None = None


class RowParser:
    """Parses the rows of one file; what their columns are is found once for each set."""

    def __init__(
        self, mapping: Mapping[str, str], data_type: str, limits: Limits = LIMITS
    ) -> None:
        self._mapping = mapping
        self._data_type = data_type
        self._limits = limits
        self._known: dict[tuple[str, ...], list[ColumnUse]] = {}

    def parse(self, raw: Mapping[str, Any]) -> Row:
        """Return the row that ``raw`` stands for. Raises RowError where none can be kept."""
        values = rows.checked_values(raw)
        columns = tuple(values)
        uses = self._known.get(columns)
        if uses is None:
            uses = self._learn(columns)
        special: dict[str, Any] = {}
        data: dict[str, Any] = {}
        for column, name, read in uses:
            if read is None:
                data[name] = values[column]
            else:
                special[name] = read(values[column])
        rows.check_data(data, self._data_type, self._limits, values)
        return Row(data, **special)

    def _learn(self, columns: tuple[str, ...]) -> list[ColumnUse]:
        if len(self._known) == MOST:
            self._known.clear()
        uses = self._known[columns] = self._uses(columns)
        return uses

    def _uses(self, columns: tuple[str, ...]) -> list[ColumnUse]:
        uses: list[ColumnUse] = []
        taken: set[tuple[str, bool]] = set()
        for column in columns:
            role = rows.role_of(column, self._mapping, self._data_type, columns)
            if role is None:
                continue
            is_data = self._mapping.get(column) == "data" or self._is_column(role)
            reader = None if is_data else rows.READERS.get(role)
            name, read = reader or (role, None)
            if (place := (name, reader is None)) in taken:
                # Where it stands: a column before it may have something wrong too.
                read = partial(_refuse_two, role)
            taken.add(place)
            uses.append(ColumnUse(column, name, read))
        return uses

    def _is_column(self, role: str) -> bool:
        """Whether it is a column of the data, whatever it is called: a table has no vectors."""
        return role == rows.EMBEDDING and self._data_type == "table"


def _refuse_two(role: str, _value: object) -> None:
    raise RowError(rows.two_of(role))
