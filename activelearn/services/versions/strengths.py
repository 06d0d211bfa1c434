"""With which strength models are fitted: chosen by a run, and kept with it."""

from __future__ import annotations

import msgspec

from activelearn.core import strength, training
from activelearn.core.strength import ChosenStrength
from activelearn.models import ModelVersion, TrainingRun
from labeling.models import Project


def in_force(project: Project) -> ChosenStrength:
    """Return what the next model is fitted with, unless its run chooses anew."""
    return _newest(project) or strength.usual(project.data_type)


def of_version(version: ModelVersion) -> float:
    """Return what a version was fitted with."""
    experiment = version.run.experiment or {}
    # The first releases recorded nothing, and had one strength for all.
    return float(experiment.get("model", {}).get("strength", training.STRENGTH))


def choice_of(version: ModelVersion) -> ChosenStrength | None:
    """Return the choice that a version was fitted by; None where nobody has chosen."""
    choice = _newest(version.project, version.run_id)
    # A version of an earlier release may stand behind a choice and have another one.
    return choice if choice and choice.value == of_version(version) else None


def _newest(project: Project, until: int | None = None) -> ChosenStrength | None:
    runs = TrainingRun.objects.filter(project=project).exclude(strength=None)
    if until is not None:
        runs = runs.filter(pk__lte=until)
    kept = runs.values_list("strength", flat=True).first()
    return msgspec.convert(kept, ChosenStrength) if kept else None
