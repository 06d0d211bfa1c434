"""An export into a source; its job tells what proves it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from django.utils.translation import gettext_noop as noop

from labeling import queries
from labeling.errors import InvalidInputError, check_one_of
from labeling.messages import message
from labeling.models import Job, Source, User
from labeling.services.transfer import exporting
from labeling.services.transfer.sources import setting_up
from labeling.services.transfer.sources.parts import USUAL, Portions
from labeling.services.transfer.sources.store import EXPORTS
from labeling.services.work import jobs
from labeling.services.work.progress import Progress

KIND: Final = "export-source"


def request(
    source: Source,
    user: User | None,
    kind: str,
    filters: Mapping[str, str],
    *,
    with_embeddings: bool = False,
) -> Job:
    """Request an export into a source; embeddings are in it where they are asked for.

    Raises InvalidInputError where the format cannot be had or a filter is unknown.
    """
    exporting.check(kind, source.project)
    for name, value in filters.items():
        check_one_of(name, value, queries.CHOICES[name])
    return jobs.enqueue(
        "export-source",
        project=source.project,
        params={
            "source": source.pk,
            "format": kind,
            "filters": dict(filters),
            "embeddings": with_embeddings,
        },
        user=user,
    )


def run(progress: Progress, portions: Portions = USUAL) -> dict[str, Any]:
    """Write the rows of one moment into a source; run twice, it writes the same object.

    It ends in the middle where it is cancelled: it looks after each part.

    Raises InvalidInputError where the source was removed, what ``exporting.stream`` and
    ``setting_up.opened`` raise, and what the store's ``write`` does.
    """
    params = progress.job.params
    source = (
        Source.objects.select_related("project").filter(pk=params["source"]).first()
    )
    if source is None:
        raise InvalidInputError(message("This source was removed."))
    project, kind = source.project, params["format"]
    progress.report(stage=noop("reading rows"))
    export = exporting.stream(
        project,
        kind,
        params["filters"],
        # Jobs of earlier releases do not say it.
        with_embeddings=params.get("embeddings", False),
    )
    # The export is whole on the disk before the first byte is sent: see ``exporting``.
    with export.file as file, setting_up.opened(source, portions) as store:
        size = file.seek(0, io.SEEK_END)
        # Named by the job: an attempt after a broken one replaces what that has written.
        name = f"{EXPORTS}{project.slug}-{progress.job.pk}.{exporting.ending(kind)}"
        progress.report(stage=noop("writing the file"))
        tell = partial(_report, progress, size)
        tell(0)
        store.write(name, file, size, export.sha256, tell)
    return {
        "object": name,
        "rows": export.rows,
        "at": export.at.isoformat(),
        "sha256": export.sha256,
    }


def _report(progress: Progress, size: int, written: int) -> None:
    progress.report(done=written, total=size)
