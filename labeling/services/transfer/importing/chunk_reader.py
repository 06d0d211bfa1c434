"""Chunks of texts and table rows, each read while the one before is written.

Reading takes the processor and writing mostly waits for the database, so a thread reads;
it asks no database.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, Self

from labeling.services.transfer import groups
from labeling.services.transfer.groups import Newcomer
from labeling.services.transfer.importing import chunk
from labeling.services.transfer.importing.chunk import Ready, RowOutcome, RowTerms
from labeling.services.transfer.importing.raw import Raw


class ReadChunk(NamedTuple):
    """What becomes of the rows of a chunk; newcomers: of those that can be kept."""

    outcomes: list[RowOutcome]
    ready: list[Ready]
    newcomers: list[Newcomer]


def read(raws: Iterator[Raw], terms: RowTerms) -> ReadChunk:
    """Return the next rows of text or table. Raises FileError where there is no way on."""
    outcomes = list(chunk.outcomes(raws, terms))
    ready = [outcome for outcome in outcomes if isinstance(outcome, Ready)]
    contents = [(outcome.row, outcome.item.content_hash) for outcome in ready]
    return ReadChunk(outcomes, ready, groups.newcomers(terms.data_type, contents))


class ChunkReader:
    """Reads the chunks of a file one after the other, the next one in a thread."""

    def __init__(self, raws: Iterator[Raw], terms: RowTerms) -> None:
        self._raws = raws
        self._terms = terms
        self._pool = ThreadPoolExecutor(1, "rows")
        self._begun: Future[ReadChunk] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        # What is begun ends before the file is closed.
        self._pool.shutdown(cancel_futures=True)

    def take(self) -> ReadChunk:
        """Return the next chunk; an empty one at the end of the file.

        Raises FileError where the rest of the file cannot be read.
        """
        begun, self._begun = self._begun or self._reading(), None
        return begun.result()

    def begin(self) -> None:
        """Read the next chunk, to be taken later; none while one waits to be taken."""
        self._begun = self._begun or self._reading()

    def _reading(self) -> Future[ReadChunk]:
        return self._pool.submit(read, self._raws, self._terms)
