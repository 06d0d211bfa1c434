"""What was done with a version of the model: by whom, when and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from activelearn.models import ModelVersion, Promotion

ActKind = Literal["promoted", "brought back", "rolled back", "archived"]


@dataclass(frozen=True)
class Act:
    """What a person did with a version, with the reason given, or the gate of a run.

    by: the name of the account, or None; of a gate's act, whoever asked for the run.
    other: the number of the version that served before, or of the one that serves again;
    None where there is none.
    """

    kind: ActKind
    at: datetime
    by: str | None
    why: str = ""
    run: int | None = None
    other: int | None = None


def acts_of(version: ModelVersion) -> list[Act]:
    """Return what was done with a version, the latest first."""
    return sorted(_acts(version), key=lambda act: act.at, reverse=True)


def _acts(version: ModelVersion) -> Iterator[Act]:
    for change in version.promotions.all():
        before = change.before.number if change.before else None
        kind: ActKind = "brought back" if change.is_rollback else "promoted"
        yield Act(kind, change.at, _who(change), change.why, change.run_id, before)
    for change in version.replacements.all():
        if change.is_rollback:
            again = change.model.number
            yield Act("rolled back", change.at, _who(change), change.why, other=again)
    # By a person: a champion that was replaced has the stage, and not this moment.
    if version.archived_at:
        by = version.archived_by.username if version.archived_by else None
        yield Act("archived", version.archived_at, by, version.archived_why)


def _who(change: Promotion) -> str | None:
    return change.by.username if change.by else None
