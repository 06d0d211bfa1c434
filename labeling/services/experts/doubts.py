"""What experts may look at besides open disagreements, and how it comes to them.

An item that has a label keeps it until an expert decides otherwise. Nothing that these
lists say tells a vote or a label: who decides answers blind first, here as well.
"""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.db.models import (
    Exists,
    F,
    FloatField,
    Func,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
)

from labeling import queries, rules
from labeling.errors import InvalidInputError, NotFoundError
from labeling.messages import sentence as _
from labeling.models import (
    Annotation,
    AnnotationEvent,
    Disagreement,
    Gold,
    Item,
    Label,
    Membership,
    Prediction,
    Project,
    Resolution,
)
from labeling.services.votes import gold, relabel, settle
from labeling.services.work import events

Origin = Disagreement.Origin
Kind = AnnotationEvent.Kind
# A person with one of these events has looked at the item.
_LOOKED: Final = (Kind.RESOLVED, Kind.CHECKED)


def low_confidence(project: Project) -> QuerySet[Resolution]:
    """Labels by votes that were not of one mind or not sure, the least sure first."""
    unsure = Annotation.votes.filter(
        project=project, is_unsure=True, undone_at=None
    ).values("item")
    return (
        _by_votes(project)
        .filter(Q(confidence__lt=rules.LOW_CONFIDENCE) | Q(item__in=unsure))
        .order_by("confidence", "pk")
    )


def suspects(project: Project) -> QuerySet[Resolution]:
    """Labels that the model contradicts without having learned from them.

    The highest scores come first: a score is a confidence where the version has a
    calibration, for predictions are made with it. Held-out items judge the model, so it
    has no say about them; nor has it where the project's dial hides it.
    """
    labeled = _by_votes(project).filter(
        item__split=Item.Split.POOL, item__prediction__was_trained_on=False
    )
    if project.hides_model:
        labeled = labeled.none()
    if project.is_multi:
        doubt = labeled.annotate(contradicted=_doubt_of_set())
        return doubt.filter(contradicted__gte=rules.SURE).order_by(
            "-contradicted", "pk"
        )
    names = Label.objects.filter(label_set=project.label_set_id).values("name")
    return (
        labeled.filter(
            item__prediction__confidence__gte=rules.SURE,
            # A label that was renamed since contradicts nothing.
            item__prediction__label__in=names,
        )
        .exclude(labels__contains=[F("item__prediction__label")])
        .annotate(contradicted=F("item__prediction__confidence"))
        .order_by("-item__prediction__confidence", "pk")
    )


def _doubt_of_set() -> Func:
    """Return how sure the model is of a label that is missing, or of the other ones.

    Null where it says the same labels.
    """
    return Func(
        "item__prediction__labels",
        "item__prediction__confidence",
        "labels",
        function="labeling_doubt_of_set",
        output_field=FloatField(),
    )


def _by_votes(project: Project) -> QuerySet[Resolution]:
    """Labels that no expert and no file has given, and that none is about to."""
    return Resolution.objects.select_related("item", "item__media").filter(
        ~Exists(_open(OuterRef("item"))),
        ~Exists(Gold.objects.filter(item=OuterRef("item"))),
        project=project,
        superseded_at=None,
        source=Resolution.Source.CONSENSUS,
    )


def flagged(project: Project) -> QuerySet[Item]:
    """Items with a flag that no expert has looked at since, the newest item first.

    Each has all its flags as ``flag_events``.
    """
    flags = AnnotationEvent.objects.filter(kind=Kind.FLAGGED)
    looked = AnnotationEvent.objects.filter(
        # By id, not by time: events of one moment have an order too.
        item=OuterRef("item"),
        kind__in=_LOOKED,
        pk__gt=OuterRef("pk"),
    )
    return (
        Item.objects.select_related("media")
        .prefetch_related(
            Prefetch("events", queryset=flags.order_by("pk"), to_attr="flag_events")
        )
        .filter(
            Exists(flags.filter(~Exists(looked), item=OuterRef("pk"))),
            project=project,
            flags__gt=0,
        )
        .order_by("-pk")
    )


def _open(item: Item | OuterRef) -> QuerySet[Disagreement]:
    return Disagreement.objects.filter(item=item, resolved_at=None)


LABELS: Final = {Origin.LOW: low_confidence, Origin.SUSPECT: suspects}
LISTS: Final = {**LABELS, Origin.FLAGGED: flagged}
# What they are called in addresses.
NAMES: Final = {
    "low-confidence": Origin.LOW,
    "flagged": Origin.FLAGGED,
    "suspects": Origin.SUSPECT,
}


def named(name: str) -> Origin:
    """Return the list that an address names; raises NotFoundError for another name."""
    if name not in NAMES:
        raise NotFoundError(_("There is no such list."))
    return NAMES[name]


def counts(project: Project) -> dict[str, int]:
    """Return how much waits in each list, in a query each."""
    return {origin: rows(project).count() for origin, rows in LISTS.items()}


def take_up(member: Membership, item_id: int, origin: str) -> Disagreement:
    """Bring an item to the experts; one that is there already stays as it is.

    The label it has stays until the decision, and its history says who doubted it.

    Raises InvalidInputError where there is no such list, NotFoundError where the project
    has no such item, and ConflictError where gold questions rely on its known answer.
    """
    if origin not in LISTS:
        raise InvalidInputError(_("There is no such list."))
    with transaction.atomic():
        item = _locked(member, item_id)
        # Under the item's lock, so two experts at once bring it in once.
        if waiting := _open(item).first():
            return waiting
        gold.refuse_where_known(item.pk)
        names = relabel.names_now(member.project_id)
        given = settle.votes_of([item.pk], names)[item.pk]
        votes = [vote.labels for vote in given]
        disagreement = settle.dispute(member.project, item, votes, Origin(origin))
        disagreement.save()
        events.append(item, Kind.DOUBTED, {"origin": origin}, actor_id=member.user_id)
    return disagreement


def check(member: Membership, item_id: int) -> None:
    """Say that an item's flags were looked at and nothing needs to be decided.

    Raises NotFoundError where the project has no such item.
    """
    with transaction.atomic():
        item = _locked(member, item_id)
        # Asked again under the lock: of two experts one writes the line.
        if flagged(member.project).filter(pk=item.pk).exists():
            events.append(item, Kind.CHECKED, {}, actor_id=member.user_id)


def _locked(member: Membership, item_id: int) -> Item:
    locked = Item.objects.select_for_update(no_key=True)
    return queries.item_of(member.project_id, item_id, locked)


def evidence(disagreement: Disagreement) -> tuple[Resolution | None, Prediction | None]:
    """Return the label that is in doubt, and the model's answer where that is why.

    For experts who have answered blind.
    """
    if disagreement.origin == Origin.VOTES:
        return None, None
    label = Resolution.objects.filter(
        item_id=disagreement.item_id, superseded_at=None
    ).first()
    if disagreement.origin != Origin.SUSPECT:
        return label, None
    return label, Prediction.objects.filter(item_id=disagreement.item_id).first()
