"""The labels on which a version's calibration is fitted: those that were drawn at random.

No model learned from the held-out ones. While these are few, labels of the pool join them
that the queue has drawn by chance, with a known probability, and that people gave blind:
the random arm. The version has learned from these, so models of the other folds predict
them. The file of a calibration holds, sorted by item, a row for each label: the item, its
labels, its group; then those of the arm, which also have a 1.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple

from activelearn.core import artifact, calibration
from activelearn.core.calibrated import Scored, calibrated
from activelearn.core.calibration import Trial
from activelearn.core.crossfit import CrossFit
from activelearn.core.evaluation import Labels
from activelearn.core.features import Rows, Table
from activelearn.core.intervals import Array, numbered
from activelearn.core.training import LinearModel
from activelearn.models import ModelVersion, Snapshot
from activelearn.services.features import files
from activelearn.services.labels import arms, snapshots
from labeling.messages import message
from labeling.models import Item, Project
from labeling.services.votes import relabel

# From this many held-out labels on, no others are needed: their models take time.
ENOUGH: Final = 200
# Fewer of the arm are not worth it either.
FEWEST_OF_ARM: Final = 20


@dataclass(frozen=True)
class CalibrationMaterial:
    """Held-out labels, sorted by item, and those of the random arm; groups: of each item."""

    labels: snapshots.LabelsOf
    groups: list[str]
    arm: snapshots.LabelsOf = field(default_factory=dict)
    arm_groups: list[str] = field(default_factory=list)

    @property
    def packed(self) -> bytes:
        """The file's content."""
        held_out = zip(self.labels.items(), self.groups, strict=True)
        drawn = zip(self.arm.items(), self.arm_groups, strict=True)
        rows = [[pk, names, group] for (pk, names), group in held_out]
        more = [[pk, names, group, 1] for (pk, names), group in drawn]
        return json.dumps([*rows, *more]).encode()

    @property
    def sha256(self) -> str:
        """The name of the file; empty where there are too few labels to fit anything."""
        return artifact.digest(self.packed) if self.is_enough else ""

    @property
    def is_enough(self) -> bool:
        """Whether a calibration can be fitted."""
        return len(self.labels) + len(self.arm) >= calibration.FEWEST


def take(snapshot: Snapshot, table: Table) -> CalibrationMaterial:
    """Return the held-out labels of this moment and the snapshot's arm, in its words.

    Where other labels came in force since it was taken, there are none: they would say
    that the model is wrong.

    Raises what ``snapshots.content_of`` raises.
    """
    project = snapshot.project
    labels = snapshots.labels_of(project, Item.Split.EVALUATION, table)
    content = snapshots.content_of(snapshot)
    # Read after the labels: where others came in force before they were read, this sees
    # it.
    if relabel.in_force(project.pk) != snapshot.label_set_id:
        return _material(project, {}, {})
    certain = {
        pk: names for pk, names in content.labels.items() if pk not in content.shares
    }
    return _material(project, labels, certain)


def hash_now(project: Project) -> str:
    """Return what the material of this moment would be called; none is taken."""
    held_out = snapshots.labels_now(project, Item.Split.EVALUATION)
    pool = snapshots.labels_now(project, Item.Split.POOL)
    return _material(project, held_out, pool).sha256


def read(version: ModelVersion) -> CalibrationMaterial:
    """Return what a version's calibration was fitted on.

    Raises DamagedFileError where the file is damaged or gone.
    """
    why = message(
        "The labels that version %(number)s was calibrated on are damaged or gone.",
        number=version.number,
    )
    rows = json.loads(files.read_whole("calibrations", version.calibrated_on, why))
    # Those of the arm say so.
    parts = [row for row in rows if len(row) == 3], [row for row in rows if row[3:]]
    labels, arm = ({row[0]: tuple(row[1]) for row in part} for part in parts)
    groups, arm_groups = ([row[2] for row in part] for part in parts)
    return CalibrationMaterial(labels, groups, arm, arm_groups)


def keep(material: CalibrationMaterial) -> str:
    """Write the material to its file and return its name, empty where it is too small."""
    return files.save("calibrations", material.packed) if material.is_enough else ""


def with_calibration(
    model: LinearModel,
    rows: Rows,
    material: CalibrationMaterial,
    crossed: CrossFit | None,
) -> tuple[LinearModel, Trial]:
    """Return the model with a calibration if that helps, and what was tried.

    Takes what ``scored`` takes.
    """
    return calibrated(model, scored(model, rows, material, crossed))


def scored(
    model: LinearModel,
    rows: Rows,
    material: CalibrationMaterial,
    crossed: CrossFit | None,
) -> Scored:
    """Return what is said of the labels by a model that has not learned from them.

    rows: of the held-out items. crossed: what models of the other folds predict of what
    it has learned from; without it the arm says nothing.
    """
    labels = list(material.labels.values())
    known = Scored.of(model, rows, labels, numbered(material.groups))
    if material.arm and crossed:
        arm = _of_arm(material, crossed)
        groups = numbered([*material.groups, *arm.groups])
        known = known.joined(arm.scores, arm.labels, groups)
    return known


def known_to(
    version: ModelVersion, model: LinearModel, table: Table, crossed: CrossFit | None
) -> tuple[Scored, list[str]]:
    """Return what a version's calibration was fitted on, and the groups of it.

    In the labels of the version; without items that have been deleted since. model: the
    version's own. table: by its own features. crossed: as in ``with_calibration``.

    Raises what ``read`` raises.
    """
    material = read(version)
    items = table.covered(material.labels)
    group_of = dict(zip(material.labels, material.groups, strict=True))
    groups = [group_of[pk] for pk in items]
    labels = [material.labels[pk] for pk in items]
    known = Scored.of(model, table.rows_of(items), labels, numbered(groups))
    if material.arm and crossed:
        arm = _of_arm(material, crossed)
        groups += arm.groups
        known = known.joined(arm.scores, arm.labels, numbered(groups))
    return known, groups


class _Arm(NamedTuple):
    """Random labels that a version has learned from, and scores by models that have not.

    scores: (n, n_labels), in the version's own labels. labels, groups: of n items.
    """

    scores: Array
    labels: list[Labels]
    groups: list[str]


def _of_arm(material: CalibrationMaterial, crossed: CrossFit) -> _Arm:
    drawn = crossed.of(material.arm)
    group_of = dict(zip(material.arm, material.arm_groups, strict=True))
    items = drawn.ids.tolist()
    labels = [material.arm[pk] for pk in items]
    return _Arm(drawn.scores, labels, [group_of[pk] for pk in items])


def as_json(trial: Trial) -> dict[str, Any]:
    """Return what was tried as a version keeps it."""
    return asdict(trial)


def _material(
    project: Project, labels: snapshots.LabelsOf, pool: snapshots.LabelsOf
) -> CalibrationMaterial:
    arm = _arm(project, pool) if len(labels) < ENOUGH else {}
    groups = dict(
        Item.objects.filter(pk__in=[*labels, *arm]).values_list("pk", "group_key")
    )
    # An item without a group has been deleted since its label was read.
    kept = {pk: names for pk, names in labels.items() if pk in groups}
    drawn = {pk: names for pk, names in arm.items() if pk in groups}
    return CalibrationMaterial(
        kept, [groups[pk] for pk in kept], drawn, [groups[pk] for pk in drawn]
    )


def _arm(project: Project, pool: snapshots.LabelsOf) -> snapshots.LabelsOf:
    """Return the labels of items that chance has drawn, and that were answered blind."""
    items = arms.drawn_items(project)
    arm = {pk: names for pk, names in sorted(pool.items()) if pk in items}
    return arm if len(arm) >= FEWEST_OF_ARM else {}
