"""Forget deleted items: their features, and the files that no row names any more."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Manager

from activelearn.models import FeatureShard, ModelVersion, Snapshot
from activelearn.services import features, files
from labeling.models import Project

_NAMING: Final[dict[str, Manager[Any]]] = {
    "features": FeatureShard.objects,
    "models": ModelVersion.objects,
    "snapshots": Snapshot.objects,
}


def forget_all() -> int:
    """Forget in every project; return how many items' features went."""
    forgotten = sum(
        features.forget(project) for project in Project.objects.order_by("pk")
    )
    for kind, rows in _NAMING.items():
        files.forget(kind, set(rows.values_list("sha256", flat=True)))
    return forgotten
