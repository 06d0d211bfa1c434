"""A real S3-compatible server, whose buckets are the folders of a folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from labeling.models import ImportRun, Job, Project, Source
from labeling.services.transfer.sources import setting_up
from labeling.services.transfer.sources.bucket import Bucket
from labeling.services.transfer.sources.place import Place
from labeling.services.transfer.sources.setting_up import SourceDraft
from labeling.services.transfer.sources.signing import AccessKey
from labeling.services.work import jobs

RCLONE: Final = shutil.which("rclone", path=str(Path(sys.executable).parent)) or ""
KEY: Final = AccessKey("AKIDTEST", "a secret of tests".replace(" ", "-"))


@dataclass(frozen=True)
class Server:
    """A running server with one bucket, whose objects are files."""

    endpoint: str
    files: Path
    opened: list[Bucket] = field(default_factory=list)

    def put(self, key: str, data: bytes) -> None:
        path = self.files / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def remove(self, key: str) -> None:
        (self.files / key).unlink()

    def empty(self) -> None:
        shutil.rmtree(self.files)
        self.files.mkdir()

    def bucket(self, prefix: str = "", key: AccessKey | None = KEY) -> Bucket:
        bucket = Bucket(Place(self.endpoint, "us-east-1", "bucket", prefix), key)
        self.opened.append(bucket)
        return bucket

    def close(self) -> None:
        while self.opened:
            self.opened.pop().close()

    def source(self, project: Project, **fields: object) -> Source:
        values: dict[str, object] = {
            "name": "the bucket",
            "endpoint": self.endpoint,
            "bucket": "bucket",
            "key_id": KEY.id,
            "secret": KEY.secret,
        }
        return setting_up.add(project, None, SourceDraft(**{**values, **fields}))  # type: ignore[arg-type]


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Server]:
    files = folder / "bucket"
    files.mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        RCLONE,
        "serve",
        "s3",
        "--addr",
        f"127.0.0.1:{port}",
        "--config",
        os.devnull,
    ]
    words += ["--auth-key", f"{KEY.id},{KEY.secret}", "--dir-cache-time", "0", *options]
    with subprocess.Popen([*words, str(folder)], stderr=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as caller:
                if caller.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        try:
            yield Server(f"http://127.0.0.1:{port}", files)
        finally:
            server.kill()


def listed(source: Source) -> ImportRun:
    """List a source, and return the import that tells of it."""
    job = setting_up.request_list(source, None)
    jobs.run(job.pk)
    return ImportRun.objects.select_related("job").get(job=job)


def counts(source: Source) -> dict[str, int]:
    """Return the counts of the last list that are not 0."""
    source.refresh_from_db()
    return {name: count for name, count in source.counts.items() if count}


def newest_job() -> Job:
    return Job.objects.latest("pk")
