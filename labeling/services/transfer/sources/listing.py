"""A source is listed as a job: what is new is taken, what changed or is gone is told.

A list that was broken off goes on behind the last page of which all is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as noop

from labeling.errors import AssayError, InvalidInputError
from labeling.messages import Message, message
from labeling.models import ImportRun, Job, Source, SourceObject, User
from labeling.services.transfer import pictures
from labeling.services.transfer.limits import LIMITS, Limits
from labeling.services.transfer.sources import lists, objects, schedule, setting_up
from labeling.services.transfer.sources.ahead import ReadAhead
from labeling.services.transfer.sources.network import PlaceError
from labeling.services.transfer.sources.objects import ObjectCounts, State
from labeling.services.transfer.sources.replies import RefusedError
from labeling.services.transfer.sources.store import Listed, ObjectChangedError, Store
from labeling.services.transfer.sources.taking import ObjectWriter
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import keep_project

logger = logging.getLogger(__name__)
# Names that a line of the log quotes.
QUOTED = 5


def run(progress: Progress, limits: Limits = LIMITS) -> dict[str, Any]:
    """List a source; idempotent: what is as it was when it was read is not read again.

    Raises InvalidInputError where the source was removed, PlaceError where its server does
    not answer or refuses, and SealError where its credentials cannot be read.
    """
    sources = Source.objects.select_related("project")
    source = sources.filter(pk=progress.job.params["source"]).first()
    if source is None:
        raise InvalidInputError(message("This source was removed."))
    # A deletion of unused pictures that runs now could take one that is brought again.
    pictures.await_forgetting()
    try:
        return _list(source, progress, limits)
    except AssayError:
        schedule.note_failure(source)
        raise


def _list(source: Source, progress: Progress, limits: Limits) -> dict[str, Any]:
    with (
        setting_up.opened(source) as store,
        ReadAhead(partial(setting_up.open_store, source)) as ahead,
    ):
        run_ = _run_of(source, progress)
        with ObjectWriter(source, ahead, run_, progress, limits) as writer:
            lister = _Lister(store, writer, run_, progress, limits)
            lister.read_all()
    return lister.counts.as_json()


def request_due() -> int:
    """Request the lists that are due by themselves; return how many were requested.

    A source whose list cannot be requested stays due for the next sweep.
    """
    now = timezone.now()
    requested = 0
    for source in schedule.due(now):
        try:
            requested += _request_once(source, now)
        except (AssayError, DatabaseError):
            # The others are as due as this one.
            logger.exception("source %s stays due", source.pk)
    return requested


def _request_once(source: Source, now: datetime) -> bool:
    """Request a list that is due, unless another sweep has done so."""
    # Whoever dies between the two has done neither: taken and requested at once.
    with transaction.atomic():
        # The project first: whoever deletes it locks it before its sources.
        if not keep_project(source.project_id) or not schedule.take(source, now):
            return False
        setting_up.request_list(source, None)
        return True


def again(job: Job, user: User | None) -> Job:
    """Request that the same source is listed from its beginning.

    Raises InvalidInputError where it was removed.
    """
    source = Source.objects.filter(pk=job.params["source"]).first()
    if source is None:
        raise InvalidInputError(message("This source was removed."))
    return setting_up.request_list(source, user)


class _Lister:
    """One list of a source, page by page."""

    def __init__(
        self,
        store: Store,
        writer: ObjectWriter,
        import_run: ImportRun,
        progress: Progress,
        limits: Limits,
    ) -> None:
        self._source, self._writer = writer.source, writer
        self._store, self._run = store, import_run
        self._progress, self._limits = progress, limits
        params = progress.job.params
        # Of an attempt before that a worker could not end.
        self._writer.counts = ObjectCounts(**params.get("counts", {}))
        self._writer.reasons.rows = [*self._run.errors] if params.get("after") else []
        self._after: str = params.get("after", "")

    @property
    def counts(self) -> ObjectCounts:
        """What became of the objects so far."""
        return self._writer.counts

    def read_all(self) -> None:
        """Read all pages, then see what is gone.

        Raises PlaceError where the server does not answer any more.
        """
        # By bytes, as S3 lists; not every server that is compatible does.
        is_ordered = True
        for page in self._store.pages(self._after):
            self._read(page)
            keys = [listed.key.encode() for listed in page]
            is_ordered = is_ordered and keys == sorted(keys)
            if page and is_ordered:
                self._after = page[-1].key
                # Where keys come in no order, nobody can go on behind one.
                self._progress.note(after=self._after, counts=self.counts.as_json())
            self._save()
        # Only now: a list that ended early would take the rest for gone.
        self._tell_removed()
        self._save()
        Source.objects.filter(pk=self._source.pk).update(
            listed_at=timezone.now(),
            counts=self.counts.as_json(),
            **schedule.after_list(self._source),
        )

    def _read(self, page: Sequence[Listed]) -> None:
        """Take what is new of a page, and count all of it."""
        known = objects.known_of(self._source, page)
        settled = {
            listed.key: known[listed.key]
            for listed in page
            if objects.is_settled(self._source, listed, known.get(listed.key))
        }
        # Refusals of before are told anew with this list's numbers: each report is whole.
        self._count_settled(page, settled)
        first = self.counts.objects + 1
        self.counts.objects += len(page)
        to_take, to_import, unused = [], [], []
        for number, listed in enumerate(page, start=first):
            if listed.key in settled:
                continue
            use, why = objects.usage(listed, self._source.project.data_type)
            if why:
                self._writer.refuse(number, listed, why, State.UNUSED)
                unused.append(self._writer.row(listed, State.UNUSED, reason=why))
            elif use == "list":
                to_import.append((number, listed))
            else:
                to_take.append((number, listed))
        objects.keep(unused)
        for portion in objects.portions(to_take, self._limits.chunk_pictures):
            self._writer.take(portion, known)
            self._progress.report(stage=noop("reading objects"))
        for number, listed in to_import:
            self._import(number, listed)

    def _count_settled(
        self, page: Sequence[Listed], settled: dict[str, SourceObject]
    ) -> None:
        first = self.counts.objects + 1
        for number, listed in enumerate(page, start=first):
            row = settled.get(listed.key)
            if row is not None and row.reason is not None:
                self._writer.refuse(number, listed, row.reason, row.state)
            elif row is not None:
                self.counts.known += 1
        objects.touch(self._source, self._progress.job.pk, [*settled])

    def _keep_refused(
        self, number: int, listed: Listed, why: Message, *, is_open: bool = False
    ) -> None:
        self._writer.refuse(number, listed, why, State.REFUSED)
        # Without its ETag it is read again by the next list.
        etag = "" if is_open else listed.etag
        row = self._writer.row(listed, State.REFUSED, reason=why, etag=etag)
        objects.keep([row])

    def _import(self, number: int, listed: Listed) -> None:
        """Import a list by the ordinary importer, here and now."""
        user = self._progress.job.requested_by
        try:
            is_done = lists.bring(self._source, self._store, listed, user)
        except (ObjectChangedError, RefusedError) as error:
            why = error.message
            self._keep_refused(number, listed, why, is_open=True)
        except PlaceError:
            # Not this list but the server: the next one could not be had either.
            raise
        except AssayError as error:
            self._keep_refused(number, listed, error.message)
        else:
            self.counts.lists += 1
            # A list whose import has failed is read again by the next one.
            etag = listed.etag if is_done else ""
            objects.keep([self._writer.row(listed, State.LIST, etag=etag)])
        self._progress.report(stage=noop("reading objects"))

    def _tell_removed(self) -> None:
        """Mark what is in no list any more; the items stay."""
        rows = SourceObject.objects.filter(source=self._source)
        gone = rows.exclude(seen_by=self._progress.job.pk)
        fresh = gone.filter(removed_at=None).order_by("key")
        names = [*fresh.values_list("key", flat=True)[:QUOTED]]
        count = fresh.update(removed_at=timezone.now())
        self.counts.removed = gone.count()
        if count:
            self._progress.log(
                message(
                    "Gone since the list before, while their items stay (%(count)s): %(names)s",
                    count=count,
                    names=", ".join(name[-80:] for name in names),
                )
            )

    def _save(self) -> None:
        """Write the counts, and how far the job is."""
        counts = self.counts
        others = counts.changed + counts.refused + counts.unused
        # The report last, for it locks the job's row, as imports do.
        with transaction.atomic():
            ImportRun.objects.filter(pk=self._run.pk).update(
                # Lists have imports of their own, with counts of their rows.
                received=counts.objects - counts.lists,
                created=counts.new,
                duplicates=counts.known,
                rejected=others,
                errors=self._writer.reasons.rows,
            )
            self._progress.report(done=counts.objects, stage=noop("reading objects"))


def _run_of(source: Source, progress: Progress) -> ImportRun:
    """Return the import that tells of this list, also where it is its second attempt."""
    run_, _is_new = ImportRun.objects.select_related("project", "job").get_or_create(
        job=progress.job,
        defaults={
            "project": source.project,
            "source": source,
            "file_name": source.name,
            "options": asdict(lists.choices_of(source)),
        },
    )
    return run_
