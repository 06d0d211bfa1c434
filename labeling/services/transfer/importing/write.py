"""Chunks into the database, one transaction each: pictures, items, labels, votes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic

from django.db import transaction

from labeling.models import ImportRun, Item, Label, Project
from labeling.services.queue.order import tell_items_changed
from labeling.services.transfer.importing import chunk, images, table, votes
from labeling.services.transfer.importing.chunk import Outcome, Ready, Refusal, Terms
from labeling.services.transfer.importing.images import Picture
from labeling.services.transfer.importing.limits import Limits
from labeling.services.transfer.importing.readers import Raw
from labeling.services.transfer.importing.rows import Row
from labeling.services.votes import gold
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import Turn, await_turn


@dataclass(frozen=True)
class Written:
    """What became of the rows of one chunk."""

    received: int
    created: int
    refusals: list[Refusal]

    @property
    def duplicates(self) -> int:
        """How many rows have a name or a content that was known already."""
        return self.received - self.created - len(self.refusals)


def terms_of(import_run: ImportRun, share: float, limits: Limits) -> Terms:
    """Return what rows are asked for; ``share`` is the part for evaluation."""
    project = import_run.project
    labels = Label.objects.filter(label_set_id=project.label_set_id)
    return Terms(
        project_id=project.pk,
        data_type=project.data_type,
        is_multi=project.is_multi,
        labels=frozenset(labels.values_list("name", flat=True)),
        seed=project.seed,
        evaluation_share=share,
        overlap_share=project.overlap_share,
        min_votes=project.min_votes,
        mapping=import_run.mapping,
        is_gold=import_run.options.get("gold") is True,
        limits=limits,
    )


class Writer:
    """Writes the chunks of one import."""

    def __init__(self, import_run: ImportRun, terms: Terms, progress: Progress) -> None:
        self.project: Project = import_run.project
        self.importer = import_run.job.requested_by
        self.terms = terms
        self.progress = progress
        self.annotators = votes.Annotators(self.project)

    def write(self, raws: Iterator[Raw]) -> Written:
        """Keep what is new of the next rows; where none is received, the file has ended.

        The database takes in rows while the following ones are read. Pictures take so
        long that they are read before the transaction begins.
        """
        outcomes: Iterable[Outcome] = chunk.outcomes(raws, self.terms)
        pictures: list[Picture] = []
        if self.terms.has_pictures:
            outcomes = list(self._with_files(outcomes))
            pictures = [
                outcome.picture
                for outcome in outcomes
                if isinstance(outcome, Ready) and outcome.picture
            ]
        with transaction.atomic():
            # Held until the commit, so items of a project become visible in the order
            # of their ids: the learner computes features from the last id on.
            await_turn(Turn.IMPORTS, self.project.pk)
            written = self._insert(outcomes, images.record(pictures))
            tell_items_changed(self.project.pk)
        return written

    def _with_files(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
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

    def _insert(
        self, outcomes: Iterable[Outcome], media_ids: Mapping[str, int]
    ) -> Written:
        received = 0
        refusals: list[Refusal] = []
        # Only rows that bring more than an item are kept: the garbage collector looks
        # through all that is kept, again and again.
        rich: dict[str, Row] = {}
        with table.inserting() as insertion:
            for outcome in outcomes:
                received += 1
                if isinstance(outcome, Ready):
                    row, item, picture = outcome
                    if picture:
                        item = item._replace(media_id=media_ids[picture.sha256])
                    insertion.send(item)
                    if row.votes or self.terms.is_gold:
                        rich[item.content_hash] = row
                elif isinstance(outcome, Refusal):
                    refusals.append(outcome)
        new = insertion.written
        self._keep_labels({key: row for key, row in rich.items() if key in new})
        return Written(received, len(new), refusals)

    def _keep_labels(self, rows: Mapping[str, Row]) -> None:
        """Keep the known labels and the past votes of new items, by their contents."""
        items = Item.objects.filter(project=self.project, content_hash__in=rows)
        pairs = [(item, rows[item.content_hash]) for item in items]
        if self.terms.is_gold:
            known = [(item, sorted(set(row.labels))) for item, row in pairs]
            gold.record(self.project, [pair for pair in known if pair[1]])
        if voted := [(item, row.votes) for item, row in pairs if row.votes]:
            votes.keep(self.project, self.annotators, voted, self.importer)
