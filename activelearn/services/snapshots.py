"""What a run learns from, in a file that is never changed."""

from __future__ import annotations

import json

from activelearn.core.evaluation import Labels
from activelearn.core.features import Table
from activelearn.models import Snapshot
from activelearn.services import files
from labeling.models import Item, Project
from labeling.services.votes import resolutions
from labeling.services.work.transactions import lock_project

LabelsOf = dict[int, Labels]


def labels_of(project: Project, split: str, table: Table) -> LabelsOf:
    """Return the current labels of a split's items that have a row, sorted by item.

    An item without any label counts in a project with several labels alone.
    """
    labels = {
        pk: tuple(names)
        for pk, names in resolutions.take_labels(project, split)
        if names or project.is_multi
    }
    return {pk: labels[pk] for pk in table.covered(labels)}


def take(project: Project, table: Table) -> Snapshot:
    """Write the pool's current labels to a file; the same labels, the same snapshot.

    Called in a transaction: the labels and the version of the labels in whose words they
    are belong together, so the project is locked until the commit.
    """
    project = lock_project(project.pk)
    labels = labels_of(project, Item.Split.POOL, table)
    rows = [[pk, list(names)] for pk, names in labels.items()]
    data = json.dumps(rows, ensure_ascii=True).encode()
    snapshot, _ = Snapshot.objects.get_or_create(
        project=project,
        sha256=files.save("snapshots", data),
        defaults={"items": len(rows), "label_set_id": project.label_set_pk},
    )
    return snapshot


def read(snapshot: Snapshot) -> LabelsOf:
    """Return the labels of a snapshot, sorted by item.

    Raises FileNotFoundError where its file is gone.
    """
    rows = json.loads(files.read("snapshots", snapshot.sha256))
    return {pk: tuple(names) for pk, names in rows}
