"""The kinds of job: each app registers its own, once, when the process starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q

from labeling.errors import ConflictError
from labeling.messages import message
from labeling.models import Job, User
from labeling.services.work.progress import Progress

Handler = Callable[[Progress], dict[str, Any]]
Repeat = Callable[[Job, User | None], Job]
# What people are told who wait while a job runs; a kind may name one of these.
WaitReason = Literal["training"]
DEFAULT_QUEUE: Final = "interactive"


@dataclass(frozen=True)
class Kind:
    """A kind of job: who runs it and where, what people call it, how long it rests."""

    name: str
    handler: Handler
    # Marked for translation; people read it in their own language.
    title: str
    # The queue of messages, and so the workers that run it.
    queue: str = DEFAULT_QUEUE
    # How long its series rests after one, as a multiple of the time that one took: the
    # processors are people's first. What a person requests does not wait for that.
    rest: float = 0.0
    # Whether all others that wait for its workers go first, its own project's too: for what
    # takes an hour, and of which each part is kept.
    is_patient: bool = False
    # What of its result people see: the name there, and what people call it, marked for
    # translation. The rest of a result is for programs; sentences are in the log.
    counts: Mapping[str, str] = field(default_factory=dict)
    # Requests an ended one again, where that is more than the same parameters.
    repeat: Repeat | None = None
    # The reason that a person gets who waits for items while one of these runs.
    wait_reason: WaitReason | Literal[""] = ""


# By name; a test may add a kind of its own, and takes it out again.
TABLE: Final[dict[str, Kind]] = {}


def register(*kinds: Kind) -> None:
    """Make kinds of job known; raise ImproperlyConfigured where a name is taken."""
    for kind in kinds:
        if kind.name in TABLE:
            raise ImproperlyConfigured(f"two kinds of job are named {kind.name}")
        TABLE[kind.name] = kind


def get(name: str) -> Kind:
    """Return a kind; raise ConflictError where only another version knows it."""
    if kind := TABLE.get(name):
        return kind
    raise ConflictError(
        message("This version knows no jobs of the kind “%(kind)s”.", kind=name)
    )


def rest_of(name: str) -> float:
    """Return how long a series rests after such a job, in times of its duration."""
    return kind.rest if (kind := TABLE.get(name)) else 0.0


def is_patient(name: str) -> bool:
    """Whether jobs of this kind let all others go first."""
    return bool((kind := TABLE.get(name)) and kind.is_patient)


def queue_of(name: str) -> str:
    """Return whose workers run it; a job of another version fails, in words, anywhere."""
    return kind.queue if (kind := TABLE.get(name)) else DEFAULT_QUEUE


def in_queue(queue: str) -> Q:
    """Return the condition for jobs that the workers of a queue run."""
    if queue != DEFAULT_QUEUE:
        return Q(kind__in=[kind.name for kind in TABLE.values() if kind.queue == queue])
    # By exclusion: a kind of another version must run somewhere, to fail in words.
    others = [kind.name for kind in TABLE.values() if kind.queue != queue]
    return ~Q(kind__in=others)


def counts_of(job: Job) -> list[tuple[str, int]]:
    """Return what a job has counted, each with its title, not yet translated."""
    titles = kind.counts if (kind := TABLE.get(job.kind)) else {}
    result = job.result or {}
    return [(title, result[name]) for name, title in titles.items() if name in result]


def title_of(name: str) -> str:
    """Return what people call it, not yet translated; one of another version its name."""
    return kind.title if (kind := TABLE.get(name)) else name
