"""When to retrain: what is due fires exactly once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import Q

from activelearn.models import (
    Evaluation,
    LearningPolicy,
    ModelVersion,
    RetrainTrigger,
    TrainingRun,
)
from activelearn.services.judging import duel_course, duels
from activelearn.services.labels import windowing
from activelearn.services.ordering import ranking
from activelearn.services.predictions import scoring
from activelearn.services.training import causes, choosing, encoding, experiments
from activelearn.services.versions import reasons, registry, releases, requests
from labeling.messages import Message, message, verbatim
from labeling.models import Item, Job, Project, ProjectCounter, Resolution, User
from labeling.services.transfer import beyond
from labeling.services.work import jobs, waiting
from labeling.services.work.transactions import keep_project, lock_project

# By so much the held-out labels grow between two tests of one version by a strict gate.
MORE: Final = 0.2


def consider(project_id: int) -> TrainingRun | None:
    """Start a run when what the project waits for has come together."""
    with transaction.atomic():
        # The project's row is locked: a threshold fires once, whoever looks.
        if (project := keep_project(project_id)) is None:
            return None
        trigger, _ = RetrainTrigger.objects.get_or_create(project=project)
        now = ProjectCounter.toward_retrain(project_id)
        _forget_deleted(trigger, now)
        policy = LearningPolicy.of(project_id)
        due = causes.together(policy)
        if not due or _holds_back(project_id, policy, now):
            return None
        # From what there is, not from what was due: labels that came in at once fire
        # once.
        trigger.fired += 1
        trigger.label_count = now
        trigger.save(update_fields=["fired", "label_count"])
        run = _request(
            project, None, TrainingRun.Trigger(due[0].name), causes.reason_of(due)
        )
        run.causes = [cause.evidence for cause in due]
        run.save(update_fields=["causes"])
        return run


def _holds_back(project_id: int, policy: LearningPolicy, labels: int) -> bool:
    """Whether no run may start: too many have, or versions are being compared."""
    if causes.budget_of(policy).is_used_up:
        return True
    return duels.holds_back(project_id, labels) or releases.holds_back(project_id)


def _forget_deleted(trigger: RetrainTrigger, now: int) -> None:
    """Count from what is there, where items that were counted have been deleted."""
    if now < trigger.label_count:
        trigger.label_count = now
        trigger.save(update_fields=["label_count"])


def request(
    project: Project, user: User | None, reason: str | Message
) -> tuple[TrainingRun, bool]:
    """Request a run; where one already waits, return that one, with False.

    The log of the one that waits gets the reason of whoever joins it. A run that has
    learned from the same labels in the same way is returned as well: the same experiment
    is not done twice. A reason that a person has typed is kept as it is.

    Raises what ``reasons.checked`` raises, and NotFoundError where the project has been
    deleted.
    """
    if isinstance(reason, str):
        typed = reasons.checked(reason)
        reason = verbatim(typed) if typed else message("asked for")
    # Before the lock, and not where a run waits: it reads every label and vote. What it
    # misses, the run finds when it begins.
    earlier = None if _waiting(project) else experiments.finished_now(project)
    with transaction.atomic():
        lock_project(project.pk)
        if waiting := _waiting(project):
            jobs.hurry(waiting.job, user)
            _keep_reason(waiting.job, user, reason)
            return waiting, False
        if earlier is not None:
            return earlier, False
        return _request(project, user, TrainingRun.Trigger.PERSON, reason), True


def _keep_reason(job: Job, user: User | None, reason: Message) -> None:
    """Log who wants, too, what waits already, and why."""
    if user is not None:
        waiting.note(
            job,
            message("%(name)s joins: %(why)s", name=user.username, why=reason),
        )


def again(job: Job, user: User | None) -> Job:
    """Request a new run in place of one that has ended.

    Raises what ``request`` raises.
    """
    ended = TrainingRun.objects.select_related("project").get(job=job)
    run, _ = request(ended.project, user, message("run #%(run)s again", run=ended.pk))
    return run.job


def _waiting(project: Project) -> TrainingRun | None:
    runs = TrainingRun.objects.select_related("job")
    return runs.filter(
        project=project, judges=None, job__state=Job.State.QUEUED
    ).first()


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


@dataclass(frozen=True)
class Wait:
    """A version that waits: how many held-out labels there are, and how many tell.

    Those that the leak check left out are not counted. policy: the rule by which it would
    be judged now. has_other_rival: another version serves than it was judged against.
    items: held-out ones that it could be judged on, labeled or not.
    """

    version: ModelVersion
    label_count: int
    due: int
    policy: str
    has_other_rival: bool = False
    items: int = 0

    @property
    def is_for_person(self) -> bool:
        """Whether no number of labels ends it."""
        return self.policy == LearningPolicy.Gate.MANUAL

    @property
    def lacks_items(self) -> bool:
        """Whether it has been judged on all that is held out, and more would tell."""
        needed = self.version.waits_for or 0
        has_all = 0 < self.items <= self.label_count
        return has_all and self.label_count < needed and not self.is_over

    @property
    def is_over(self) -> bool:
        """Whether it is to be judged again: never twice by one rule on the same labels."""
        evidence = self.version.evidence
        if self._is_rule_new or self._is_rival_new:
            return True
        judged = evidence.items if evidence else 0
        is_enough = self.label_count > judged and self.label_count >= self.due
        return is_enough and not self.is_for_person

    @property
    def _is_rule_new(self) -> bool:
        evidence = self.version.evidence
        is_other = evidence is not None and evidence.asked.policy != self.policy
        return is_other and self.label_count > 0

    @property
    def _is_rival_new(self) -> bool:
        # What is worse or better than the one that is gone says nothing of this one.
        is_new = self.has_other_rival and self.label_count > 0
        return is_new and not self.is_for_person

    @property
    def reason(self) -> Message:
        """Why it is judged again."""
        if self._is_rule_new:
            return message("the gate has another rule now")
        if self._is_rival_new:
            return message("another version serves than it was judged against")
        return message(
            "%(labels)s held-out labels; version %(number)s waited for %(due)s",
            labels=self.label_count,
            number=self.version.number,
            due=self.due,
        )


def wait_of(project: Project) -> Wait | None:
    """Return what a version of the project waits for, or None where none waits."""
    version = (
        ModelVersion.objects.filter(project=project, stage=ModelVersion.Stage.WAITING)
        .select_related("evaluation")
        .first()
    )
    if version is None:
        return None
    evidence = version.evidence
    items, labels, unnamed = _judged_on(project, evidence)
    # Where there are fewer items than it needs, all of them have to do.
    due = min(version.waits_for or 0, items - unnamed)
    return Wait(
        version,
        labels - unnamed,
        max(due, _rest(evidence)),
        LearningPolicy.of(project.pk).gate,
        registry.is_outdated(evidence, registry.champion(project)),
        items - unnamed,
    )


def _judged_on(project: Project, evidence: Evaluation | None) -> tuple[int, int, int]:
    """Return on how many held-out items a version is judged at most, and on how many now.

    Then how many of both the leak check has left out besides: which, the first releases
    did not say.
    """
    named = evidence.left_out_items if evidence else []
    left_out = named or []
    labels = Resolution.objects.filter(project=project, superseded_at=None)
    too_old = windowing.period_of(project).outside(labels).values("item")
    # Nothing is right or wrong on these, however many there are.
    undecided = labels.filter(is_ambiguous=True).values("item")
    items = (
        Item.objects.filter(project=project)
        .evaluation()
        .exclude(state=Item.State.INVALID)
        # In one look: an item may be left out and undecided, and counts once.
        .exclude(Q(pk__in=left_out) | Q(pk__in=undecided))
        # No verdict hangs on these.
        .exclude(pk__in=too_old)
        .exclude(pk__in=list(beyond.items_of(project.pk)))
    )
    labels = labels.filter(item__in=items)
    # Where an item has one label, an empty set is none: nothing is judged on it.
    if not project.is_multi:
        labels = labels.exclude(labels=[])
    unnamed = evidence.left_out if evidence and named is None else 0
    return items.count(), labels.count(), unnamed


def _rest(evidence: Evaluation | None) -> int:
    """Return how many labels a version that a strict gate has tested waits for at least.

    Each test uses up some of the project's error: one more label is not worth one.
    """
    if evidence is None or evidence.asked.look is None or not evidence.has_tested:
        return 0
    return math.ceil(evidence.items * (1 + MORE))


def consider_waiting(project_id: int) -> TrainingRun | None:
    """Have a version that waits judged again when enough held-out labels are there."""
    with transaction.atomic():
        # The project's row is locked: one judgment, whoever looks.
        if (project := keep_project(project_id)) is None:
            return None
        wait = wait_of(project)
        if wait is None or not wait.is_over or _is_judging(project_id):
            return None
        return _request_judgment(wait.version, None, wait.reason)


def _is_judging(project_id: int) -> bool:
    jobs_of = Job.objects.filter(project=project_id, kind="learn.judge")
    return jobs_of.filter(finished_at=None).exists()


def judge_again(job: Job, user: User | None) -> Job:
    """Request another judgment in place of one that has ended.

    Raises what ``again`` raises.
    """
    ended = TrainingRun.objects.select_related("judges__project").get(job=job)
    if ended.judges is None:
        return again(job, user)
    reason = message("run #%(run)s again", run=ended.pk)
    return _request_judgment(ended.judges, user, reason).job


def _request_judgment(
    version: ModelVersion, user: User | None, reason: Message
) -> TrainingRun:
    job = jobs.enqueue(
        "learn.judge",
        project=version.project,
        series=f"judge:{version.project_id}",
        user=user,
    )
    run, _ = TrainingRun.objects.get_or_create(
        job=job,
        defaults={
            "project": version.project,
            "trigger": TrainingRun.Trigger.HELD_OUT,
            "judges": version,
            "reason": reason,
            "requested_by": user,
        },
    )
    return run


def consider_project(project_id: int) -> None:
    """Request what new labels call for.

    Scores, an encoding of items, a comparison of representations, an order, a run, a
    judgment, a duel.
    """
    if scoring.is_due(project_id):
        requests.request_scores_of(project_id)
    encoding.consider(project_id)
    # Before the order and the run that read the items by what is chosen.
    choosing.consider(project_id)
    if ranking.is_due(project_id):
        requests.request_order(project_id)
    # First: a duel that is over holds no run back.
    duel_course.consider(project_id)
    consider(project_id)
    consider_waiting(project_id)


def consider_all() -> int:
    """Look at every project; return how many."""
    projects = list(Project.objects.values_list("pk", flat=True))
    for pk in projects:
        consider_project(pk)
    return len(projects)
