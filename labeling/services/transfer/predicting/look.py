"""A file of predictions before anything of it is kept: what its first rows would become."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, NamedTuple

from django.core.files.storage import default_storage

from labeling import queries
from labeling.messages import Message, from_json
from labeling.models import Item, Project, Upload
from labeling.services.transfer import names
from labeling.services.transfer.counted import CountedRows
from labeling.services.transfer.importing import readers, staging, words
from labeling.services.transfer.importing.chunk import Refusal
from labeling.services.transfer.importing.counting import LabelCounts
from labeling.services.transfer.importing.raw import FileError, Raw
from labeling.services.transfer.importing.reading import FileReading
from labeling.services.transfer.importing.refused import RefusedRows
from labeling.services.transfer.outside import rows
from labeling.services.transfer.outside.rows import SourcePrediction
from labeling.services.transfer.outside.terms import PredictionTerms
from labeling.services.transfer.predicting import run
from labeling.services.transfer.predicting import tally as tallying
from labeling.services.transfer.predicting.tally import PredictionTally, ReadyRow
from labeling.services.transfer.rows import RowError

# Rows that are looked through, half a second as most are, and at most for how long:
# rows with embeddings are a hundred times as large.
LOOKED_THROUGH: Final = 5000
SECONDS: Final = 3
SHOWN: Final = 20
# Who predicts where neither a row nor a person has said so yet.
NOBODY: Final = "…"


class ShownPrediction(NamedTuple):
    """A row as it would be kept, or with that its item is not known."""

    number: int
    external_id: str
    is_known: bool
    predicted: Sequence[SourcePrediction]


@dataclass(frozen=True)
class PredictionsLook:
    """What the first rows of a file would become.

    roles: column → role, "ignore" where it is not used. rows: at most ``SHOWN``. problems:
    the first rows that would be refused, with the reasons. looked_through, ready, unknown,
    refused: numbers of rows; unknown: of those whose item the project does not have.
    labels: as the file writes them. lacks_source: whether a person has to say who predicts.
    """

    reading: FileReading
    notes: Sequence[Message]
    roles: Mapping[str, str]
    rows: Sequence[ShownPrediction]
    problems: Sequence[Mapping[str, Any]]
    looked_through: int
    ready: int
    unknown: int
    refused: int
    labels: LabelCounts
    lacks_source: bool
    nobody: str = NOBODY

    @property
    def kept(self) -> int:
        """How many rows would be kept."""
        return self.ready - self.unknown


@dataclass
class _Looked:
    """What is kept of the rows that were looked through: of most of them, the item's id."""

    tally: PredictionTally
    roles: dict[str, str] = field(default_factory=dict)
    labels: Counter[str] = field(default_factory=Counter)
    first: list[ReadyRow] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    count: int = 0
    lacks_source: bool = False
    is_whole: bool = True
    broken: Message | None = None

    def add(self, raw: Raw, terms: PredictionTerms) -> None:
        """Read a row as the job would."""
        self.count += 1
        for name in raw.values or {}:
            self.roles.setdefault(name, rows.role_of(name, terms.mapping) or "ignore")
        outcome = tallying.outcome_of(raw, self.tally, terms)
        if isinstance(outcome, Refusal):
            self.tally.refusals.add(outcome.number, outcome.reason)
        else:
            self.named.append(outcome.external_id)
            self.lacks_source |= any(p.source == NOBODY for p in outcome.predicted)
            if len(self.first) < SHOWN:
                self.first.append(outcome)
        # Of an export of ours nothing but its predictions is taken, by our own names.
        if raw.values and not self.tally.is_own:
            self.labels.update(_written(raw.values, terms))


def look(
    upload: Upload, options: Mapping[str, Any], most: int = LOOKED_THROUGH
) -> PredictionsLook:
    """Return what at most ``most`` rows of a staged file would become.

    options: as of ``run.start``.

    Raises InvalidInputError where a choice cannot be followed or the file cannot be read.
    """
    project = upload.project
    # A name that cannot be kept is refused when the file is brought.
    mapping, label_map, _ = run.chosen(project, {**options, "source": ""})
    terms = PredictionTerms(
        is_multi=project.is_multi,
        labels=queries.label_names(project.label_set_id),
        source=str(options.get("source", "")).strip() or NOBODY,
        mapping=mapping,
        label_map=label_map,
    )
    way = staging.reading_of(upload)
    with default_storage.open(upload.path) as file, RefusedRows() as refused:
        notes = words.notes(way, file)
        file.seek(0)
        looked = _Looked(PredictionTally(CountedRows(SHOWN), refused))
        _look_through(readers.read(way, file), looked, terms, most)
    notes += looked.tally.notes()
    if looked.broken:
        notes.append(looked.broken)
    known = _known(project, looked.named)
    meant = {name: _meant(name, terms) for name in looked.labels}
    return PredictionsLook(
        reading=way,
        notes=notes,
        roles=looked.roles,
        rows=_shown(looked.first, known),
        problems=[
            {"row": each["row"], "reason": from_json(each["reason"])}
            for each in looked.tally.refusals.rows
        ],
        looked_through=looked.count,
        ready=len(looked.named),
        unknown=sum(name not in known for name in looked.named),
        refused=looked.tally.refusals.count,
        labels=LabelCounts(dict(looked.labels.most_common()), meant, looked.is_whole),
        lacks_source=looked.lacks_source,
    )


def _look_through(
    raws: Iterator[Raw], looked: _Looked, terms: PredictionTerms, most: int
) -> None:
    """Look at the first rows; raises FileError where not even one can be read."""
    until = monotonic() + SECONDS
    try:
        for raw in raws:
            if looked.count == most or monotonic() > until:
                looked.is_whole = False
                return
            looked.add(raw, terms)
    except FileError as error:
        if not looked.count:
            raise
        looked.broken = error.message


def look_once(upload: Upload, options: Mapping[str, Any]) -> PredictionsLook:
    """Look at a file and forget it; raises what ``look`` and ``run.chosen`` raise."""
    try:
        run.chosen(upload.project, options)
        return look(upload, options)
    finally:
        staging.forget(upload)


def _known(project: Project, names: Iterable[str]) -> set[str]:
    items = Item.objects.filter(project=project, external_id__in=[*names])
    return {*items.values_list("external_id", flat=True)}


def _shown(some: Iterable[ReadyRow], known: set[str]) -> list[ShownPrediction]:
    return [
        ShownPrediction(
            each.raw.number, each.external_id, each.external_id in known, each.predicted
        )
        for each in some
    ]


def _written(values: Mapping[str, Any], terms: PredictionTerms) -> set[str]:
    try:
        return rows.written_labels(values, terms)
    except RowError:
        return set()


def _meant(label: str, terms: PredictionTerms) -> str:
    name = terms.label_map.get(label, label)
    if name in terms.labels:
        return name
    parts = names.meant(name, terms.known, may_be_several=terms.is_multi)
    return ", ".join(parts) if terms.labels.issuperset(parts) else ""
