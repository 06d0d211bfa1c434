"""When to retrain: each threshold of new confident labels fires exactly once."""

from __future__ import annotations

import math

from django.db import transaction

from activelearn.models import LearningPolicy, RetrainTrigger, TrainingRun
from activelearn.services import ranking
from labeling.messages import Message, message, verbatim
from labeling.models import Job, Project, ProjectCounter, User
from labeling.services.work import jobs
from labeling.services.work.transactions import keep_project, lock_project


def next_threshold(policy: LearningPolicy, labels_then: int) -> int:
    """Return how many confident labels start the next run."""
    if labels_then == 0:
        return policy.retrain_first
    growth = math.ceil(labels_then * policy.retrain_growth)
    return labels_then + max(10, growth)


def consider(project_id: int) -> TrainingRun | None:
    """Start a run when enough new confident labels have come in."""
    with transaction.atomic():
        # The project's row is locked: a threshold fires once, whoever looks.
        if (project := keep_project(project_id)) is None:
            return None
        trigger, _ = RetrainTrigger.objects.get_or_create(project=project)
        now = ProjectCounter.confident_of(project_id)
        _forget_deleted(trigger, now)
        due = next_threshold(LearningPolicy.of(project_id), trigger.label_count)
        if now < due:
            return None
        new, wanted = now - trigger.label_count, due - trigger.label_count
        reason = message(
            "%(new)s new confident labels; %(wanted)s were due", new=new, wanted=wanted
        )
        # From what there is, not from what was due: labels that came in at once fire
        # once.
        trigger.fired += 1
        trigger.label_count = now
        trigger.save(update_fields=["fired", "label_count"])
        return _request(project, None, TrainingRun.Trigger.LABELS, reason)


def _forget_deleted(trigger: RetrainTrigger, now: int) -> None:
    """Count from what is there, where items that were counted have been deleted."""
    if now < trigger.label_count:
        trigger.label_count = now
        trigger.save(update_fields=["label_count"])


def request(
    project: Project, user: User | None, reason: str | Message
) -> tuple[TrainingRun, bool]:
    """Request a run; where one already waits, return that one, with False.

    A reason that a person has typed is kept as it is. Raises NotFoundError where the
    project has been deleted.
    """
    with transaction.atomic():
        lock_project(project.pk)
        waiting = (
            TrainingRun.objects.filter(project=project, job__state=Job.State.QUEUED)
            .select_related("job")
            .first()
        )
        if waiting is not None:
            jobs.hurry(waiting.job, user)
            return waiting, False
        if isinstance(reason, str):
            typed = reason.strip()[:300]
            reason = verbatim(typed) if typed else message("asked for")
        return _request(project, user, TrainingRun.Trigger.PERSON, reason), True


def again(job: Job, user: User | None) -> Job:
    """Request a new run in place of one that has ended."""
    ended = TrainingRun.objects.select_related("project").get(job=job)
    run, _ = request(ended.project, user, message("run #%(run)s again", run=ended.pk))
    return run.job


def _request(
    project: Project, user: User | None, trigger: TrainingRun.Trigger, reason: Message
) -> TrainingRun:
    job = jobs.enqueue(
        "learn.train", project=project, series=f"train:{project.pk}", user=user
    )
    run, _ = TrainingRun.objects.get_or_create(
        job=job,
        defaults={
            "project": project,
            "trigger": trigger,
            "reason": reason,
            "requested_by": user,
        },
    )
    return run


def consider_project(project_id: int) -> None:
    """Request what new labels call for: a fresh order, a training run."""
    if ranking.is_due(project_id):
        ranking.request_order(project_id)
    consider(project_id)


def consider_all() -> int:
    """Look at every project; return how many."""
    projects = list(Project.objects.values_list("pk", flat=True))
    for pk in projects:
        consider_project(pk)
    return len(projects)
