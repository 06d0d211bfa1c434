"""What becomes of the rows of a file of predictions: each ends in one count."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from labeling.messages import Message, message
from labeling.services.transfer.counted import CountedRows
from labeling.services.transfer.importing.chunk import Refusal
from labeling.services.transfer.importing.raw import Raw
from labeling.services.transfer.importing.refused import RefusedRows
from labeling.services.transfer.outside import rows, store
from labeling.services.transfer.outside.rows import SourcePrediction
from labeling.services.transfer.outside.store import KeptAs
from labeling.services.transfer.outside.terms import PredictionTerms
from labeling.services.transfer.rows import RowError

# Columns that are named where they are not used.
MOST_NAMED: Final = 20
# A row of several predictions is what the first of these is that one of them is.
_ORDER: Final[tuple[KeptAs, ...]] = ("new", "replaced", "same")


class ReadyRow(NamedTuple):
    """A row that can be kept where its item is known."""

    raw: Raw
    external_id: str
    predicted: list[SourcePrediction]


@dataclass
class PredictionTally:
    """What became of the rows so far."""

    refusals: CountedRows
    refused: RefusedRows
    counts: Counter[str] = field(default_factory=Counter)
    received: int = 0
    columns: Collection[str] = ()
    unused: dict[str, None] = field(default_factory=dict)

    def note_columns(self, values: Mapping[str, Any], terms: PredictionTerms) -> None:
        """Remember which columns of a row say nothing of predictions."""
        # Most rows have the columns of the one before.
        if values.keys() == self.columns or len(self.unused) > MOST_NAMED:
            return
        self.columns = values.keys()
        unused = [name for name in values if not rows.role_of(name, terms.mapping)]
        self.unused |= dict.fromkeys(unused)

    def reject(self, refusal: Refusal) -> None:
        """Count a row that cannot be kept; the first ones with the reason."""
        self.refusals.add(refusal.number, refusal.reason)
        self.refused.add(refusal)


def outcome_of(
    raw: Raw, tally: PredictionTally, terms: PredictionTerms
) -> ReadyRow | Refusal:
    """Return a row with what it predicts, or why it cannot be kept."""
    if raw.problem or raw.values is None:
        why = raw.problem or message("The row is empty.")
        return Refusal(raw.number, raw.placed(why), raw)
    tally.note_columns(raw.values, terms)
    try:
        return ReadyRow(raw, *rows.parse(raw.values, terms))
    except RowError as error:
        return Refusal(raw.number, raw.placed(error.message), raw)


def count(
    tally: PredictionTally,
    outcomes: Sequence[ReadyRow | Refusal],
    kept: Sequence[KeptAs],
) -> None:
    """Count each row once: also one that brings several predictions.

    kept: what became of the predictions of the rows that could be read, in their order.
    """
    left = iter(kept)
    for row in outcomes:
        if isinstance(row, Refusal):
            tally.reject(row)
            continue
        of_row = [*itertools.islice(left, len(row.predicted))]
        if refused := next((each for each in of_row if each not in _ORDER), None):
            why = _refusal(refused, row)
            tally.reject(Refusal(row.raw.number, row.raw.placed(why), row.raw))
        else:
            tally.counts[min(of_row, key=_ORDER.index)] += 1


def _refusal(outcome: KeptAs, row: ReadyRow) -> Message:
    if outcome == "unknown":
        return message("“%(id)s” is no item of this project.", id=row.external_id[:80])
    if outcome == "size":
        return message("Its embedding is not as long as the others of its source.")
    return message(
        "The project has %(most)s sources already: delete one that you do not need.",
        most=store.MOST_SOURCES,
    )
