"""What a project's duel is waiting for: a draw, votes, a verdict, its end."""

from __future__ import annotations

from django.db import transaction

from activelearn.models import Duel, TrainingRun
from activelearn.models.duel import NO_RESULT
from activelearn.services.judging import duels, verdicts
from activelearn.services.versions import requests
from labeling.messages import Message
from labeling.models import Job
from labeling.services.work import jobs
from labeling.services.work.transactions import keep_project


def consider(project_id: int) -> None:
    """See what a project's duel is waiting for: a draw, votes, a verdict, its end."""
    with transaction.atomic():
        # The project's row is locked: each happens once, whoever looks.
        if (project := keep_project(project_id)) is None:
            return
        duel = duels.open_of(project_id)
        if duel is None:
            if duels.pair_due(project):
                jobs.enqueue("learn.draw", project=project, series=f"draw:{project_id}")
        elif why := duels.why_over(duel):
            give_up(duel, why)
        else:
            _follow(duel)


def give_up(duel: Duel, why: Message) -> Message:
    """End a duel without a result and release its items; return that in words."""
    words = verdicts.no_result(duel, why)
    duels.ended(duel, NO_RESULT, words).save(
        update_fields=["verdict", "explanation", "ended_at"]
    )
    requests.request_order(duel.project_id)
    return words


def _follow(duel: Duel) -> None:
    """Count the votes; with the last one that was asked for, have them judged."""
    if (now := duels.voted_on(duel)) != duel.answered:
        duel.answered = now
        duel.save(update_fields=["answered"])
    # One that failed or was cancelled does not count as judging: the next look asks
    # again.
    if now == duel.asked and not _is_judging(duel):
        _request_judgment(duel)


def _is_judging(duel: Duel) -> bool:
    runs = TrainingRun.objects.filter(duel=duel, verdict="")
    return runs.exclude(job__state__in=(Job.State.FAILED, Job.State.CANCELLED)).exists()


def _request_judgment(duel: Duel) -> None:
    job = jobs.enqueue(
        "learn.duel", project=duel.project, series=f"duel:{duel.project_id}"
    )
    # The job may be one that waited already, with a run of its own.
    TrainingRun.objects.get_or_create(
        job=job,
        defaults={
            "project": duel.project,
            "trigger": TrainingRun.Trigger.DUEL,
            "judges": duel.challenger,
            "duel": duel,
            "reason": verdicts.duel_progress(duel),
        },
    )


def again(job: Job, _user: object) -> Job:
    """Have the votes judged once more where that has failed: it is requested anew."""
    run = TrainingRun.objects.select_related("project").get(job=job)
    consider(run.project_id)
    runs = TrainingRun.objects.select_related("job").filter(duel=run.duel_id)
    return runs.latest("pk").job
