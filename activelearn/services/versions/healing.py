"""A version whose file is damaged or gone: the one that served before it serves again."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from activelearn.core.features import Spec
from activelearn.core.translation import TranslatedModel
from activelearn.models import ModelVersion
from activelearn.services.labels import snapshots
from activelearn.services.versions import loading, registry
from labeling.errors import ConflictError, DamagedFileError, NotFoundError
from labeling.messages import sentence as _
from labeling.models import Project

logger = logging.getLogger(__name__)
Stage = ModelVersion.Stage


def load_serving(project: Project) -> tuple[ModelVersion, TranslatedModel, Spec]:
    """Return what serves, with its model and the specification of its features.

    Where its file is damaged or gone, the last version that served before it and is whole
    takes its place. Raises ConflictError where no model can serve, and NotFoundError where
    the project has been deleted.
    """
    while champion := registry.champion(project):
        try:
            return champion, *loading.load_kept(champion)
        except DamagedFileError:
            if replace(champion) is None:
                raise
    raise ConflictError(_("No model serves yet: label more items."))


def check(project: Project) -> bool:
    """Whether the file of what serves is whole; where it is not, replace it.

    Raises NotFoundError where the project has been deleted.
    """
    champion = registry.champion(project)
    if champion is None:
        return True
    try:
        loading.load(champion)
    except DamagedFileError:
        replace(champion)
        return False
    except ConflictError:
        # It cannot be computed with for another reason, which another file cannot mend.
        return True
    _look_at_snapshot(champion)
    if champion.damaged_at is not None:
        # Somebody has brought its file back.
        ModelVersion.objects.filter(pk=champion.pk).update(damaged_at=None)
    return True


def _look_at_snapshot(model: ModelVersion) -> None:
    """Have the file of what a version learned from made again, where it is lost."""
    try:
        snapshots.content_of(model.snapshot)
    except DamagedFileError as lost:
        logger.error("version %s: %s", model.number, lost)  # noqa: TRY400


def check_all() -> int:
    """Check what serves in every project; return how many had a damaged file."""
    serving = Project.objects.filter(model_versions__stage=Stage.CHAMPION)
    return sum(_is_damaged(project) for project in serving.order_by("pk"))


def _is_damaged(project: Project) -> bool:
    try:
        return not check(project)
    except NotFoundError:
        return False  # deleted meanwhile


def replace(model: ModelVersion) -> ModelVersion | None:
    """Put a damaged version out of service; return what serves, None where none can.

    Raises NotFoundError where the project has been deleted.
    """
    logger.error(
        "the file of version %s of project %s is damaged or gone",
        model.number,
        model.project_id,
    )
    with transaction.atomic():
        registry.await_turn(model)
        if model.stage != Stage.CHAMPION:
            # Somebody was quicker.
            return registry.champion(model.project)
        _mark(model)
        for before in registry.past(model.project):
            try:
                registry.serve_again(before)
            except DamagedFileError:
                _mark(before)
            except ConflictError as refusal:
                logger.warning("version %s cannot serve: %s", before.number, refusal)
            else:
                return before
    return None


def _mark(model: ModelVersion) -> None:
    ModelVersion.objects.filter(pk=model.pk, damaged_at=None).update(
        damaged_at=timezone.now()
    )


def alarms() -> QuerySet[ModelVersion]:
    """Return the damaged versions that nothing newer has replaced: people should look."""
    is_newest = Q(stage=Stage.CHAMPION) | Q(
        project__model_versions__stage=Stage.CHAMPION,
        project__model_versions__number__lt=F("number"),
    )
    damaged = ModelVersion.objects.exclude(damaged_at=None)
    return damaged.filter(is_newest, promoted_at__isnull=False).distinct()
