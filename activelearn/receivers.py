"""The only listener to labeling's signals; each rings a doorbell."""

from __future__ import annotations

from django.dispatch import receiver

from activelearn import tasks
from labeling.signals import items_changed, job_queued, labels_settled, queue_low


@receiver(labels_settled)
def _new_labels(project_id: int, **_: object) -> None:
    tasks.consider.delay(project_id)


@receiver([items_changed, queue_low])
def _new_order(project_id: int, **_: object) -> None:
    tasks.rank.delay(project_id)


@receiver(job_queued)
def _learning_job(job_id: int, kind: str, seconds: float, **_: object) -> None:
    if kind.startswith("learn."):
        tasks.run_job.apply_async((job_id,), countdown=seconds)
