"""Forget deleted items: their features, and the files that no row names any more.

Small files of features that are left are joined to larger ones.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Manager

from activelearn.models import FeatureShard, ModelVersion, Snapshot, TrainingRun
from activelearn.services.features import compacting, files, store
from labeling.models import Project

# The models that name the files of a kind, and the field that does.
_NAMING: Final[dict[str, tuple[Manager[Any], str]]] = {
    "calibrations": (ModelVersion.objects, "calibrated_on"),
    "crossfits": (ModelVersion.objects, "crossfit"),
    "features": (FeatureShard.objects, "sha256"),
    "judgments": (TrainingRun.objects, "judgment"),
    "models": (ModelVersion.objects, "sha256"),
    "snapshots": (Snapshot.objects, "sha256"),
}


def forget_all() -> int:
    """Forget in every project; return how many items' features went."""
    forgotten = 0
    for project in Project.objects.order_by("pk"):
        forgotten += store.forget(project)
        compacting.compact(project)
    for kind, (rows, field) in _NAMING.items():
        # The rows are read before the folder is listed, and a file is written before
        # its row: the age that ``files.forget`` asks for is what saves files without a
        # row yet.
        files.forget(kind, set(rows.values_list(field, flat=True)))
    return forgotten
