"""Chunks into the database, one transaction each: pictures, items, labels, votes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Final, Self

from django.db import transaction

from labeling import queries
from labeling.messages import message
from labeling.models import ImportRun, Project
from labeling.services.queue.order import send_items_changed
from labeling.services.transfer import columns, groups, splitting
from labeling.services.transfer.collector import without_collector
from labeling.services.transfer.importing import (
    choices,
    chunk,
    chunk_reader,
    images,
    known_labels,
    meeting,
    predictions,
    table,
    taken,
    vectors,
    votes,
)
from labeling.services.transfer.importing.chunk import (
    NewItem,
    Ready,
    Refusal,
    RowOutcome,
    RowTerms,
)
from labeling.services.transfer.importing.chunk_reader import ReadChunk
from labeling.services.transfer.importing.images import Picture
from labeling.services.transfer.importing.meeting import Met, Remark
from labeling.services.transfer.importing.raw import Raw
from labeling.services.transfer.limits import Limits
from labeling.services.transfer.outside import item_vectors
from labeling.services.transfer.rows import Row
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import Turn, await_turn, flush_later
from labeling.sql import statistics

# That an import reads while it fills them.
_TABLES: Final = ("labeling_item", "labeling_likeness", "labeling_likenessband")


@dataclass(frozen=True)
class Written:
    """What became of the rows of one chunk."""

    received: int
    created: int
    refusals: list[Refusal]
    # How many are like items on both sides of the split.
    between: int = 0
    # How many have pictures of more than 8 bits.
    scaled: int = 0
    # How many have labels that were not asked for.
    unused: int = 0
    # How many predictions of other tools are new, or other than before.
    predicted: int = 0
    # How many predictions of our own export were not taken: their items have others.
    stayed: int = 0
    met: Met = field(default_factory=Met)


def terms_of(import_run: ImportRun, limits: Limits) -> RowTerms:
    """Return what rows are asked for."""
    project = import_run.project
    return RowTerms(
        project_id=project.pk,
        data_type=project.data_type,
        is_multi=project.is_multi,
        labels=queries.label_names(project.label_set_id),
        mapping=import_run.mapping,
        choices=choices.of_options(import_run.options),
        limits=limits,
        order=columns.ColumnOrder(columns.of_project(project.pk)),
        vectors=item_vectors.size_of(project.pk),
    )


def _shrinking(each: Ready) -> Iterator[Remark]:
    """Return the remark that a picture was made smaller, where it was."""
    picture = each.picture
    if picture and picture.before:
        width, height = picture.before
        yield Remark(
            each.number,
            message(
                "“%(id)s” has %(width)s×%(height)s pixels: it is kept with %(new_width)s×%(new_height)s.",
                id=each.item.external_id[:80],
                width=width,
                height=height,
                new_width=picture.width,
                new_height=picture.height,
            ),
        )


class Writer:
    """Writes the chunks of one import; ``count``, if any, counts each in its transaction.

    As a context manager it tells the learner of what is new: early, each time that there
    is twice as much, and at the end. An order behind each chunk would take the processors
    that the import needs.
    """

    def __init__(
        self,
        import_run: ImportRun,
        terms: RowTerms,
        progress: Progress,
        count: Callable[[Written], None] | None = None,
    ) -> None:
        self.project: Project = import_run.project
        self.importer = import_run.job.requested_by
        self.terms = terms
        self.progress = progress
        self.count = count
        self.annotators = votes.Annotators(self.project)
        self.has_sides = False
        self._has_labels = False
        # Of rows that were written: how many the learner knows, and how many there are.
        self._announced = 0
        # Of the project, as ``splitting.count`` gives it.
        self._size = 0
        self._received = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        # Whatever ended the import: what has been written is there. A killed attempt may
        # have written more than it announced, and this one may have found nothing left.
        if self._received > self._announced or self.progress.job.attempt > 1:
            send_items_changed(self.project.pk)

    @property
    def has_labels(self) -> bool:
        """Whether its rows have known answers, and none says its side itself."""
        return self._has_labels and not self.has_sides

    def write_all(self, raws: Iterator[Raw]) -> Iterator[Written]:
        """Keep what is new of all rows; yield what became of each chunk."""
        if self.terms.has_pictures:
            # They are read one by one: their files are kept before the transaction.
            while (written := self.write(raws)).received:
                yield written
            return
        with chunk_reader.ChunkReader(raws, self.terms) as reader:
            while True:
                with without_collector():
                    read = reader.take()
                    if not read.outcomes:
                        return
                    written = self._write(read, then=reader.begin)
                    # While nobody looks for cycles: else all its rows are looked at.
                    del read
                yield written

    def write(self, raws: Iterator[Raw]) -> Written:
        """Keep what is new of the next rows; where none is received, the file has ended."""
        with without_collector():
            if self.terms.has_pictures:
                return self._write(self._with_pictures(raws))
            return self._write(chunk_reader.read(raws, self.terms))

    def _with_pictures(self, raws: Iterator[Raw]) -> ReadChunk:
        """Read pictures: it takes so long that no transaction waits for it."""
        outcomes = list(self._with_files(chunk.outcomes(raws, self.terms)))
        ready = [outcome for outcome in outcomes if isinstance(outcome, Ready)]
        newcomers = [
            groups.Newcomer(
                outcome.row.group, outcome.picture.sketch, outcome.row.split
            )
            for outcome in ready
            if outcome.picture
        ]
        return ReadChunk(outcomes, ready, newcomers)

    def _write(
        self, read: ReadChunk, then: Callable[[], object] = lambda: None
    ) -> Written:
        """Write a chunk; ``then`` is called when the next one may be read."""
        pictures = [each.picture for each in read.ready if each.picture]
        order = self.terms.order
        with transaction.atomic():
            # Held until the commit, so items of a project become visible in the order
            # of their ids: the learner computes features from the last id on.
            await_turn(Turn.IMPORTS, self.project.pk)
            flush_later()
            # Another import may have brought columns since.
            if order.join(columns.of_project(self.project.pk)):
                read = self._arranged(read)
            names = order.names
            then()
            written = self._insert(read, images.record(pictures))
            order.keep(self.project.pk, names)
            # Within the transaction: another attempt counts what is written once.
            if written.received and self.count:
                self.count(written)
        self._received += written.received
        if self._received > 2 * self._announced:
            send_items_changed(self.project.pk)
            self._announced = self._received
            statistics.refresh(_TABLES, self._received)
        return written

    def _arranged(self, read: ReadChunk) -> ReadChunk:
        outcomes = [
            chunk.arranged(each, self.terms) if isinstance(each, Ready) else each
            for each in read.outcomes
        ]
        ready = [outcome for outcome in outcomes if isinstance(outcome, Ready)]
        return read._replace(outcomes=outcomes, ready=ready)

    def _with_files(self, outcomes: Iterable[RowOutcome]) -> Iterator[RowOutcome]:
        """Keep the file of each picture, and no picture in memory; send heartbeats."""
        last = monotonic()
        for outcome in outcomes:
            if isinstance(outcome, Ready) and outcome.picture:
                images.keep(outcome.picture)
                yield outcome._replace(picture=outcome.picture._replace(encoded=b""))
            else:
                yield outcome
            if monotonic() - last > self.terms.limits.heartbeat_seconds:
                self.progress.report()
                last = monotonic()

    def _counted(self) -> int:
        """Return how many items there are: counted until it makes no difference."""
        if self._size < splitting.enough(self.project.evaluation_share):
            self._size = splitting.count(self.project)
        return self._size

    def _insert(self, read: ReadChunk, media_ids: Mapping[str, int]) -> Written:
        outcomes, ready = read.outcomes, read.ready
        size = self._counted()
        places: list[groups.GroupPlace] = []
        # Only rows that bring more than an item are kept: the others are items by now.
        rich: dict[str, Row] = {}
        is_gold = self.terms.is_gold
        # The database takes an item while the next one's place is computed.
        with (
            self._placing(read.newcomers, size) as next_places,
            table.inserting() as insertion,
        ):
            for (row, item, picture, _raw), place in zip(
                ready, next_places, strict=True
            ):
                places.append(place)
                insertion.send(self._placed(item, picture, place, media_ids))
                if row.votes or row.known or row.held_out_for or is_gold:
                    rich[item.content_hash] = row
        named = taken.resolve(
            self.project,
            outcomes,
            insertion,
            may_rename=self.terms.choices.same_id == "new",
        )
        new = insertion.written | named.new
        self._balance(ready, size, new)
        rich |= {content: later.row for content, later in named.later.items()}
        # Of new items only: what items of before lack is told apart from what they have.
        self._keep_labels({key: row for key, row in rich.items() if key in new})
        met = self._met(outcomes, ready, named, new)
        refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
        refusals += [*named.refusals, *met.refusals]
        fresh = {id(each.raw) for each in ready if each.item.content_hash in new}
        predicted = self._predict(outcomes, refusals, met, fresh)
        written = Written(
            len(outcomes),
            len(new),
            refusals,
            predicted=predicted.total,
            stayed=predicted.stayed,
            met=met,
        )
        return self._written(ready, written, places)

    def _keep_labels(self, rows: Mapping[str, Row]) -> None:
        known = known_labels.keep(
            self.project, self.terms, self.annotators, self.importer, rows
        )
        self._has_labels = self._has_labels or known

    def _met(
        self,
        outcomes: Sequence[RowOutcome],
        ready: Sequence[Ready],
        named: taken.TakenNames,
        new: Collection[str],
    ) -> Met:
        """Add to items of before what rows bring beyond them."""
        others = (outcome for outcome in outcomes if id(outcome) not in named.done)
        met = meeting.meet(
            self.project,
            self.terms,
            self.annotators,
            self.importer,
            meeting.meetings(others, new),
        )
        # Known answers of items that were here before.
        self._has_labels = self._has_labels or bool(met.filled)
        met.remarks += named.renamed.values()
        met.remarks += [remark for each in ready for remark in _shrinking(each)]
        met.remarks += [
            Remark(each.number, why)
            for each in ready
            if (why := each.row.not_held_out) and each.item.content_hash in new
        ]
        return met

    def _predict(
        self,
        outcomes: Sequence[RowOutcome],
        refusals: Sequence[Refusal],
        met: Met,
        fresh: Collection[int],
    ) -> predictions.KeptPredictions:
        """Keep what rows that are not refused predict, and their vectors.

        Returns what became of the predictions.
        """
        refused = {id(refusal.raw) for refusal in refusals}
        kept = [each for each in outcomes if id(each.raw) not in refused]
        predicted = predictions.keep(self.project.pk, kept)
        brought = predicted.rows | vectors.keep(self.project.pk, kept, met)
        # A row that only brings one of these to an item of before fills it in.
        met.filled += len(brought - met.filled_rows - {*fresh})
        met.remarks += predicted.remarks
        return predicted

    def _balance(self, ready: Sequence[Ready], size: int, new: Collection[str]) -> None:
        """Mend the split before any label is known: none has a say in what is held out."""
        # What says its side itself keeps it, also behind the last chunk.
        self.has_sides = self.has_sides or any(row.split for row, *_ in ready)
        is_small = size < splitting.enough(self.project.evaluation_share)
        if not self.has_sides and (
            is_small or (new and splitting.is_one_sided(self.project))
        ):
            splitting.balance(self.project)

    def _written(
        self,
        ready: Sequence[Ready],
        written: Written,
        places: Sequence[groups.GroupPlace],
    ) -> Written:
        """Return the counts of a chunk with those of what was not taken as it stood."""
        labeled = (row for row, *_ in ready if row.labels and not row.known)
        return replace(
            written,
            refusals=sorted(written.refusals, key=lambda refusal: refusal.number),
            between=sum(place.is_between for place in places),
            scaled=sum(bool(each.picture and each.picture.is_scaled) for each in ready),
            unused=0 if self.terms.is_gold else sum(1 for _ in labeled),
        )

    def _placing(
        self, some: Sequence[groups.Newcomer], size: int
    ) -> AbstractContextManager[Iterator[groups.GroupPlace]]:
        """Give the group and the side of each row, by the number of items there are."""
        below = splitting.threshold(self.project.evaluation_share, size)
        return groups.placing(self.project, some, below)

    def _placed(
        self,
        item: NewItem,
        picture: Picture | None,
        place: groups.GroupPlace,
        media_ids: Mapping[str, int],
    ) -> NewItem:
        is_shared = groups.is_shared(self.project, place.group_key)
        return item._replace(
            media_id=media_ids[picture.sha256] if picture else None,
            group_key=place.group_key,
            split=place.split,
            votes_wanted=self.project.min_votes if is_shared else 1,
        )
