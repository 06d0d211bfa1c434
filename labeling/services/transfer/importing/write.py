"""Chunks into the database, one transaction each: pictures, items, labels, votes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

from django.db import transaction

from labeling.models import ImportRun, Item, Label, Project
from labeling.services.queue.order import tell_items_changed
from labeling.services.transfer import groups, splitting
from labeling.services.transfer.importing import chunk, images, table, votes
from labeling.services.transfer.importing.chunk import Outcome, Ready, Refusal, RowTerms
from labeling.services.transfer.importing.images import Picture
from labeling.services.transfer.importing.readers import Raw
from labeling.services.transfer.limits import Limits
from labeling.services.transfer.rows import Row
from labeling.services.votes import gold
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import Turn, await_turn


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

    @property
    def duplicates(self) -> int:
        """How many rows have a name or a content that was known already."""
        return self.received - self.created - len(self.refusals)


def terms_of(import_run: ImportRun, limits: Limits) -> RowTerms:
    """Return what rows are asked for."""
    project = import_run.project
    labels = Label.objects.filter(label_set_id=project.label_set_id)
    return RowTerms(
        project_id=project.pk,
        data_type=project.data_type,
        is_multi=project.is_multi,
        labels=frozenset(labels.values_list("name", flat=True)),
        mapping=import_run.mapping,
        is_gold=import_run.options.get("gold") is True,
        limits=limits,
    )


class Writer:
    """Writes the chunks of one import."""

    def __init__(
        self, import_run: ImportRun, terms: RowTerms, progress: Progress
    ) -> None:
        self.project: Project = import_run.project
        self.importer = import_run.job.requested_by
        self.terms = terms
        self.progress = progress
        self.annotators = votes.Annotators(self.project)

    def write(self, raws: Iterator[Raw]) -> Written:
        """Keep what is new of the next rows; where none is received, the file has ended.

        Pictures take so long that they are read before the transaction begins.
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
            written = self._insert(list(outcomes), images.record(pictures))
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
        self, outcomes: Sequence[Outcome], media_ids: Mapping[str, int]
    ) -> Written:
        ready = [outcome for outcome in outcomes if isinstance(outcome, Ready)]
        size = splitting.count(self.project)
        places = self._places(ready, size)
        # Only rows that bring more than an item are kept: the garbage collector looks
        # through all that is kept, again and again.
        rich: dict[str, Row] = {}
        with table.inserting() as insertion:
            for (row, item, picture), place in zip(ready, places, strict=True):
                insertion.send(self._placed(item, picture, place, media_ids))
                if row.votes or self.terms.is_gold:
                    rich[item.content_hash] = row
        new = insertion.written
        if size < splitting.enough(self.project.evaluation_share) or (
            new and splitting.is_one_sided(self.project)
        ):
            # Before any label is known: none has a say in what is held out.
            splitting.balance(self.project)
        # Of new items only: in a file that is imported again, votes would count twice.
        self._keep_labels({key: row for key, row in rich.items() if key in new})
        refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
        between = sum(place.is_between for place in places)
        scaled = sum(picture.is_scaled for *_, picture in ready if picture)
        return Written(len(outcomes), len(new), refusals, between, scaled)

    def _places(self, ready: Sequence[Ready], size: int) -> list[groups.GroupPlace]:
        """Return the group and the side of each row, in a project of so many items."""
        if self.terms.has_pictures:
            some = [
                groups.Newcomer(outcome.row.group, outcome.picture.sketch)
                for outcome in ready
                if outcome.picture
            ]
        else:
            some = groups.newcomers(
                self.terms.data_type,
                [(outcome.row, outcome.item.content_hash) for outcome in ready],
            )
        below = splitting.threshold(self.project.evaluation_share, size)
        return groups.place(self.project, some, below)

    def _placed(
        self,
        item: chunk.NewItem,
        picture: Picture | None,
        place: groups.GroupPlace,
        media_ids: Mapping[str, int],
    ) -> chunk.NewItem:
        is_shared = groups.is_shared(self.project, place.group_key)
        return item._replace(
            media_id=media_ids[picture.sha256] if picture else None,
            group_key=place.group_key,
            split=place.split,
            votes_wanted=self.project.min_votes if is_shared else 1,
        )

    def _keep_labels(self, rows: Mapping[str, Row]) -> None:
        """Keep the known labels and the past votes of new items, by their contents."""
        items = Item.objects.filter(project=self.project, content_hash__in=rows)
        pairs = [(item, rows[item.content_hash]) for item in items]
        if self.terms.is_gold:
            known = [
                (item, sorted(set(row.labels)))
                for item, row in pairs
                # That it has none of the labels is known too, where it may have several.
                if row.labels or (row.labels is not None and self.terms.is_multi)
            ]
            gold.record(self.project, known)
        if voted := [(item, row.votes) for item, row in pairs if row.votes]:
            votes.keep(self.project, self.annotators, voted, self.importer)
