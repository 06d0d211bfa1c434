"""Payloads to rows of numbers, by a specification that is plain JSON.

Texts are hashed, so that a retrain never changes a cached row. A specification has a
version: what a stored model names goes on to be computed as it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from activelearn.core.pictures import (
    ENCODED_IMAGE_SPEC,
    IMAGE_SPEC,
    JOINED_IMAGE_SPEC,
    image_row,
    image_rows,
    image_width,
)
from activelearn.core.tables import table_rows, table_spec, table_width
from activelearn.core.texts import (
    ENCODED_TEXT_SPEC,
    JOINED_TEXT_SPEC,
    TEXT_SPEC,
    text_rows,
    text_width,
)
from activelearn.core.unread import UnreadCell, unread_cells
from activelearn.encoders import published

__all__ = [
    "ENCODED_IMAGE_SPEC",
    "ENCODED_TEXT_SPEC",
    "IMAGE_SPEC",
    "JOINED_IMAGE_SPEC",
    "JOINED_TEXT_SPEC",
    "KNOWN",
    "TEXT_SPEC",
    "Ids",
    "Rows",
    "Spec",
    "Table",
    "UnknownSpecError",
    "UnreadCell",
    "hash_of",
    "image_row",
    "image_rows",
    "joined_spec",
    "table_rows",
    "table_spec",
    "text_rows",
    "unread_cells",
    "width",
]

Spec = dict[str, Any]
Ids = NDArray[np.int64]
Rows: TypeAlias = Any  # scipy.sparse.csr_matrix, which has no types, or JoinedRows

# The versions of each kind of specification that this code computes.
KNOWN: Final = {"text": {1, 2, 3}, "image": {1, 2, 3, 4}, "table": {1, 2}}
# The encoders that do not travel along, whose numbers are brought.
BROUGHT: Final = frozenset(
    {*published.OFFERED, "vectors", "address", "program", "folder"}
)
_WIDTHS: Final = {"text": text_width, "image": image_width, "table": table_width}


class UnknownSpecError(ValueError):
    """A specification of features that this code cannot compute."""


def hash_of(spec: Spec) -> str:
    """Return the name of a specification."""
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()


def width(spec: Spec) -> int:
    """Return how many features a row by ``spec`` has.

    Raises UnknownSpecError for a specification of another program.
    """
    kind = str(spec.get("kind"))
    if spec.get("version") not in KNOWN.get(kind, set()):
        raise UnknownSpecError(f"{kind} {spec.get('version')}")
    named = spec.get("encoder")
    if named and not _is_known(named):
        raise UnknownSpecError(
            f"{kind}, {named['name']} {named.get('sha256', '')[:12]}"
        )
    return _WIDTHS[kind](spec)


def _is_known(encoder: Spec) -> bool:
    """Whether this program brings an encoder, or knows who tells its numbers."""
    if "center" in encoder:
        # The file is named by the hash that stands here, and is read by no other.
        return encoder["name"] in BROUGHT
    return published.KNOWN.get(encoder["name"]) == encoder.get("sha256")


def joined_spec(kind: str, encoder: Spec) -> Spec:
    """Return the specification of the own features beside an encoder that is brought."""
    if kind == "image":
        return {**IMAGE_SPEC, "version": 4, "encoder": encoder}
    return {**TEXT_SPEC, "version": 3, "encoder": encoder}


@dataclass(frozen=True)
class Table:
    """The features of items: ids (n,), ascending, and their rows (n, n_features).

    rows: a matrix, or what gives those at some places as one: of a million items, not all
    are in memory. spec_hash: the name of the specification that all rows are by.
    """

    ids: Ids
    rows: Rows
    spec_hash: str = ""

    def rows_of(self, item_ids: Sequence[int] | Ids) -> Rows:
        """Return the rows of ``item_ids``, in their order; each must have one."""
        # An id that has no row would silently get that of the next id.
        return self.rows[np.searchsorted(self.ids, np.array(item_ids, dtype=np.int64))]

    def with_rows(self, item_ids: Sequence[int] | Ids) -> Ids:
        """Return those of ``item_ids`` (n,) that have a row: others came in later."""
        wanted = np.asarray(item_ids, dtype=np.int64)
        return wanted[np.isin(wanted, self.ids)]

    def covered(self, item_ids: Iterable[int]) -> list[int]:
        """Return those of ``item_ids`` that have a row, one by one."""
        # As arrays: a set of a million numbers takes a tenth of a gigabyte.
        wanted: list[int] = self.with_rows(list(item_ids)).tolist()
        return wanted
