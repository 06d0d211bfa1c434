"""Files of features as they are read, and their rows as one table.

The rows of a million texts are a gigabyte. So only the first files stay in memory, and
the others are read again by whoever asks for some of their rows.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from activelearn.core import features as core
from activelearn.core import sparse
from activelearn.core.joined import nbytes_of, stacked
from activelearn.models import FeatureShard
from activelearn.services.features import files, packing
from labeling.errors import DamagedFileError
from labeling.messages import message

RowPlaces = npt.NDArray[np.int64]
# Bytes of rows that stay in memory: those of some 150,000 short texts.
ROOM: Final = 256 * 2**20
GONE: Final = message("A file of features is damaged or gone.")


def read(shard: FeatureShard) -> core.Table:
    """Return what a file holds; raises DamagedFileError."""
    data = files.read_whole("features", shard.sha256, GONE)
    return packing.unpacked(data, shard.spec_hash)


def _again(sha256: str) -> core.Rows:
    """Return the rows of a file that was read before; raises DamagedFileError."""
    try:
        # Its sums of 32 bits tell what has changed since its name proved it.
        with (
            files.path_of("features", sha256).open("rb") as file,
            np.load(file, allow_pickle=False) as held,
        ):
            return packing.rows_of(held)
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        raise DamagedFileError(GONE) from error


class FiledRows:
    """The rows of files, one file behind the other, read where they are asked for.

    ``rows[places]`` is what the matrix of all rows gives. As many files as fit into
    ``room`` bytes stay in memory.
    """

    def __init__(self, room: int | None = None) -> None:
        self._room = ROOM if room is None else room
        self._names: list[str] = []
        self._starts = [0]
        self._kept: dict[int, core.Rows] = {}
        self._none: core.Rows = sparse.csr_matrix((0, 1), dtype=np.float32)
        # Places come in order, and the next ones often begin in the file of the last.
        self._last = -1, self._none

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows there are, and how many features each has."""
        return self._starts[-1], self._none.shape[1]

    def add(self, sha256: str, rows: core.Rows) -> None:
        """Put the rows of a file, which are read already, behind those before."""
        size = nbytes_of(rows)
        if size <= self._room:
            self._room -= size
            self._kept[len(self._names)] = rows
        else:
            # The first files alone: whoever goes through all of them in turn would find
            # none of the last ones.
            self._room = 0
        self._names.append(sha256)
        self._starts.append(self._starts[-1] + rows.shape[0])
        self._none = rows[:0]

    def __getitem__(self, places: Any) -> core.Rows:
        """Return the rows at some places, in their order, as a matrix.

        Raises DamagedFileError where a file that has to be read again is gone.
        """
        wanted = np.atleast_1d(np.arange(self._starts[-1])[places])
        order = np.argsort(wanted, kind="stable")
        rows = self._ascending(wanted[order])
        if (np.diff(order) == 1).all():
            return rows
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return rows[back]

    def _ascending(self, wanted: RowPlaces) -> core.Rows:
        bounds = np.searchsorted(wanted, self._starts).tolist()
        parts = [
            self._file(number)[wanted[low:high] - self._starts[number]]
            for number, (low, high) in enumerate(pairwise(bounds))
            if low < high
        ]
        if not parts:
            return self._none
        return parts[0] if len(parts) == 1 else stacked(parts)

    def _file(self, number: int) -> core.Rows:
        if number in self._kept:
            return self._kept[number]
        if self._last[0] != number:
            self._last = number, _again(self._names[number])
        return self._last[1]


class PartOfRows:
    """Some columns of rows, which ``part`` takes where rows are asked for."""

    def __init__(self, rows: Any, part: Callable[[core.Rows], core.Rows]) -> None:
        self._rows = rows
        self._part = part

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows there are, and how many features each has."""
        return self._rows.shape[0], self[:0].shape[1]

    def __getitem__(self, places: Any) -> core.Rows:
        """Return that part of the rows at some places; raises what these raise."""
        return self._part(self._rows[places])
