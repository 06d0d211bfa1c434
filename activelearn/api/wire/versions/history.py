"""What people did with a version of the model, and why."""

from __future__ import annotations

from typing import Annotated, ClassVar

from activelearn import models
from activelearn.models.version import LONGEST_REASON
from activelearn.services.versions import history
from labeling.api.http.fields import (
    AccountName,
    Body,
    Moment,
    ReplyData,
    about,
    literals,
    one_of,
    text,
)


class ReasonBody(Body):
    """Why a person promotes, rolls back or archives a version."""

    or_nothing: ClassVar = frozenset({"reason"})

    reason: Annotated[str, text(LONGEST_REASON, "It is kept with who and when.")] | (
        None
    ) = None


class VersionAct(ReplyData):
    """What a person, or the gate of a run, did with a version."""

    kind: Annotated[
        str,
        one_of(
            literals(history.ActKind),
            "`brought back`: another version was rolled back, so it serves again.",
        ),
    ]
    at: Annotated[Moment, about("When it was done.")]
    by: Annotated[AccountName | None, about("Null where the gate did, or a command.")]
    reason: Annotated[str, about("In that person's words; empty where none was given.")]
    run: Annotated[int | None, about("The run whose gate did it; null: a person did.")]
    other: Annotated[
        int | None,
        about("The version that served before; of `rolled back`: that serves again."),
    ]


def version_acts(version: models.ModelVersion) -> list[VersionAct]:
    """Return what was done with a version, the latest first."""
    return [
        VersionAct(
            kind=act.kind,
            at=act.at,
            by=act.by,
            reason=act.why,
            run=act.run,
            other=act.other,
        )
        for act in history.acts_of(version)
    ]
