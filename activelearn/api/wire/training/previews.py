"""What a run, a promotion, a rollback or an archive would do."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from activelearn.api.wire.judging.figures import Estimate, Summary
from activelearn.models import ModelVersion
from activelearn.services.training import dry_run
from activelearn.services.versions import switching
from labeling.api.http.fields import ReplyData, about, one_of
from labeling.templatetags.localized import localized

SWITCHES: Final = ("promote", "rollback")


class RetrainPreview(ReplyData):
    """What a run that began now would learn from, and what speaks against it."""

    labels: Annotated[int, about("Labels of the pool that it would learn from.")]
    sources: Annotated[dict[str, int], about("These labels by where they come from.")]
    by_label: Annotated[
        dict[str, int],
        about("How many items have each label; 0 for those that none has."),
    ]
    new: Annotated[
        int | None,
        about("Labels that what serves did not learn from; null where none serves."),
    ]
    changed: Annotated[
        int | None, about("Items whose label is another than what serves learned.")
    ]
    gone: Annotated[
        int | None, about("Items that what serves learned from and that have no label.")
    ]
    held_out: Annotated[int, about("Held-out labels that it would be judged on.")]
    same_as: Annotated[
        int | None, about("The run that has learned the same already, if one has.")
    ]
    waiting: Annotated[
        int | None, about("A run that waits or runs: a request would be that one.")
    ]
    features: Annotated[
        str, about("The SHA-256 of how it reads the data; empty before that is known.")
    ]
    new_features: Annotated[
        bool, about("Whether these are other ones than those of what serves.")
    ]
    seconds_least: Annotated[
        float | None,
        about("What the quickest of the last runs took; null without any."),
    ]
    seconds_most: Annotated[float | None, about("What the slowest of them took.")]
    concerns: Annotated[
        list[str], about("What speaks against it, in the caller's language.")
    ]


class Gain(ReplyData):
    """Two versions on the held-out items that both were judged on."""

    items: Annotated[int, about("How many these are.")]
    fixed: Annotated[int, about("Where only the one that would serve is right.")]
    broken: Annotated[int, about("Where only the one that serves now is right.")]
    accuracy: Annotated[Estimate, about("By how much the accuracy changes.")]


class Relabeled(ReplyData):
    """How much of the pool would get another prediction, by a random sample of it."""

    sampled: Annotated[int, about("Items of the pool that both versions were asked.")]
    changed: Annotated[int, about("Of these, how many get another prediction.")]
    share: Annotated[Estimate, about("Of the whole pool.")]


class SwitchPreview(ReplyData):
    """What would change if a version were promoted or rolled back."""

    action: Annotated[str, one_of(SWITCHES, "What was asked about.")]
    before: Annotated[int | None, about("The version that serves now, if one does.")]
    after: Annotated[int, about("The version that would serve.")]
    figures_before: Annotated[
        Summary | None, about("On held-out items; null where it was not judged.")
    ]
    figures_after: Annotated[Summary | None, about("The same of what would serve.")]
    gain: Annotated[
        Gain | None, about("Null where both were not judged on the same items.")
    ]
    relabeled: Annotated[Relabeled | None, about("Null where nothing serves now.")]
    rescored: Annotated[int, about("Items of the pool that are scored anew.")]


class ArchivePreview(ReplyData):
    """What would change if a version were put away; what serves stays."""

    version: Annotated[int, about("Its number.")]
    waits: Annotated[
        bool, about("It waits for labels or a person, and would be judged no more.")
    ]
    has_duel: Annotated[
        bool, about("A duel of it goes on, which would end without a result.")
    ]
    goes_back: Annotated[bool, about("A rollback would still let it serve.")]


def retrain_of(dry: dry_run.DryRun) -> RetrainPreview:
    """Return what a run would do."""
    least, most = dry.seconds or (None, None)
    return RetrainPreview(
        labels=dry.label_count,
        sources=dict(dry.sources),
        by_label=dict(dry.names),
        new=dry.new,
        changed=dry.changed,
        gone=dry.gone,
        held_out=dry.held_out,
        same_as=dry.same_as.pk if dry.same_as else None,
        waiting=dry.waiting.pk if dry.waiting else None,
        features=dry.spec_hash,
        new_features=dry.has_new_features,
        seconds_least=least,
        seconds_most=most,
        concerns=[localized(concern) for concern in dry.concerns],
    )


def switch_of(switch: switching.Switch) -> SwitchPreview:
    """Return what a promotion or a rollback would change."""
    return SwitchPreview(
        action=SWITCHES[switch.is_rollback],
        before=switch.before.number if switch.before else None,
        after=switch.after.number,
        figures_before=_figures(switch.before),
        figures_after=_figures(switch.after),
        gain=msgspec.convert(switch.gain, Gain | None, from_attributes=True),
        relabeled=msgspec.convert(
            switch.relabeled, Relabeled | None, from_attributes=True
        ),
        rescored=switch.pool,
    )


def archive_of(change: switching.Archival) -> ArchivePreview:
    """Return what it would change to put a version away."""
    return ArchivePreview(
        version=change.version.number,
        waits=change.waits,
        has_duel=change.has_duel,
        goes_back=change.goes_back,
    )


def _figures(version: ModelVersion | None) -> Summary | None:
    evidence = version.evidence if version else None
    if evidence is None:
        return None
    return msgspec.convert(evidence.summary, Summary, from_attributes=True)
