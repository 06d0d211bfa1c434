"""Encoders that somebody has added to a project, beside those that travel along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from activelearn.core import features as core
from activelearn.core import representations
from activelearn.models import AddedEncoder, ModelVersion
from activelearn.services.features import telling
from labeling.models import Project

_Stage = ModelVersion.Stage
AT_WORK: Final = (
    _Stage.CHAMPION,
    _Stage.CHALLENGER,
    _Stage.WAITING,
    _Stage.SHADOW,
    _Stage.CANARY,
)
WHOLE: Final = "whole"
VECTORS: Final = telling.VECTORS
ADDRESS: Final = telling.ADDRESS
PROGRAM: Final = telling.PROGRAM
FOLDER: Final = telling.FOLDER
# What can be added, by kind of data.
OFFERS: Final[Mapping[str, tuple[str, ...]]] = {
    "text": (WHOLE, VECTORS, FOLDER, PROGRAM, ADDRESS),
    "image": (VECTORS,),
    "table": (),
}


def rows_of(project: Project) -> list[AddedEncoder]:
    """Return what has been added, the first one first."""
    # The usual case without a query: nothing can be added.
    if not OFFERS[project.data_type]:
        return []
    rows = AddedEncoder.objects.filter(project=project)
    return list(rows.filter(name__in=OFFERS[project.data_type]))


def specs_of(project: Project) -> dict[str, core.Spec]:
    """Return by name the specifications with what has been added and is frozen."""
    return {
        row.name: core.joined_spec(project.data_type, row.encoder)
        for row in rows_of(project)
        if row.encoder
    }


def family_of(project: Project) -> dict[str, core.Spec]:
    """Return by name all specifications by which a project's items can be read."""
    known = representations.SPECS.get(project.data_type, {})
    return {**known, **specs_of(project)}
