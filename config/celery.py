"""The Celery application; its messages are doorbells, the database is the truth."""

from __future__ import annotations

import os
from contextvars import Token
from functools import cached_property
from typing import Any, Final

from celery import Celery
from celery.signals import before_task_publish, task_postrun, task_prerun

from config import doorbells
from labeling.tracing import REQUEST_ID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class CeleryWithClock(Celery):
    """Celery with a scheduler of our own."""

    @cached_property
    def Beat(self) -> Any:  # noqa: N802 (Celery's name)
        """Return the class that ``celery beat`` starts."""
        from config.clock import Clock

        return self.subclass_with_self(Clock)


doorbells.register()
app = CeleryWithClock("assay")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

HEADER: Final = "assay_request"
# By the task's own id: a thread runs one at a time, tests run one within another.
_named: dict[str, Token[str]] = {}


@before_task_publish.connect
def name_request(*, headers: dict[str, Any], **_: object) -> None:
    """Let the lines of a task's log name the request that rang for it."""
    headers.setdefault(HEADER, REQUEST_ID.get())


@task_prerun.connect
def take_name(*, task_id: str, task: Any, **_: object) -> None:
    """Log under the name of that request from here on."""
    _named[task_id] = REQUEST_ID.set(str(getattr(task.request, HEADER, None) or ""))


@task_postrun.connect
def drop_name(*, task_id: str, **_: object) -> None:
    """End it."""
    if token := _named.pop(task_id, None):
        REQUEST_ID.reset(token)
