"""What an import has done so far: its counts, and what is said of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field

from labeling.messages import Message, message
from labeling.services.transfer.counted import CountedRows
from labeling.services.transfer.importing import own
from labeling.services.transfer.importing.chunk import Refusal
from labeling.services.transfer.importing.raw import FileError, Raw
from labeling.services.transfer.importing.refused import RefusedRows
from labeling.services.transfer.importing.write import Written


@dataclass(frozen=True)
class Before:
    """What earlier attempts of the job wrote; its file is read from the start again.

    Their rows say the same again, and would be counted as duplicates of themselves.
    """

    received: int = 0
    created: int = 0
    filled: int = 0
    taken: int = 0
    voted: int = 0
    remarked: int = 0
    predicted: int = 0
    stayed: int = 0
    vectors: int = 0


@dataclass
class Tally:
    """What an import has done so far.

    ``remarks`` are, at the start, those of the attempts before.
    """

    refusals: CountedRows
    refused: RefusedRows
    remarks: CountedRows
    before: Before = field(default_factory=Before)
    received: int = 0
    created: int = 0
    filled: int = 0
    taken: int = 0
    voted: int = 0
    between: int = 0
    scaled: int = 0
    unused: int = 0
    predicted: int = 0
    stayed: int = 0
    vectors: int = 0
    # Columns with a role that no row had so far.
    unseen: set[str] = field(default_factory=set)
    mapping: Mapping[str, str] = field(default_factory=dict)
    is_own: bool = False
    # Why the rest of the file cannot be read; what stands before it is kept.
    problem: FileError | None = None

    def __post_init__(self) -> None:
        """Begin with what the attempts before wrote."""
        self.created, self.filled = self.before.created, self.before.filled
        self.taken, self.voted = self.before.taken, self.before.voted
        self.predicted, self.stayed = self.before.predicted, self.before.stayed
        self.vectors = self.before.vectors
        self.remarks.count = self.before.remarked

    @property
    def remarked(self) -> int:
        """How many rows are kept otherwise than they stand."""
        return self.remarks.count

    @property
    def is_ahead(self) -> bool:
        """Whether the rows of earlier attempts have all been read again."""
        return self.received >= self.before.received

    @property
    def duplicates(self) -> int:
        """How many rows say what their item says already."""
        rest = self.received - self.created - self.filled - self.refusals.count
        # What was deleted between two attempts has been created twice.
        return max(rest, 0)

    def so_far(self) -> dict[str, int]:
        """Return what another attempt has to know, as JSON takes it."""
        return {name: getattr(self, name) for name in asdict(self.before)}

    def noting(self, raws: Iterator[Raw]) -> Iterator[Raw]:
        """Return the same rows; remember their columns, and where there is no way on."""
        try:
            for raw in raws:
                if not self.is_own and raw.values:
                    self.is_own = own.is_own(raw.values, self.mapping)
                if self.unseen and raw.values:
                    self.unseen -= raw.values.keys()
                yield raw
        except FileError as error:
            # The rows before it are written like those at the end of a file.
            self.problem = error

    def add(self, written: Written) -> None:
        """Count a chunk that was written."""
        self.received += written.received
        self.created += written.created
        self.between += written.between
        self.scaled += written.scaled
        self.unused += written.unused
        self.predicted += written.predicted
        self.filled += written.met.filled
        self.taken += written.met.taken
        self.voted += written.met.voted
        self.vectors += written.met.vectors
        # Of the same rows an attempt before has said them.
        if self.received > self.before.received:
            self.stayed += written.stayed
            for number, remark in written.met.remarks:
                self.remarks.add(number, remark)
        for refusal in written.refusals:
            self.reject(refusal)

    def reject(self, refusal: Refusal) -> None:
        """Count a row that cannot be kept; the first ones with the reason."""
        self.refusals.add(refusal.number, refusal.reason)
        self.refused.add(refusal)

    def notes(self) -> Iterator[Message]:
        """Yield what is said of rows that were taken otherwise than they stand."""
        for count, note in (*self._labels_counted(), *self._rows_counted()):
            if count:
                yield note
        if self.is_own:
            yield message(
                "An export of ours: labels, votes, tags and the split come back as they were."
            )
        if self.unseen:
            yield message(
                "A role was given to columns that the file does not have: %(columns)s.",
                columns=", ".join(sorted(self.unseen)[:20]),
            )

    def _labels_counted(self) -> tuple[tuple[int, Message], ...]:
        return (
            (
                self.unused,
                message(
                    "%(count)s rows have labels that were not used: say that they are right, or bring them as votes.",
                    count=self.unused,
                ),
            ),
            (
                self.predicted,
                message(
                    "%(count)s predictions of other tools are kept: see the page Predictions.",
                    count=self.predicted,
                ),
            ),
            (
                self.stayed,
                message(
                    "%(count)s predictions were not taken: their items have others of the same source, which the page Predictions replaces.",
                    count=self.stayed,
                ),
            ),
            (
                self.taken,
                message(
                    "%(count)s known answers are now those of the file.",
                    count=self.taken,
                ),
            ),
            (
                self.voted,
                message(
                    "%(count)s answers of the file became votes: the known ones stay.",
                    count=self.voted,
                ),
            ),
        )

    def _rows_counted(self) -> tuple[tuple[int, Message], ...]:
        return (
            (
                self.vectors,
                message(
                    "%(count)s embeddings are kept: Models, “How the items are read”, adds them.",
                    count=self.vectors,
                ),
            ),
            (
                self.remarked,
                message(
                    "%(count)s rows are kept otherwise than they stand: see the report.",
                    count=self.remarked,
                ),
            ),
            (
                self.between,
                message(
                    "%(count)s rows are nearly the same as items on both sides of the split.",
                    count=self.between,
                ),
            ),
            (
                self.scaled,
                message(
                    "%(count)s pictures of 16 bits or more were scaled to 8, each by the range it uses.",
                    count=self.scaled,
                ),
            ),
        )
