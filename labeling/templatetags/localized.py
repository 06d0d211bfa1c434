"""What workers wrote down, in the language of the person who reads it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django import template
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as noop

from labeling.messages import Message, in_language
from labeling.models import Job
from labeling.services.work import kinds
from labeling.services.work.progress import heard_at, log_of

# What people choose from when they skip an item, and what came of a disagreement.
CHOICES: Final = frozenset(
    {
        noop("unclear"),
        noop("no label fits"),
        noop("broken"),
        noop("not my field"),
        noop("ambiguous"),
        noop("invalid"),
        noop("withdrawn"),
    }
)
register = template.Library()


@register.filter
def localized(message: Message | None) -> str:
    """Return a message in the reader's language; the words of people as they are."""
    return in_language(message)


@register.filter
def choice(word: str) -> str:
    """Return in the reader's language what a person chose; what they typed as it is."""
    return gettext(word) if word in CHOICES else word


@register.filter
def kind_title(kind: str) -> str:
    """Return what people call a kind of job, in the language of the reader."""
    return gettext(kinds.title_of(kind))


@register.filter
def stage_of(job: Job) -> str:
    """Return the step that a job is at, or was at last."""
    return gettext(job.stage) if job.stage else ""


@register.filter
def counts(job: Job) -> list[tuple[str, int]]:
    """Return what a job has counted, in the language of the reader."""
    return [(gettext(title), count) for title, count in kinds.counts_of(job)]


@register.filter
def heard(job: Job) -> datetime | None:
    """Return when the worker of a job was heard last."""
    return heard_at(job)


@register.filter
def log(job: Job) -> str:
    """Return the log of a job, with the times of who reads it."""
    return log_of(job, lambda moment: f"{timezone.localtime(moment):%H:%M:%S}")
