"""Which model serves: promote, roll back, archive; each in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from activelearn.core.report import Report
from activelearn.models import (
    Duel,
    Evaluation,
    ModelVersion,
    Promotion,
    TrainingRun,
)
from activelearn.services.versions import loading, reasons, requests
from labeling.errors import ConflictError, InvalidInputError, NotFoundError
from labeling.messages import sentence as _
from labeling.models import Project, User
from labeling.services.work import outbox
from labeling.services.work.transactions import lock_project

Stage = ModelVersion.Stage
# Kept as the reason of a change that nobody has asked for.
DAMAGED: Final = "The file of the version before was damaged."
_OF_ARCHIVE: Final = ("archived_at", "archived_by", "archived_why")
_OF_SERVICE: Final = (
    *("stage", "promoted_at", "promoted_by", "rolled_back_at", "damaged_at"),
    *_OF_ARCHIVE,
)


def champion(project: Project) -> ModelVersion | None:
    """Return the model that serves, or None before the first one."""
    return ModelVersion.objects.filter(project=project, stage=Stage.CHAMPION).first()


def champion_in_turn(project: Project) -> ModelVersion | None:
    """Return what serves after the commit of a promotion that is under way.

    Without this wait a race loses scores: a promotion that finds a scoring job waiting
    requests no other, while that job, begun just then, still reads the old champion.

    Raises NotFoundError where the project has been deleted.
    """
    with transaction.atomic():
        lock_project(project.pk)
        return champion(project)


def version(project: Project, number: int) -> ModelVersion:
    """Return a version of the project.

    Raises NotFoundError where it has no such version.
    """
    version = ModelVersion.objects.filter(project=project, number=number).first()
    if version is None:
        raise NotFoundError(
            _("There is no version %(number)s in this project.") % {"number": number}
        )
    return version


def with_evidence(project: Project) -> QuerySet[ModelVersion]:
    """Return the versions of a project, newest first, without what is predicted per item."""
    versions = ModelVersion.objects.select_related(
        "snapshot", "evaluation", "archived_by"
    )
    return (
        # What has an entry for each item stays in the database: a list has many
        # versions.
        versions.filter(project=project)
        .prefetch_related(*with_history())
        .defer(
            "evaluation__outcomes",
            "evaluation__pairs",
            "evaluation__sureness",
            "snapshot__item_ids",
        )
    )


def with_history() -> Iterator[Prefetch[Any]]:
    """Yield what to fetch along with versions: their duels and what was done with them."""
    changes = Promotion.objects.select_related("by", "before", "model")
    yield Prefetch("duels", Duel.objects.select_related("champion").defer("places"))
    yield Prefetch("promotions", changes)
    yield Prefetch("replacements", changes.filter(is_rollback=True))


def evaluation(project: Project, number: int) -> Evaluation:
    """Return what held-out items say of a version of the project.

    Raises NotFoundError where it has no such version, or none that was judged.
    """
    judged = Evaluation.objects.select_related("model", "champion").filter(
        model=version(project, number)
    )
    if (evidence := judged.first()) is None:
        raise NotFoundError(
            _("Version %(number)s was not judged on held-out items yet.")
            % {"number": number}
        )
    return evidence


def is_outdated(evidence: Evaluation | None, serving: ModelVersion | None) -> bool:
    """Whether a version was judged against another one than serves now."""
    rival = serving.pk if serving else None
    return evidence is not None and evidence.champion_id != rival


def report_of(evaluation: Evaluation) -> Report:
    """Return an evaluation's report, which is kept as JSON."""
    return msgspec.convert(evaluation.report, Report)


def promote(model: ModelVersion, user: User | None, why: str = "") -> ModelVersion:
    """Let ``model`` serve, whatever its gate says; the champion before it is archived.

    why: the person's reason, which is kept.

    Raises what ``loading.load`` raises, for what cannot be computed with does not serve, what
    ``reasons.checked`` raises, and NotFoundError where the project has been deleted.
    """
    change = _Change(user, why=reasons.checked(why))
    # Before the lock: to read a file takes a while, and its answer cannot change.
    loading.load(model)
    with transaction.atomic():
        await_turn(model)
        _promote(model, change)
    return model


def is_refused(model: ModelVersion) -> bool:
    """Whether the gate said no to a version."""
    return model.stage == Stage.REJECTED


def promote_by_hand(model: ModelVersion, user: User, why: str) -> ModelVersion:
    """Promote as a person does on a page: against the gate's no only with a reason.

    Raises InvalidInputError without one, and what ``promote`` raises.
    """
    if is_refused(model) and not why.strip():
        raise InvalidInputError(
            _("The gate said no: say why it is to serve all the same.")
        )
    return promote(model, user, why)


def serves_still(model: ModelVersion, against: int | None) -> bool:
    """Lock what serves until the commit; whether ``against`` does, or ``model`` itself.

    against: the number of the champion that ``model`` was judged against, or None.

    Raises NotFoundError where the project has been deleted.
    """
    await_turn(model)
    serving = champion(model.project)
    # A person may have promoted it while it was judged: then it serves already.
    return serving == model or against == (serving.number if serving else None)


def reject(model: ModelVersion) -> None:
    """Reject a version that no person has promoted or archived meanwhile."""
    _unserved(model).update(stage=Stage.REJECTED)


def let_wait(model: ModelVersion, needed: int | None) -> None:
    """Let a version wait for about ``needed`` held-out labels, or for a person."""
    _unserved(model).update(stage=Stage.WAITING, waits_for=needed)
    end_waits(model)


def _unserved(model: ModelVersion) -> QuerySet[ModelVersion]:
    return ModelVersion.objects.filter(
        pk=model.pk, stage__in=(Stage.CHALLENGER, Stage.WAITING)
    )


def end_waits(model: ModelVersion) -> None:
    """Let no version that is older wait any more: one at a time, and the newest knows most."""
    ModelVersion.objects.filter(
        project_id=model.project_id, stage=Stage.WAITING, number__lt=model.number
    ).update(stage=Stage.REJECTED)


def take_over(model: ModelVersion, run: TrainingRun) -> None:
    """Let ``model`` serve because the gate of ``run`` decided so.

    Raises what ``loading.load`` raises, and NotFoundError where the project has been deleted.
    """
    loading.load(model)
    with transaction.atomic():
        await_turn(model)
        _promote(model, _Change(run.requested_by, run))
        end_waits(model)


@dataclass(frozen=True)
class _Change:
    """The author of a change of what serves: a person with a reason, or the gate of a run."""

    by: User | None
    run: TrainingRun | None = None
    why: str = ""
    is_rollback: bool = False


def _promote(model: ModelVersion, change: _Change) -> None:
    if model.stage == Stage.CHAMPION:
        return
    before = champion(model.project)
    # First: ``one_champion`` allows no moment with two.
    ModelVersion.objects.filter(
        project_id=model.project_id, stage=Stage.CHAMPION
    ).update(stage=Stage.ARCHIVED)
    model.stage = Stage.CHAMPION
    model.promoted_at = timezone.now()
    model.promoted_by = change.by
    model.rolled_back_at = model.archived_at = model.archived_by = None
    # Whoever promotes it has read its file.
    model.damaged_at = None
    model.archived_why = ""
    model.save(update_fields=_OF_SERVICE)
    Promotion.objects.create(
        project_id=model.project_id,
        model=model,
        before=before,
        sha256=model.sha256,
        run=change.run,
        by=change.by,
        why=change.why,
        is_rollback=change.is_rollback,
        at=model.promoted_at,
    )
    news = {"model": model.number, "before": before.number if before else None}
    news |= {"is_rollback": change.is_rollback}
    outbox.put(model.project_id, [outbox.Notice("model.promoted", news)])
    # In the same transaction: a champion without a request for scores would leave the
    # pool with the predictions of the one before.
    requests.request_scores(model)


def past(project: Project) -> QuerySet[ModelVersion]:
    """Return what served before, the last first, but for what was rolled back."""
    served = ModelVersion.objects.filter(
        project=project,
        stage=Stage.ARCHIVED,
        promoted_at__isnull=False,
        rolled_back_at=None,
    )
    # By when it served last, not by number: an old version may have been brought back.
    return served.order_by("-promoted_at")


def earlier(project: Project) -> ModelVersion | None:
    """Return what a rollback lets serve again, or None where there is nothing."""
    return past(project).first()


def serve_again(model: ModelVersion) -> None:
    """Let a version serve in the place of a damaged one, within ``await_turn``.

    Raises what ``loading.load`` raises: then nothing has changed.
    """
    loading.load(model)
    _promote(model, _Change(None, why=DAMAGED, is_rollback=True))


def rollback(model: ModelVersion, user: User | None, why: str = "") -> ModelVersion:
    """Take ``model`` out of service and return what serves: the champion before it.

    Where ``model`` does not serve, nothing changes. Only a promotion brings a version
    back that was rolled back, so each rollback goes one step back in time. Raises
    ConflictError where there is no earlier champion, what ``reasons.checked`` raises, and
    NotFoundError where the project has been deleted.
    """
    change = _Change(user, why=reasons.checked(why), is_rollback=True)
    with transaction.atomic():
        await_turn(model)
        serving = champion(model.project)
        # A second click, or somebody was quicker: one rollback goes back one step.
        if serving and serving != model:
            return serving
        before = earlier(model.project)
        if serving is None or before is None:
            raise ConflictError(_("There is no earlier champion to go back to."))
        model.rolled_back_at = timezone.now()
        model.save(update_fields=["rolled_back_at"])
        # What cannot be computed with must not serve; refused, the transaction undoes
        # the rest.
        loading.load(before)
        _promote(before, change)
    return before


def archive(
    model: ModelVersion, user: User | None = None, why: str = ""
) -> ModelVersion:
    """Put a version away; twice changes nothing, not the first reason either.

    Raises ConflictError for the champion, which serves until another takes over, what
    ``reasons.checked`` raises, and NotFoundError where the project has been deleted.
    """
    reason = reasons.checked(why)
    with transaction.atomic():
        await_turn(model)
        if model.stage == Stage.CHAMPION:
            raise ConflictError(
                _("The champion cannot be archived: promote another first.")
            )
        if model.archived_at is None:
            model.stage = Stage.ARCHIVED
            model.archived_at, model.archived_by = timezone.now(), user
            model.archived_why = reason
            model.save(update_fields=["stage", *_OF_ARCHIVE])
    return model


def await_turn(model: ModelVersion) -> None:
    """Lock the project until the commit; raises NotFoundError where it is deleted."""
    lock_project(model.project_id)
    # The object may be as old as the page that was clicked on.
    model.refresh_from_db()
