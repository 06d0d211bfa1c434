"""A file of rows as a job: part by part predicted by one version, and kept as a file.

A part is kept with its count in one step, so whoever takes the job over goes on behind
it: no row is left out or predicted twice. Nothing joins the project.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from tempfile import TemporaryFile
from typing import IO, Any, Final, NamedTuple

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as noop

from activelearn.core.features import Spec
from activelearn.core.translation import TranslatedModel
from activelearn.models import ModelVersion, PredictionBatch
from activelearn.services.features import payloads
from activelearn.services.predictions import serving
from activelearn.services.versions import healing, loading, registry
from labeling.errors import ConflictError, InvalidInputError, NotFoundError
from labeling.messages import Message, message
from labeling.messages import sentence as _
from labeling.models import Item, Job, Project, Upload, User
from labeling.services.transfer import importing
from labeling.services.transfer.importing import images, readers
from labeling.services.transfer.importing.raw import Raw
from labeling.services.transfer.parsing import RowParser
from labeling.services.transfer.rows import EMPTY, MISSING, RowError
from labeling.services.work import jobs
from labeling.services.work.progress import Progress

KIND: Final = "learn.predict"
FOLDER: Final = "predicted"
KEPT: Final = timedelta(days=30)
# A file that no row names may be about to be named.
YOUNG: Final = timedelta(days=1)


@dataclass(frozen=True)
class BatchPortions:
    """Rows that are predicted at once, and those of a part; of pictures fewer."""

    chunk: int = 2000
    part: int = 50_000
    # A picture takes as long as some hundred texts, and far more memory.
    pictures: int = 50
    part_pictures: int = 1000

    def of(self, kind: str) -> tuple[int, int]:
        """Return both for items of a kind."""
        if kind == "image":
            return self.pictures, self.part_pictures
        return self.chunk, self.part


USUAL: Final = BatchPortions()


class _Version(NamedTuple):
    row: ModelVersion
    model: TranslatedModel
    spec: Spec


class _Line(NamedTuple):
    """A row of the file: what is predicted of it, or why nothing is."""

    number: int
    external_id: str = ""
    item: Item | None = None
    picture: bytes = b""
    problem: Message | None = None


def start(upload: Upload, user: User | None) -> PredictionBatch:
    """Request the predictions of a staged file.

    Raises ConflictError where no model can serve, or it reads what a file does not have,
    and NotFoundError where the project has been deleted.
    """
    project = upload.project
    # Before the job is there: a person hears at once what would fail later.
    champion, _model, spec = healing.load_serving(project)
    serving.check_reads(spec, champion.number)
    with transaction.atomic():
        batch = PredictionBatch.objects.create(
            project=project, upload=upload, file_name=upload.name
        )
        batch.job = jobs.enqueue(
            "learn.predict", project=project, params={"batch": batch.pk}, user=user
        )
        batch.save(update_fields=["job"])
    return batch


def again(job: Job, user: User | None) -> Job:
    """Request the predictions of the same file once more, by what serves then.

    Raises ConflictError where the file has been deleted, and what ``start`` raises.
    """
    batch = PredictionBatch.objects.select_related("upload__project").filter(job=job)
    row = batch.first()
    if row is None or row.upload is None:
        raise ConflictError(_("The file has been deleted; send it again."))
    # A batch of its own: the file of the earlier one stays as it is.
    made = start(row.upload, user).job
    if made is None:
        raise ConflictError(_("The file has been deleted; send it again."))
    return made


def run(progress: Progress, portions: BatchPortions = USUAL) -> dict[str, Any]:
    """Predict the rows of a file that are not predicted yet.

    Raises what ``Progress.step``, ``registry.version`` and ``healing.load_serving`` raise, and
    InvalidInputError where the file is gone or its rest cannot be read.
    """
    batch = PredictionBatch.objects.select_related("project", "upload").get(
        pk=progress.job.params["batch"]
    )
    if batch.upload is None:
        raise InvalidInputError(message("The file has been deleted; send it again."))
    version = _version_of(batch)
    progress.report(done=batch.received, stage=noop("predicting rows"))
    with default_storage.open(batch.upload.path) as file:
        # Read anew and passed over, which costs little beside predicting.
        sizes = portions.of(version.spec["kind"])
        rows = readers.read(importing.reading_of(batch.upload), file)
        lines = _lines(itertools.islice(rows, batch.received, None), batch.project)
        while _keep_part(batch, version, lines, sizes, progress):
            # Others go first where they have waited; the parts that are kept stay.
            progress.step(0, 0)
    return {
        "rows": batch.received,
        "refused": batch.refused,
        "unsure": batch.unsure,
        "model": version.row.number,
    }


def _version_of(batch: PredictionBatch) -> _Version:
    """Return what predicts: what serves at the beginning does to the end."""
    if batch.model_number is not None:
        row = registry.version(batch.project, batch.model_number)
        return _Version(row, *loading.load_kept(row))
    # Noted before the first row: a promotion in between changes nothing of this file.
    version = _Version(*healing.load_serving(batch.project))
    batch.model_number = version.row.number
    batch.save(update_fields=["model_number"])
    return version


def _lines(raws: Iterator[Raw], project: Project) -> Iterator[_Line]:
    """Yield the rows as an import would take them, each with its number in the file."""
    parser = RowParser({}, project.data_type)
    is_picture = project.data_type == Project.DataType.IMAGE
    for raw in raws:
        # A row that cannot be read costs itself alone, and has its place in the file.
        try:
            if raw.values is None or raw.problem:
                raise RowError(raw.problem or EMPTY)
            row = parser.parse(raw.values)
            picture = _picture(raw) if is_picture else b""
        except RowError as error:
            yield _Line(raw.number, problem=raw.placed(error.message))
        else:
            yield _Line(raw.number, row.external_id, Item(data=row.data), picture)


def _picture(raw: Raw) -> bytes:
    """Return the picture of a row as it would be kept. Raises RowError."""
    if raw.picture is None:
        raise RowError(MISSING["image"])
    return images.read(raw.picture()).encoded


def _keep_part(
    batch: PredictionBatch,
    version: _Version,
    lines: Iterator[_Line],
    sizes: tuple[int, int],
    progress: Progress,
) -> int:
    """Predict the next part and keep it; return how many rows it has."""
    chunk_size, part_size = sizes
    before = batch.received
    with TemporaryFile() as file:
        while batch.received < before + part_size:
            if not (chunk := list(itertools.islice(lines, chunk_size))):
                break
            _write(file, batch, version, chunk)
            # A heartbeat after each chunk: a part takes longer than a silence may.
            progress.report(done=batch.received)
        if batch.received == before:
            return 0
        file.seek(0)
        # The storage gives another name where a lost worker has taken this one.
        name = f"{FOLDER}/{batch.pk}-{progress.attempt}-{len(batch.parts)}"
        batch.parts = [*batch.parts, default_storage.save(name, File(file))]
    with transaction.atomic():
        batch.save(update_fields=["parts", "received", "refused", "unsure"])
        # Last, for it locks the job's row: a worker that lost the job keeps no part.
        progress.report(done=batch.received)
    return batch.received - before


def _write(
    file: IO[bytes], batch: PredictionBatch, version: _Version, chunk: Sequence[_Line]
) -> None:
    good = [line for line in chunk if line.problem is None]
    predicted = iter(_predicted(batch.project, version, good))
    for line in chunk:
        row: dict[str, Any] = {"row": line.number, "id": line.external_id}
        if line.problem is not None:
            row["error"] = str(line.problem)
            batch.refused += 1
        else:
            prediction = next(predicted)
            row |= {
                "label": prediction.label,
                "labels": prediction.labels,
                "confidence": prediction.confidence,
                "calibrated": prediction.is_calibrated,
                "decision": prediction.decision,
                "model": prediction.model,
                "probabilities": prediction.probabilities,
            }
            batch.unsure += prediction.decision == "review"
        file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    batch.received += len(chunk)


def _predicted(
    project: Project, version: _Version, lines: Sequence[_Line]
) -> list[serving.ServedPrediction]:
    if not lines:
        return []
    items = [line.item for line in lines if line.item is not None]
    if version.spec["kind"] == "image":
        rows = payloads.rows_of_pictures([line.picture for line in lines], version.spec)
    else:
        rows = payloads.rows_of(items, version.spec)
    table = version.model.probabilities(rows)
    return serving.judged(project, version.row, version.model, table)


def of_project(project: Project, pk: int) -> PredictionBatch:
    """Return a batch. Raises NotFoundError where the project has none such."""
    batches = PredictionBatch.objects.select_related("job", "project")
    batch = batches.filter(project=project, pk=pk).first()
    if batch is None:
        raise NotFoundError(_("There is no such batch in this project."))
    return batch


def forget() -> int:
    """Delete the files of batches that are a month old, and those that no batch names."""
    old = PredictionBatch.objects.filter(created_at__lt=timezone.now() - KEPT)
    old.exclude(parts=[]).update(parts=[])
    named = {
        path
        for parts in PredictionBatch.objects.values_list("parts", flat=True)
        for path in parts
    }
    # Before the first batch there is no folder to list.
    if not default_storage.exists(FOLDER):
        return 0
    _folders, files = default_storage.listdir(FOLDER)
    young = timezone.now() - YOUNG
    gone = [
        path
        for path in (f"{FOLDER}/{name}" for name in files)
        if path not in named and default_storage.get_modified_time(path) < young
    ]
    for path in gone:
        default_storage.delete(path)
    return len(gone)
