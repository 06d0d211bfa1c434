"""What becomes of the rows of a file of predictions: each ends in one count."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from labeling.messages import Message, message
from labeling.services.transfer import guard
from labeling.services.transfer.counted import CountedRows
from labeling.services.transfer.importing import own
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
    """A row that can be kept where its item is known.

    One of our own export may predict nothing.
    """

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
    is_own: bool = False

    def note_columns(self, values: Mapping[str, Any], terms: PredictionTerms) -> None:
        """Remember which columns of a row say nothing of predictions."""
        # Most rows have the columns of the one before.
        if values.keys() == self.columns or len(self.unused) > MOST_NAMED:
            return
        self.columns = values.keys()
        unused = [name for name in values if not rows.role_of(name, terms.mapping)]
        self.unused |= dict.fromkeys(unused)

    def notes(self) -> Iterator[Message]:
        """Yield what is said of columns and rows that were not used."""
        if self.is_own:
            yield message(
                "An export of ours: its predictions are taken and nothing else."
            )
        if count := self.counts["none"]:
            yield message("%(count)s rows of the export predict nothing.", count=count)
        if self.unused:
            yield message(
                "Columns that say nothing of predictions are not used: %(columns)s.",
                columns=", ".join([*self.unused][:MOST_NAMED]),
            )

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
    try:
        # A person who gives columns roles may mean its labels.
        if not terms.mapping and own.is_own(raw.values, {}):
            tally.is_own = True
            return ReadyRow(raw, *_of_own_export(raw.values, terms))
        tally.note_columns(raw.values, terms)
        return ReadyRow(raw, *rows.parse(raw.values, terms))
    except RowError as error:
        return Refusal(raw.number, raw.placed(error.message), raw)


def _of_own_export(
    values: Mapping[str, Any], terms: PredictionTerms
) -> tuple[str, list[SourcePrediction]]:
    """Return the item of a row of our own export and what is predicted of it.

    Its label is no prediction, and its item may have none. Raises RowError.
    """
    name, predicted = values.get("external_id"), values.get("predictions")
    # In CSV every value is a text, and what a spreadsheet would run is guarded.
    if isinstance(values.get("id"), str) and isinstance(name, str):
        name = guard.unguarded(name)
    if predicted in (None, "", "[]", []):
        return str(name), []
    return rows.parse({"external_id": name, "predictions": predicted}, terms)


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
        elif of_row:
            tally.counts[min(of_row, key=_ORDER.index)] += 1
        else:
            tally.counts["none"] += 1


def _refusal(outcome: KeptAs, row: ReadyRow) -> Message:
    if outcome == "unknown":
        return message("“%(id)s” is no item of this project.", id=row.external_id[:80])
    if outcome == "size":
        return message("Its embedding is not as long as the others of its source.")
    return message(
        "The project has %(most)s sources already: delete one that you do not need.",
        most=store.MOST_SOURCES,
    )
