"""Duels: people decide between two versions where these differ."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from activelearn import models
from activelearn.api.wire.judging.figures import Estimate
from labeling.api.http.fields import (
    Finished,
    Moment,
    ReplyData,
    VersionNumber,
    about,
    one_of,
)
from labeling.templatetags.localized import localized

VERDICTS: Final = (
    *("go on", "promote", "not better", "worse on a part", "cannot tell"),
    *("alike", "no result"),
)


class Duel(ReplyData):
    """A version against what serves, on a random sample of where they differ."""

    champion: Annotated[VersionNumber, about("The version that it would replace.")]
    items: Annotated[
        int, about("Open items, or a sample of them, that both predicted.")
    ]
    differing: Annotated[int, about("On how many of these they say different labels.")]
    asked: Annotated[int, about("Of those, drawn at random: asked about by now.")]
    answered: Annotated[int, about("Of these, how many are answered.")]
    wanted: Annotated[int, about("How many answers are to come before it is judged.")]
    better: Annotated[int, about("Answers that are this version's alone.")]
    worse: Annotated[int, about("Answers that are the champion's alone.")]
    gain: Annotated[
        Estimate | None,
        about("In accuracy over `items`, a share; null before it is judged."),
    ]
    p: Annotated[float | None, about("Of the exact sign test; null before that.")]
    alpha: Annotated[float | None, about("What its tests together may err; or null.")]
    verdict: Annotated[
        str,
        one_of(
            VERDICTS,
            "`alike`: they hardly differ; `no result`: it could not go on; empty while "
            "the first answers come in, `go on` until the last ones have.",
            or_empty=True,
        ),
    ]
    explanation: Annotated[str, about("Why, in the caller's language.")]
    started_at: Annotated[Moment, about("When its items were drawn.")]
    ended_at: Finished


def duel_of(version: models.ModelVersion) -> Duel | None:
    """Return the latest duel of a version, or None where it had none."""
    duel = next(iter(version.duels.all()), None)
    if duel is None:
        return None
    return Duel(
        champion=duel.champion.number,
        items=duel.items,
        differing=duel.differing,
        asked=duel.asked,
        answered=duel.answered,
        wanted=duel.wanted,
        better=duel.better,
        worse=duel.worse,
        gain=msgspec.convert(duel.gain, Estimate | None),
        p=duel.p,
        alpha=duel.alpha,
        verdict=duel.verdict,
        explanation=localized(duel.explanation),
        started_at=duel.started_at,
        ended_at=duel.ended_at,
    )
