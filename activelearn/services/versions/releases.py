"""Online tests: how one begins, takes its steps and ends; each behind the project's lock.

What the gate lets pass serves at once, or is tried first: in shadow it predicts what
people settle and nobody sees that; as a canary it answers a growing share of the calls.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from django.db import transaction
from django.utils import timezone

from activelearn.models import LearningPolicy, ModelVersion, OnlineTest, TrainingRun
from activelearn.models.online import SHARES
from activelearn.services.versions import guards, loading, plans, reasons, registry
from labeling.errors import ConflictError, NotFoundError
from labeling.messages import Message, message
from labeling.messages import sentence as _
from labeling.models import Project, User
from labeling.services.votes import relabel
from labeling.services.work.transactions import keep_project, lock_project

Kind = OnlineTest.Kind
_Follows = OnlineTest.Follows
_Outcome = OnlineTest.Verdict
_Stage = ModelVersion.Stage
_ENDED: Final = (
    *("verdict", "explanation", "ended_at", "ended_by", "ended_why"),
    *("share", "stepped_at", "step_from"),
)


def running(project_id: int) -> OnlineTest | None:
    """Return the test that goes on, or None."""
    tests = OnlineTest.objects.select_related("challenger", "champion", "project")
    return tests.filter(project=project_id, ended_at=None).first()


def test_of(project: Project, pk: int) -> OnlineTest:
    """Return a test of the project. Raises NotFoundError where it has none of that id."""
    tests = OnlineTest.objects.select_related(
        "challenger", "champion", "project", "started_by", "ended_by"
    )
    if (test := tests.filter(project=project, pk=pk).first()) is None:
        raise NotFoundError(_("There is no online test %(pk)s.") % {"pk": pk})
    return test


def holds_back(project_id: int) -> bool:
    """Whether no run is to start by itself: its version would end the test that goes on."""
    return OnlineTest.objects.filter(project=project_id, ended_at=None).exists()


def lead(version: ModelVersion, run: TrainingRun, *, is_proven: bool = False) -> None:
    """Let a version that the gate has let pass serve, or be tried first, as the project wants.

    is_proven: people's labels say so already, by a duel; then a shadow is not needed.
    Within ``registry.serves_still``. Raises what ``loading.load`` raises, and
    NotFoundError where the project has been deleted.
    """
    release = LearningPolicy.of(version.project_id).release
    champion = registry.champion(version.project)
    is_shadow_enough = is_proven and release == LearningPolicy.Release.SHADOW
    if (
        champion in (None, version)
        or release == LearningPolicy.Release.AT_ONCE
        or is_shadow_enough
    ):
        registry.take_over(version, run)
        return
    wants_canary = release == LearningPolicy.Release.CANARY
    follows = _Follows.CANARY if wants_canary else _Follows.CHAMPION
    plan = plans.OnlinePlan(Kind.CANARY if is_proven else Kind.SHADOW, follows=follows)
    _try_out(version, plan, run)


def doubt(version: ModelVersion, run: TrainingRun, needed: int | None) -> None:
    """Let a version of which the gate cannot tell wait, or be tried in shadow.

    needed: held-out labels that are expected to tell. Raises what ``lead`` raises.
    """
    policy = LearningPolicy.of(version.project_id)
    # A duel asks people about it, and needs it to wait.
    is_wanted = policy.shadow_unsure and not policy.duel
    if not is_wanted or registry.champion(version.project) in (None, version):
        registry.let_wait(version, needed)
        return
    wants_canary = policy.release == LearningPolicy.Release.CANARY
    follows = _Follows.CANARY if wants_canary else _Follows.CHAMPION
    _try_out(version, plans.OnlinePlan(Kind.SHADOW, follows=follows), run)


def _try_out(version: ModelVersion, plan: plans.OnlinePlan, run: TrainingRun) -> None:
    """Begin a test in place of the one that goes on: the newest version knows most."""
    _model, spec = loading.load(version)
    registry.end_waits(version)
    if older := running(version.project_id):
        number = version.number
        newer = message("version %(number)s takes its place", number=number)
        finish(older, _Outcome.NO_RESULT, newer)
    is_shadow_only = plans.accepts_by_champion(version.project)
    if is_shadow_only or not plans.predicts_outside(spec):
        # No call could be answered, or none but by people: the labels have to do.
        plan = replace(plan, kind=Kind.SHADOW, follows=_Follows.CHAMPION)
    _begin(version, plan, run=run)


def begin(
    project: Project,
    number: int,
    plan: plans.OnlinePlan,
    user: User | None,
    why: str = "",
) -> OnlineTest:
    """Begin a test of a version because a person wants it.

    Raises ConflictError where nothing serves, it serves itself, or another test goes on;
    InvalidInputError for a plan that is none, what ``loading.load`` and
    ``reasons.checked`` raise, and NotFoundError where there is no such version.
    """
    reason = reasons.checked(why)
    plans.check_plan(plan)
    version = registry.version(project, number)
    with transaction.atomic():
        registry.await_turn(version)
        _check_may_begin(version, plan)
        return _begin(version, plan, user=user, why=reason)


def check_may_begin(
    project: Project, number: int, plan: plans.OnlinePlan
) -> ModelVersion:
    """Return the version that a test would be of; raises what ``begin`` raises."""
    plans.check_plan(plan)
    version = registry.version(project, number)
    _check_may_begin(version, plan)
    return version


def _check_may_begin(version: ModelVersion, plan: plans.OnlinePlan) -> None:
    champion = registry.champion(version.project)
    if champion is None:
        raise ConflictError(_("No model serves yet: label more items."))
    if champion == version:
        raise ConflictError(_("This version serves already."))
    if running(version.project_id):
        raise ConflictError(_("Another online test goes on: stop it first."))
    _model, spec = loading.load(version)
    if plan.kind == Kind.SHADOW:
        return
    if not plans.predicts_outside(spec):
        raise ConflictError(
            _("It reads vectors that items from outside do not have: try it in shadow.")
        )
    if plans.accepts_by_champion(version.project):
        raise ConflictError(
            _("The dial accepts by a certificate of what serves: try it in shadow.")
        )


def _begin(
    version: ModelVersion,
    plan: plans.OnlinePlan,
    *,
    run: TrainingRun | None = None,
    user: User | None = None,
    why: str = "",
) -> OnlineTest:
    """Begin a test, behind the project's lock: something serves."""
    champion = ModelVersion.objects.get(
        project=version.project_id, stage=_Stage.CHAMPION
    )
    now = timezone.now()
    shares = {Kind.SHADOW: 0.0, Kind.CANARY: SHARES[0], Kind.SPLIT: plan.share}
    test = OnlineTest.objects.create(
        project_id=version.project_id,
        kind=plan.kind,
        challenger=version,
        champion=champion,
        label_set_id=relabel.in_force(version.project_id),
        run=run,
        metric=plan.metric,
        least=plan.least,
        most=plan.most,
        days=plan.days,
        follows=plan.follows,
        step_calls=plan.step_calls,
        step_hours=plan.step_hours,
        share=shares[Kind(plan.kind)],
        stepped_at=now,
        looked_at=now,
        started_at=now,
        started_by=user or (run.requested_by if run else None),
        why=why,
    )
    # One that answers calls is a canary, whatever the test is called.
    is_shadow = plan.kind == Kind.SHADOW
    version.stage = _Stage.SHADOW if is_shadow else _Stage.CANARY
    version.archived_at = version.archived_by = None
    version.archived_why = ""
    version.save(update_fields=["stage", "archived_at", "archived_by", "archived_why"])
    return test


def finish(
    test: OnlineTest,
    verdict: str,
    words: Message,
    user: User | None = None,
    why: str = "",
) -> None:
    """End a test, behind the project's lock: from now on the champion answers all."""
    test.verdict, test.explanation = verdict, words
    test.ended_at, test.ended_by, test.ended_why = timezone.now(), user, why
    test.save(update_fields=_ENDED)
    # Not what a person has promoted or put away meanwhile.
    ModelVersion.objects.filter(
        pk=test.challenger_id, stage__in=(_Stage.SHADOW, _Stage.CANARY)
    ).update(stage=_Stage.REJECTED)


def succeed(
    test: OnlineTest, words: Message, user: User | None = None, why: str = ""
) -> None:
    """End a test that the challenger has won; what the plan says follows.

    Behind the project's lock. Raises what ``registry.take_over`` raises, and
    InvalidInputError for a reason that is too long.
    """
    # First: what follows may begin a test of its own, and one goes on at a time.
    finish(test, _Outcome.BETTER, words, user, why)
    version = test.challenger
    version.refresh_from_db()
    is_open = not plans.accepts_by_champion(version.project)
    if test.kind == Kind.SHADOW and test.follows == _Follows.CANARY and is_open:
        plan = plans.OnlinePlan(
            Kind.CANARY, follows=_Follows.CHAMPION, least=test.least
        )
        _begin(version, plan, run=test.run, user=user, why=why)
    elif test.follows == _Follows.PERSON and user is None:
        # Not as one that waits: the gate would judge that again by itself.
        ModelVersion.objects.filter(pk=version.pk).update(stage=_Stage.CHALLENGER)
    elif test.run and user is None:
        # Kept as the act of the gate of that run, which began it.
        registry.take_over(version, test.run)
    else:
        registry.promote(
            version, user or test.started_by, why or f"Online test {test.pk}."
        )


def step_on(test: OnlineTest, calls: int, words: Message) -> None:
    """Let a canary answer the next share; after the last one it has won.

    calls: that the challenger has answered so far. Raises what ``succeed`` raises.
    """
    later = [share for share in SHARES if share > test.share]
    if not later:
        succeed(test, words)
        return
    test.share, test.stepped_at, test.step_from = later[0], timezone.now(), calls
    test.save(update_fields=["share", "stepped_at", "step_from"])


def advance(test: OnlineTest, user: User, why: str = "") -> OnlineTest:
    """Take the next step because a person wants it, whatever the evidence says so far.

    A shadow becomes what its plan says, a canary answers the next share, and what was
    in an A/B test serves. Raises ConflictError where it has ended, what
    ``reasons.checked`` and ``succeed`` raise, and NotFoundError where the project is
    deleted.
    """
    reason = reasons.checked(why)
    with transaction.atomic():
        lock_project(test.project_id)
        current = _going_on(test)
        words = message("a person wants the next step")
        if current.kind == Kind.CANARY and current.share < SHARES[-1]:
            _old, mine = guards.traffic_now(current)
            step_on(current, mine.calls, words)
        else:
            succeed(current, words, user, reason)
        return current


def stop(test: OnlineTest, user: User | None, why: str = "") -> OnlineTest:
    """End a test because a person wants it; the champion answers all calls at once.

    Doing it twice changes nothing. Raises what ``reasons.checked`` raises, and
    NotFoundError where the project is deleted.
    """
    reason = reasons.checked(why)
    with transaction.atomic():
        lock_project(test.project_id)
        # Behind the lock once more: a look may have ended it.
        test.refresh_from_db()
        if test.ended_at is None:
            words = message("a person stopped it")
            finish(test, _Outcome.PERSON, words, user, reason)
    return test


def _going_on(test: OnlineTest) -> OnlineTest:
    current = running(test.project_id)
    if current is None or current.pk != test.pk:
        raise ConflictError(_("This online test has ended."))
    return current


def guard(test: OnlineTest) -> bool:
    """End a test at once where a guard breaks; whether one does.

    By whoever sees it, in no job: a job may wait behind a training run.
    """
    if test.share == 0 or guards.broken(*guards.traffic_now(test)) is None:
        return False
    with transaction.atomic():
        if keep_project(test.project_id) is None:
            return False
        current = running(test.project_id)
        # Behind the lock once more: a look may have counted, or ended it.
        is_same = current is not None and current.pk == test.pk
        why = guards.broken(*guards.traffic_now(test)) if is_same else None
        if current is not None and why:
            finish(current, _Outcome.GUARD, why)
        return why is not None
