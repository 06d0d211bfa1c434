"""The labels on which a version's calibration is fitted: held-out ones alone.

They were drawn at random and no model learned from them. The file of a calibration holds,
sorted by item, a row for each label: the item, its labels, its group.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from activelearn.core import artifact, calibration
from activelearn.core.calibrated import calibrated
from activelearn.core.calibration import Trial
from activelearn.core.evaluation import Labels
from activelearn.core.features import Rows, Table
from activelearn.core.intervals import numbered
from activelearn.core.training import LinearModel
from activelearn.models import ModelVersion, Snapshot
from activelearn.services.features import files
from activelearn.services.labels import snapshots
from labeling.models import Item, Project
from labeling.services.votes import relabel


@dataclass(frozen=True)
class CalibrationMaterial:
    """Held-out labels, sorted by item, and the group of each item."""

    labels: snapshots.LabelsOf
    groups: list[str]

    @property
    def packed(self) -> bytes:
        """The file's content."""
        rows = zip(self.labels.items(), self.groups, strict=True)
        return json.dumps([[pk, names, group] for (pk, names), group in rows]).encode()

    @property
    def sha256(self) -> str:
        """The name of the file; empty where there are too few labels to fit anything."""
        return artifact.digest(self.packed) if self.is_enough else ""

    @property
    def is_enough(self) -> bool:
        """Whether a calibration can be fitted."""
        return len(self.labels) >= calibration.FEWEST


def take(snapshot: Snapshot, table: Table) -> CalibrationMaterial:
    """Return the held-out labels of this moment, in the words of a snapshot.

    Where other labels came in force since it was taken, there are none: they would say
    that the model is wrong.
    """
    project = snapshot.project
    labels = snapshots.labels_of(project, Item.Split.EVALUATION, table)
    # Read after the labels: where others came in force before they were read, this sees
    # it.
    is_current = relabel.in_force(project.pk) == snapshot.label_set_id
    return _material(labels if is_current else {})


def hash_now(project: Project) -> str:
    """Return what the material of this moment would be called; none is taken."""
    return _material(snapshots.labels_now(project, Item.Split.EVALUATION)).sha256


def read(version: ModelVersion) -> CalibrationMaterial:
    """Return what a version's calibration was fitted on.

    Raises FileNotFoundError where the file is gone.
    """
    rows = json.loads(files.read("calibrations", version.calibrated_on))
    labels: dict[int, Labels] = {pk: tuple(names) for pk, names, _ in rows}
    return CalibrationMaterial(labels, [group for _, _, group in rows])


def keep(material: CalibrationMaterial) -> str:
    """Write the material to its file and return its name, empty where it is too small."""
    return files.save("calibrations", material.packed) if material.is_enough else ""


def with_calibration(
    model: LinearModel, rows: Rows, material: CalibrationMaterial
) -> tuple[LinearModel, Trial]:
    """Return the model with a calibration if that helps, and what was tried."""
    return calibrated(
        model, rows, list(material.labels.values()), numbered(material.groups)
    )


def as_json(trial: Trial) -> dict[str, Any]:
    """Return what was tried as a version keeps it."""
    return asdict(trial)


def _material(labels: snapshots.LabelsOf) -> CalibrationMaterial:
    groups = dict(Item.objects.filter(pk__in=labels).values_list("pk", "group_key"))
    # An item without a group has been deleted since its label was read.
    kept = {pk: names for pk, names in labels.items() if pk in groups}
    return CalibrationMaterial(kept, [groups[pk] for pk in kept])
