"""Files to import, built in memory, and their import."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping

from PIL import Image

from labeling.models import ImportRun, Project
from labeling.services.transfer import importing
from labeling.services.transfer.importing import Limits
from labeling.services.work import jobs
from tests import doubles


def bring(
    project: Project,
    name: str,
    data: bytes,
    mapping: Mapping[str, str] | None = None,
    *,
    limits: Limits | None = None,
    **options: object,
) -> ImportRun:
    """Import a file; with limits of the test's own, by its handler alone."""
    run = start(project, name, data, mapping, **options)
    if limits is None:
        jobs.run(run.job_id)
    else:
        importing.run(doubles.watched(jobs.claim(run.job_id)), limits)
    return ImportRun.objects.select_related("job").get(pk=run.pk)


def start(
    project: Project,
    name: str,
    data: bytes,
    mapping: Mapping[str, str] | None = None,
    **options: object,
) -> ImportRun:
    """Stage a file and request its import, which waits."""
    upload = importing.stage(project, None, name, [data])
    return importing.start(upload, None, mapping or {}, options)


def lines(*rows: object) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def picture(side: int = 20, shade: int = 90, kind: str = "PNG") -> bytes:
    body = io.BytesIO()
    Image.new("L", (side, side), shade).save(body, kind)
    return body.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return body.getvalue()
