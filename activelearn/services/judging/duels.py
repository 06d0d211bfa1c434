"""Which duel is due, what it asks about, what is answered, and what ends it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from activelearn.core.evaluation import Labels
from activelearn.models import Duel, LearningPolicy, ModelVersion
from activelearn.models.duel import NO_RESULT
from activelearn.services.versions import registry
from labeling.messages import Message, message
from labeling.models import Item, Project, Resolution
from labeling.services.votes import relabel, resolutions

# Where a larger share of what was asked about is deleted, the rest is no random sample.
MOST_GONE: Final = 0.1
# Labels per item that is asked about before a run starts by itself.
PATIENCE: Final = 2


def open_of(project_id: int) -> Duel | None:
    """Return the duel that goes on, or None."""
    duels = Duel.objects.select_related("challenger", "champion")
    return duels.filter(project=project_id, ended_at=None).first()


def of_version(project: Project, version: ModelVersion | None) -> QuerySet[Duel]:
    """Return the duel that goes on and those of a version, the latest first."""
    duels = Duel.objects.select_related("challenger", "champion").defer("places")
    return duels.filter(Q(ended_at=None) | Q(challenger=version), project=project)


def between(project: Project, numbers: Collection[int]) -> QuerySet[Duel]:
    """Return the duels of two versions with each other, the latest first."""
    duels = Duel.objects.select_related("challenger", "champion").defer("places")
    return duels.filter(
        project=project, challenger__number__in=numbers, champion__number__in=numbers
    )


def asked_items(project_id: int) -> list[int]:
    """Return the items that people are asked about to tell two versions apart."""
    duel = open_of(project_id)
    return duel.asked_items if duel else []


def pair_due(project: Project) -> tuple[ModelVersion, ModelVersion] | None:
    """Return the version that waits and what serves, where a duel is to tell.

    Not where the gate waits for a person, and not where one has decided already.
    """
    if not _is_wanted(project.pk):
        return None
    versions = ModelVersion.objects.filter(
        project=project, stage=ModelVersion.Stage.WAITING, waits_for__isnull=False
    )
    waiting = versions.select_related("evaluation").first()
    serving = registry.champion(project)
    if waiting is None or serving is None:
        return None
    # It is judged again first: its parts are held against what serves, too.
    if registry.is_outdated(waiting.evidence, serving):
        return None
    pair = Duel.objects.filter(challenger=waiting, champion=serving)
    # One that ended without a result has said nothing, so there may be another.
    return None if pair.exclude(verdict=NO_RESULT).exists() else (waiting, serving)


def _is_wanted(project_id: int) -> bool:
    policy = LearningPolicy.of(project_id)
    return policy.duel and policy.gate != LearningPolicy.Gate.MANUAL


def unseen(project: Project) -> list[int]:
    """Return the open items of the pool that nobody has been lent, by id."""
    # Not even skipped: what people leave or take is a choice, and the sample must be
    # none.
    items = Item.objects.filter(project=project, votes=0, assignments=None)
    return list(
        items.pool().wanting_votes().order_by("pk").values_list("pk", flat=True)
    )


def holds_back(project_id: int, label_count: int) -> bool:
    """Whether a run is not to start by itself, for its version would end a duel.

    label_count: confident labels and corrections by now. What is asked about may stay
    unanswered, so it does not hold back for ever.
    """
    duel = open_of(project_id)
    return duel is not None and label_count < duel.labels_then + PATIENCE * duel.asked


def why_over(duel: Duel) -> Message | None:
    """Return what ends a duel without a result; None where it goes on."""
    return next(_ends(duel), None)


def _ends(duel: Duel) -> Iterator[Message]:
    challenger, champion = duel.challenger, duel.champion
    # Read anew: the caller may have loaded them before a promotion that has just
    # committed.
    challenger.refresh_from_db(fields=["stage"])
    champion.refresh_from_db(fields=["stage"])
    if champion.stage != ModelVersion.Stage.CHAMPION:
        yield message("version %(number)s does not serve now", number=champion.number)
    if challenger.stage != ModelVersion.Stage.WAITING:
        yield message(
            "version %(number)s does not wait any more", number=challenger.number
        )
    if relabel.in_force(duel.project_id) != duel.label_set_id:
        yield message("there are other labels now")
    if not _is_wanted(duel.project_id):
        yield message("the project wants no duel any more")
    asked = duel.asked_items
    gone = len(asked) - Item.objects.filter(pk__in=asked).count()
    # Whoever deletes may choose what: beyond this share it could decide the duel.
    if gone > MOST_GONE * len(asked):
        yield message(
            "%(gone)s of its %(asked)s items are deleted", gone=gone, asked=len(asked)
        )


def voted_on(duel: Duel) -> int:
    """Return of how many items that are asked about no more votes are to come.

    Of what is deleted or invalid, none are; of what an expert has yet to decide, neither.
    """
    states = Item.objects.filter(pk__in=duel.asked_items)
    return duel.asked - states.filter(state=Item.State.OPEN).count()


def truth_of(duel: Duel) -> dict[int, Labels]:
    """Return the labels that people gave the items, and mark them as used.

    Items without one are those that they do not agree on, that are invalid or deleted,
    that have no single right label, or of which the model's prediction counted as a vote.
    """
    asked = duel.asked_items
    # Taking marks them as used, so that no expert's decision on them is taken back
    # later.
    taken = resolutions.take(duel.project, Item.Split.POOL, asked)
    by_model = set(
        Resolution.objects.filter(item__in=asked, superseded_at=None)
        # A duel that one of the two voted in would be decided by a party to it.
        .exclude(counted_model=None)
        .values_list("item", flat=True)
    )
    return {
        label.item: tuple(sorted(label.names))
        for label in taken
        if not label.is_ambiguous and label.item not in by_model
    }


def ended(duel: Duel, verdict: str, why: Message) -> Duel:
    """Return the duel with what came of it: not yet saved."""
    duel.verdict, duel.explanation = verdict, why
    duel.ended_at = timezone.now()
    return duel
