"""Tables to rows: which columns are read how, from a random sample of the rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from activelearn.core import columns, sparse
from activelearn.core.cells import number_of, text_of
from activelearn.core.columns import SeenColumn
from activelearn.core.texts import Rows

Spec = dict[str, Any]
Records: TypeAlias = Sequence[Mapping[str, object]]

# Rows that a specification is made from; more would change little.
SAMPLE: Final = 5000
# New rows that are looked at, to see whether they are like the sample.
ENOUGH: Final = 100
# Share of new cells that may fit worse than the sample's did, beyond chance.
TOLERANCE: Final = 0.05


@dataclass(frozen=True)
class Seen:
    """What a specification was made from: ``rows`` of the table, and its columns."""

    rows: int
    columns: tuple[SeenColumn, ...]


def table_spec(rows: Records, there: int) -> tuple[Spec, Seen]:
    """Return how to read a table, and what was seen in the sample of its rows.

    rows: drawn at random from ``there`` rows.
    """
    names = sorted({name for row in rows for name in row})
    described = [
        columns.described(name, [row.get(name) for row in rows], there)
        for name in names
    ]
    used = [column for column, _ in described if column]
    spec = {"kind": "table", "version": 2, "columns": used}
    return spec, Seen(len(rows), tuple(seen for _, seen in described))


def outgrown_by(spec: Spec, seen: Seen, there: int, newcomers: Records) -> str:
    """Return what a specification was outgrown by, in a word; "" if by nothing.

    It is by "rows", where a small sample has become less than half of the ``there`` rows;
    and by a column of which the new rows, a sample of those that came since, fit worse
    than the old ones: by more than a twentieth of them, and more than chance explains.
    """
    if seen.rows < SAMPLE and there >= max(1, 2 * seen.rows):
        return "rows"
    if len(newcomers) < ENOUGH:
        return ""
    known = {column.name: column for column in seen.columns}
    read = {column["name"]: column for column in spec["columns"]}
    for name in sorted({name for row in newcomers for name in row} | set(known)):
        values = [row.get(name) for row in newcomers]
        before = known.get(name, SeenColumn(name, "", "empty"))
        if _fits_worse(read.get(name), before, values):
            return name
    return ""


def _fits_worse(
    column: Spec | None, before: SeenColumn, values: Sequence[object]
) -> bool:
    usual = before.misfits
    new = columns.misfits(column, values) if column else _unlike(before, values)
    by_chance = 3 * math.sqrt(len(values) * usual * (1 - usual))
    return new > len(values) * (usual + TOLERANCE) + by_chance


def _unlike(before: SeenColumn, values: Sequence[object]) -> int:
    """Return how many cells of an unused column are not what made it so."""
    if before.unused == "identifier":
        return len(values) - len({text_of(value) for value in values})
    expected = {*before.values, ""} if before.unused == "empty" else set(before.values)
    return sum(text_of(value) not in expected for value in values)


def table_width(spec: Spec) -> int:
    """Return how many features a row of a table has."""
    width = _first_width if spec["version"] == 1 else columns.column_width
    return max(1, sum(map(width, spec["columns"])))


def table_rows(rows: Records, spec: Spec) -> Rows:
    """Return (n_rows, table_width) float32, sparse."""
    encoded = _first_encoded if spec["version"] == 1 else columns.encoded
    parts = [
        encoded(column, [row.get(column["name"]) for row in rows])
        for column in spec["columns"]
    ]
    if not parts:
        return sparse.csr_matrix((len(rows), 1), dtype=np.float32)
    return sparse.hstack(parts, format="csr", dtype=np.float32)


# Version 1, for models of earlier releases: numbers clipped, and categories one-hot.


def _first_width(column: Spec) -> int:
    return 2 if column["type"] == "number" else len(column["values"]) + 1


def _first_encoded(column: Spec, values: Sequence[object]) -> Rows:
    if column["type"] == "number":
        numbers = [number_of(value) for value in values]
        missing = np.array([number is None for number in numbers], dtype=float)
        filled = np.array([column["mean"] if n is None else n for n in numbers])
        with np.errstate(over="ignore"):  # What is beyond a float is clipped as well.
            scaled = np.clip((filled - column["mean"]) / column["scale"], -10, 10)
        return sparse.csr_matrix(np.column_stack([scaled, missing]))
    place = {value: index for index, value in enumerate(column["values"])}
    encoded = np.zeros((len(values), len(place) + 1))
    for row, value in enumerate(values):
        encoded[row, place.get(str(value), len(place))] = 1
    return sparse.csr_matrix(encoded)
