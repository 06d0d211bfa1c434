"""Objects into items: the writer of imports, which notes what became of each object."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import Final

from django.core.files.storage import default_storage
from PIL import Image

from labeling.messages import Message, message
from labeling.models import ImportRun, Item, Source, SourceObject
from labeling.services.transfer import pictures
from labeling.services.transfer.counted import CountedRows
from labeling.services.transfer.importing.chunk import (
    Duplicate,
    Ready,
    Refusal,
    RowOutcome,
)
from labeling.services.transfer.importing.chunk_reader import ReadChunk
from labeling.services.transfer.importing.raw import Raw
from labeling.services.transfer.importing.reading import encoding_of
from labeling.services.transfer.importing.write import Writer, Written, terms_of
from labeling.services.transfer.limits import Limits
from labeling.services.transfer.rows import RowError
from labeling.services.transfer.sources import objects
from labeling.services.transfer.sources.ahead import ReadAhead
from labeling.services.transfer.sources.objects import ObjectCounts, State
from labeling.services.transfer.sources.replies import RefusedError
from labeling.services.transfer.sources.store import Listed, ObjectChangedError
from labeling.services.work.progress import Progress

# Refusals of a server one after another, after which it is the server and no object.
MOST_REFUSED: Final = 20
CHANGED: Final = message(
    "It is another one than when it was taken: the item keeps what people have seen."
)


class ObjectWriter(Writer):
    """Writes objects as items; what became of each is kept in the same transaction."""

    def __init__(
        self,
        source: Source,
        ahead: ReadAhead,
        import_run: ImportRun,
        progress: Progress,
        limits: Limits,
    ) -> None:
        super().__init__(import_run, terms_of(import_run, limits), progress)
        self.source = source
        self.counts = ObjectCounts()
        self.reasons = CountedRows(limits.reasons)
        self._ahead = ahead
        self._limits = limits
        self._job_id = progress.job.pk
        # The objects of the rows, by number, and what was known of them.
        self._listed: dict[int, Listed] = {}
        self._known: Mapping[str, SourceObject] = {}
        self._refused_in_a_row = 0
        self._to_try_again: set[int] = set()

    def take(
        self, some: Sequence[tuple[int, Listed]], known: Mapping[str, SourceObject]
    ) -> None:
        """Read numbered objects and keep what is new.

        Raises PlaceError where the server does not answer any more.
        """
        self._listed, self._known = dict(some), known
        limits = self._limits
        most = limits.picture_bytes if self.terms.has_pictures else limits.line_bytes
        # Larger ones are refused by what was listed, without being read.
        self._ahead.begin([each for each in some if each[1].size <= most], most)
        # Read before they are written: no lock waits for the server. Of pictures each is
        # read when its turn comes, which is before the transaction too.
        raws = iter([self._raw(number, listed) for number, listed in some])
        while self.write(raws).received:
            pass

    def refuse(self, number: int, listed: Listed, why: Message, state: str) -> None:
        """Count an object that is not taken, and tell the first ones with the reason."""
        if state == State.CHANGED:
            self.counts.changed += 1
        elif state == State.UNUSED:
            self.counts.unused += 1
        else:
            self.counts.refused += 1
        placed = message("%(file)s: %(why)s", file=listed.key[-200:], why=why)
        self.reasons.add(number, placed)

    def row(self, listed: Listed, state: str, **more: object) -> SourceObject:
        """Return what is kept of an object."""
        return SourceObject(
            **{
                "source": self.source,
                "key": listed.key,
                "etag": listed.etag,
                "size": listed.size,
                "state": state,
                "seen_by": self._job_id,
                **more,
            }
        )

    def _raw(self, number: int, listed: Listed) -> Raw:
        values: dict[str, object] = {"external_id": listed.key[-200:]}
        if self.source.has_labels:
            values["label"] = PurePosixPath(listed.key).parent.name
        if self.terms.has_pictures:
            read = partial(self._content, number, listed, self._limits.picture_bytes)
            return Raw(number, {"image": listed.key, **values}, picture=read)
        try:
            data = self._content(number, listed, self._limits.line_bytes)
            if len(data) > self._limits.line_bytes:
                raise RowError(message("The line is too long."))
            text = data.decode(encoding_of(data, io.BytesIO(data)))
        except UnicodeError:
            return Raw(number, None, message("It cannot be read as text."))
        except RowError as error:
            return Raw(number, None, error.message)
        return Raw(number, {"text": text, **values})

    def _content(self, number: int, listed: Listed, most: int) -> bytes:
        """Return the bytes of an object.

        Raises RowError where this one cannot be had, PlaceError where none can.
        """
        if listed.size > most:
            mebibytes = most // 2**20
            raise RowError(
                message("The file has more than %(most)s MiB.", most=mebibytes)
            )
        try:
            data = self._ahead.content(number)
        except (ObjectChangedError, RefusedError) as error:
            self._to_try_again.add(number)
            self._refused_in_a_row += 1
            is_all = self._refused_in_a_row >= MOST_REFUSED
            if is_all and isinstance(error, RefusedError):
                raise
            raise RowError(error.message) from error
        # Some objects of a bucket may be closed to this key, and others not.
        self._refused_in_a_row = 0
        return data

    def _with_files(self, outcomes: Iterable[RowOutcome]) -> Iterator[RowOutcome]:
        """Keep the file of each picture; a small one where people get it elsewhere."""
        if self.source.serving == Source.Serving.SIGNED:
            outcomes = map(_made_small, outcomes)
        return super()._with_files(outcomes)

    def _insert(self, read: ReadChunk, media_ids: Mapping[str, int]) -> Written:
        written = super()._insert(read, media_ids)
        outcomes = read.outcomes
        refused = {refusal.number: refusal for refusal in written.refusals}
        contents = {
            outcome.number: outcome.content_hash
            if isinstance(outcome, Duplicate)
            else outcome.item.content_hash
            for outcome in outcomes
            if not isinstance(outcome, Refusal)
        }
        # By content: an object may be the same as an item that has another name.
        items = Item.objects.filter(
            project=self.project, content_hash__in=contents.values()
        )
        ids = dict(items.values_list("content_hash", "pk"))
        rows = []
        for outcome in outcomes:
            number = outcome.number
            if number in refused:
                is_read = isinstance(outcome, Ready)
                rows.append(self._not_taken(refused[number], is_read=is_read))
                continue
            item_id = ids.get(contents[number])
            rows.append(self.row(self._listed[number], State.TAKEN, item_id=item_id))
        objects.keep(rows)
        self.counts.new += written.created
        self.counts.known += len(rows) - written.created - len(refused)
        return written

    def _not_taken(self, refusal: Refusal, *, is_read: bool) -> SourceObject:
        listed = self._listed[refusal.number]
        known = self._known.get(listed.key)
        item_id = known.item_id if known else None
        # Of a known object that can be read only its name stands against it: its content
        # is another one.
        is_changed = is_read and item_id is not None
        state = State.CHANGED if is_changed else State.REFUSED
        why = CHANGED if is_changed else refusal.reason
        self.refuse(refusal.number, listed, why, state)
        # Without its ETag it is read again by the next list.
        is_open = refusal.number in self._to_try_again
        etag = "" if is_open else listed.etag
        return self.row(listed, state, item_id=item_id, reason=why, etag=etag)


def _made_small(outcome: RowOutcome) -> RowOutcome:
    """Return a row with a picture as lists and the learner need it."""
    if not isinstance(outcome, Ready) or not outcome.picture:
        return outcome
    picture = outcome.picture
    most = max(pictures.SIZES)
    # What is there already may be whole, for another project that has copied it.
    if default_storage.exists(picture.path):
        size = default_storage.size(picture.path)
        return outcome._replace(picture=picture._replace(size=size))
    if max(picture.width, picture.height) <= most:
        return outcome
    with Image.open(io.BytesIO(picture.encoded), formats=pictures.OURS) as image:
        kind = image.format
        image.thumbnail((most, most), Image.Resampling.LANCZOS)
        body = io.BytesIO()
        image.save(body, kind, **({"quality": 92} if kind == "JPEG" else {}))
    small = body.getvalue()
    return outcome._replace(picture=picture._replace(encoded=small, size=len(small)))
