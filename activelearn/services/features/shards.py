"""Files of features as they are read, and their rows as one table.

The rows of a million texts are a gigabyte. So only the first files stay in memory, and
the others are read again by whoever asks for some of their rows. Dense columns, which an
order of a large project reads alone, are mapped.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from activelearn.core import dense, sparse
from activelearn.core import features as core
from activelearn.core.joined import Dense, nbytes_of, stacked
from activelearn.models import FeatureShard
from activelearn.services.features import files, packing
from activelearn.services.features.packing import ArraysByName
from labeling.errors import DamagedFileError
from labeling.messages import message

RowPlaces = npt.NDArray[np.int64]
# Bytes of rows that stay in memory: those of some 150,000 short texts.
ROOM: Final = 256 * 2**20
# Files of which a process knows that they are what their names say.
MOST_PROVED: Final = 20_000
GONE: Final = message("A file of features is damaged or gone.")


def read(shard: FeatureShard) -> core.Table:
    """Return what a file holds; raises DamagedFileError."""
    data = files.read_whole("features", shard.sha256, GONE)
    return packing.unpacked(data, shard.spec_hash)


def ids_in(sha256: str) -> core.Ids:
    """Return whose rows a file holds; raises DamagedFileError."""
    return np.array(packing.mapped(_path_of(sha256), _arrays_in(sha256)["ids"]))


def _path_of(sha256: str) -> Path:
    return files.path_of("features", sha256)


def _arrays_in(sha256: str) -> ArraysByName:
    """Return where the arrays of a file lie; raises DamagedFileError.

    Its name proves the whole of it when a process looks at it first, and again where it
    was written since.
    """
    try:
        state = _path_of(sha256).stat()
    except OSError as error:
        raise DamagedFileError(GONE) from error
    return _proved(str(_path_of(sha256)), state.st_mtime_ns, state.st_size)


@lru_cache(MOST_PROVED)
def _proved(path: str, _written: int, _size: int) -> ArraysByName:
    """Return where the arrays of a file lie whose name proves its content."""
    data = files.read_whole("features", Path(path).name, GONE)
    try:
        return packing.arrays_in(data)
    except (KeyError, ValueError, BadZipFile) as error:
        raise DamagedFileError(GONE) from error


def _again(sha256: str) -> core.Rows:
    """Return the rows of a file that was read before; raises DamagedFileError."""
    try:
        # Its sums of 32 bits tell what has changed since its name proved it.
        with (
            _path_of(sha256).open("rb") as file,
            np.load(file, allow_pickle=False) as held,
        ):
            return packing.rows_of(held)
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        raise DamagedFileError(GONE) from error


class FiledRows:
    """The rows of files, one file behind the other, read where they are asked for.

    ``rows[places]`` is what the matrix of all rows gives. As many files as fit into
    ``room`` bytes stay in memory. ``rows.dense[places]`` gives their dense columns alone,
    which are mapped: the system keeps in memory what it has room for.
    """

    def __init__(self, room: int | None = None) -> None:
        self._room = ROOM if room is None else room
        self._names: list[str] = []
        self._starts = [0]
        self._kept: dict[int, core.Rows] = {}
        # Places come in order, and the next ones often begin in the file of the last.
        self._last: tuple[int, core.Rows] = -1, None

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows there are, and how many features each has."""
        return self._starts[-1], self[:0].shape[1]

    @property
    def dense(self) -> DenseOfFiles:
        """The dense columns of the rows, to be asked for some of them."""
        return DenseOfFiles(self)

    def add(self, sha256: str, items: int) -> None:
        """Put the rows of a file behind those before."""
        self._names.append(sha256)
        self._starts.append(self._starts[-1] + items)

    def __getitem__(self, places: Any) -> core.Rows:
        """Return the rows at some places, in their order, as a matrix.

        Raises DamagedFileError where a file is gone, or has changed.
        """
        if not self._names:
            return sparse.csr_matrix((0, 1), dtype=np.float32)
        return self.gathered(places, self._file, stacked)

    def gathered(
        self,
        places: Any,
        read_file: Callable[[int], Any],
        joined: Callable[[list[Any]], Any],
    ) -> Any:
        """Return the rows at some places of what ``read_file`` gives of each file."""
        wanted = np.atleast_1d(np.arange(self._starts[-1])[places])
        order = np.argsort(wanted, kind="stable")
        rows = self._ascending(wanted[order], read_file, joined)
        if (np.diff(order) == 1).all():
            return rows
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return rows[back]

    def _ascending(
        self,
        wanted: RowPlaces,
        read_file: Callable[[int], Any],
        joined: Callable[[list[Any]], Any],
    ) -> Any:
        bounds = np.searchsorted(wanted, self._starts).tolist()
        parts = [
            read_file(number)[wanted[low:high] - self._starts[number]]
            for number, (low, high) in enumerate(pairwise(bounds))
            if low < high
        ]
        if not parts:
            return read_file(0)[:0]
        return parts[0] if len(parts) == 1 else joined(parts)

    def _file(self, number: int) -> core.Rows:
        if number in self._kept:
            return self._kept[number]
        if self._last[0] != number:
            rows = _again(self._names[number])
            self._last = number, rows
            self._keep(number, rows)
        return self._last[1]

    def _keep(self, number: int, rows: core.Rows) -> None:
        size = nbytes_of(rows)
        if size <= self._room:
            self._room -= size
            self._kept[number] = rows
        else:
            # The first files alone: whoever goes through all of them in turn would find
            # none of the last ones.
            self._room = 0

    def dense_file(self, number: int) -> Dense:
        """Return the dense columns of a file; raises DamagedFileError."""
        name = self._names[number]
        try:
            columns = packing.dense_in(_path_of(name), _arrays_in(name))
        except (OSError, ValueError) as error:
            raise DamagedFileError(GONE) from error
        return dense.columns_of(self._file(number)) if columns is None else columns


class DenseOfFiles:
    """The dense columns of the rows of files, of which the others are not read."""

    def __init__(self, rows: FiledRows) -> None:
        self._rows = rows

    def __getitem__(self, places: Any) -> Dense:
        """Return them at some places, in their order; raises DamagedFileError."""
        columns: Dense = self._rows.gathered(
            places, self._rows.dense_file, np.concatenate
        )
        return columns


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
