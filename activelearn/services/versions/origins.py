"""Where a version comes from, and what came of it: from its labels to its successors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from activelearn.models import Evaluation, ModelVersion, Promotion, TrainingRun
from activelearn.services.labels.snapshots import Makeup
from activelearn.services.versions.history import Act

Fate = Literal[
    "serves",
    "served",
    "rolled back",
    "waits for labels",
    "waits for a person",
    "refused",
    "archived",
    "judged",
    "not judged",
]


@dataclass(frozen=True)
class Origin:
    """The way of a version, in the order in which it went.

    makeup: of what it learned; None where the file that says so is gone. rival: what
    it was judged against, and else what served when it was made; None before the first
    champion. judge: the run whose gate had the last word. acts: what was done with it,
    the first one first. successors: the versions that took over from it.
    """

    version: ModelVersion
    makeup: Makeup | None
    rival: ModelVersion | None
    evaluation: Evaluation | None
    judge: TrainingRun
    acts: list[Act]
    fate: Fate
    successors: list[ModelVersion]


def origin_of(
    version: ModelVersion,
    makeup: Makeup | None,
    evaluation: Evaluation | None,
    judge: TrainingRun,
    acts: list[Act],
) -> Origin:
    """Return the way of a version, of which the rest of its card is known already.

    acts: what was done with it, the first one first.
    """
    judged_against = evaluation.champion if evaluation else None
    return Origin(
        version,
        makeup,
        judged_against or version.parent,
        evaluation,
        judge,
        acts,
        fate_of(version, acts, is_judged=evaluation is not None),
        _successors(version),
    )


def fate_of(version: ModelVersion, acts: Sequence[Act], *, is_judged: bool) -> Fate:
    """Return what has become of a version.

    acts: what was done with it, the first one first.
    """
    stage = ModelVersion.Stage
    waits: Fate = "waits for labels" if version.waits_for else "waits for a person"
    fates: dict[str, Fate] = {
        stage.CHAMPION: "serves",
        stage.WAITING: waits,
        stage.REJECTED: "refused",
        stage.ARCHIVED: _past(version, acts),
    }
    return fates.get(version.stage, "judged" if is_judged else "not judged")


def _past(version: ModelVersion, acts: Sequence[Act]) -> Fate:
    # By its last act: what was rolled back may have been archived by a person since.
    if version.archived_at:
        return "archived"
    is_back = bool(acts) and acts[-1].kind == "rolled back"
    return "rolled back" if is_back else "served"


def _successors(version: ModelVersion) -> list[ModelVersion]:
    """Return the versions that took over from one, the first one first, each once."""
    # A rollback goes back: what serves again is not what came after.
    changes = Promotion.objects.select_related("model").filter(
        before=version, is_rollback=False
    )
    return list(dict.fromkeys(change.model for change in changes.order_by("pk")))
