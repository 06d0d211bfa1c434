"""Versions by their part in one item."""

from __future__ import annotations

from typing import Annotated

from activelearn import models
from activelearn.services.versions.lineage import Descendant
from labeling.api.http.fields import ReplyData, VersionNumber, about, one_of


class ItemVersion(ReplyData):
    """A version that learned from an item, or was judged on it."""

    number: VersionNumber
    stage: Annotated[
        str, one_of(models.ModelVersion.Stage.values, "Whether it serves, or may yet.")
    ]
    learned: Annotated[
        bool, about("Whether it learned from the item; else it was judged on it.")
    ]
    truth: Annotated[
        list[str] | None, about("The item's labels then; null where it was not judged.")
    ]
    said: Annotated[
        list[str] | None, about("What it predicted; null where it was not judged.")
    ]


def item_version_of(part: Descendant) -> ItemVersion:
    """Return a version with its part in an item."""
    return ItemVersion(
        number=part.version.number,
        stage=part.version.stage,
        learned=part.has_learned,
        truth=part.truth,
        said=part.predicted,
    )
