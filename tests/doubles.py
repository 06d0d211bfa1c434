"""Doubles at the seams: the real thing, with eyes and a hand for the test."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from pytest_django.fixtures import Settings

from labeling.models import Job
from labeling.services.work import jobs, kinds
from labeling.services.work.progress import Progress


class Report(NamedTuple):
    """One report of a job, and what the test saw just before it."""

    done: int | None
    stage: str | None
    seen: object


@dataclass
class WatchedProgress(Progress):
    """The progress of a job that was really claimed, which notes each report.

    Before a report, ``look`` says what the test sees then. ``then`` is called once,
    right after the first report of ``after``, which is a stage or a number of steps
    done; before report number ``cancel_at`` the job is cancelled.
    """

    look: Callable[[], object] = lambda: None
    cancel_at: int | None = None
    after: str | int | None = None
    then: Callable[[], object] = lambda: None
    reports: list[Report] = field(default_factory=list)

    def report(
        self,
        *,
        done: int | None = None,
        total: int | None = None,
        stage: str | None = None,
    ) -> None:
        self.reports.append(Report(done, stage, self.look()))
        if len(self.reports) == self.cancel_at:
            jobs.cancel(self.job)
        super().report(done=done, total=total, stage=stage)
        if self.after is not None and self.after in {done, stage}:
            self.after = None
            self.then()


def watched(progress: Progress | None, **options: Any) -> WatchedProgress:
    """Watch the progress of a job that was claimed: ``watched(jobs.claim(pk))``."""
    assert progress is not None, "the job cannot be claimed"
    return WatchedProgress(progress.job, progress.attempt, **options)


def interrupted(
    job: Job, *, after: str | int, then: Callable[[], object]
) -> WatchedProgress:
    """Claim ``job``, and let ``then`` happen right after its report of ``after``."""
    return watched(jobs.claim(job.pk), after=after, then=then)


@contextmanager
def kind(name: str, handler: kinds.Handler) -> Iterator[None]:
    """Know a kind of job while the body runs."""
    kinds.register(kinds.Kind(name, handler, title=name))
    try:
        yield
    finally:
        del kinds.TABLE[name]


class _WatchedFile(io.BufferedReader):
    """A file that tells of each piece that is read, with the end of the one before."""

    def __init__(self, path: str, tell: Callable[[bytes], None]) -> None:
        super().__init__(io.FileIO(path))
        self._tell = tell
        self._before = b""

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(-1 if size is None else size)
        self._tell(self._before + piece)
        self._before = piece[-100:]
        return piece


class WatchedStorage(FileSystemStorage):
    """The real storage, which tells of each piece that is read of its files."""

    def __init__(self, tell: Callable[[bytes], None], **options: Any) -> None:
        super().__init__(**options)
        self._tell = tell

    def open(self, name: str, mode: str = "rb") -> File[Any]:
        if mode != "rb":
            return super().open(name, mode)
        return File(_WatchedFile(self.path(name), self._tell), name)


def watch_files(settings: Settings, tell: Callable[[bytes], None]) -> None:
    """Tell of each piece that is read of a kept file, as long as a test runs."""
    kept = settings.STORAGES["default"]
    options = {**kept.get("OPTIONS", {}), "tell": tell}
    watched_storage = {"BACKEND": "tests.doubles.WatchedStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": watched_storage}
