"""Read models that join several tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any, Final

from django.db.models import (
    Aggregate,
    Count,
    F,
    FloatField,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from django.utils import timezone

from labeling.errors import InvalidInputError, NotFoundError, check_one_of
from labeling.messages import sentence as _
from labeling.models import (
    AgreementReport,
    Annotation,
    Disagreement,
    Item,
    Label,
    Membership,
    Project,
    ProjectCounter,
    Reason,
    Resolution,
)
from labeling.models.policy import MAX_COLUMN
from labeling.quality.shares import wilson

# Items whose columns are offered in the settings.
_SEEN_FOR_COLUMNS: Final = 200


# Every vote asks. Other labels are another label set, so no process keeps an old answer.
@lru_cache(maxsize=256)
def label_names(label_set_id: int | None) -> frozenset[str]:
    """Return the names of a label set, which never changes once it is made."""
    names = Label.objects.filter(label_set_id=label_set_id)
    return frozenset(names.values_list("name", flat=True))


def columns_beside(project: Project) -> list[str]:
    """Return the columns that may stand beside an item: those chosen, then the others.

    The others are those of the newest items; what is shown anyway is not among them.
    """
    newest = project.items.order_by("-pk")[:_SEEN_FOR_COLUMNS]
    names = dict.fromkeys(project.beside)
    for data, metadata in newest.values_list("data", "metadata"):
        shown = data if project.data_type == Project.DataType.TABLE else ()
        names |= dict.fromkeys(
            name
            for name in (*data, *metadata)
            if name not in shown
            and name != project.data_type
            and len(name) <= MAX_COLUMN
        )
    return list(names)


@dataclass(frozen=True)
class ProjectProgress:
    """A project's counts; items are counted now, votes from the exact counters."""

    items: int
    settled: int
    disputed: int
    invalid: int
    evaluation: int
    evaluation_settled: int
    votes: int
    confident: int
    corrected: int
    disagreements: int


_NO_VOTES: Final = (0, 0, 0)
_ITEM_COUNTS = tuple(field.name for field in fields(ProjectProgress)[:6])


def progress(project: Project) -> ProjectProgress:
    """Return the counts of one project, in three queries."""
    return progress_of([project.pk])[project.pk]


def progress_of(project_ids: Sequence[int]) -> dict[int, ProjectProgress]:
    """Return the counts of some projects, in three queries whatever their number."""
    items = (
        Item.objects.filter(project__in=project_ids)
        .order_by()
        .values("project")
        .annotate(
            items=Count("pk"),
            settled=Count("pk", filter=Q(state=Item.State.SETTLED)),
            disputed=Count("pk", filter=Q(state=Item.State.DISPUTED)),
            invalid=Count("pk", filter=Q(state=Item.State.INVALID)),
            evaluation=Count("pk", filter=Q(split=Item.Split.EVALUATION)),
            evaluation_settled=Count(
                "pk", filter=Q(split=Item.Split.EVALUATION, state=Item.State.SETTLED)
            ),
        )
    )
    counters = (
        ProjectCounter.objects.filter(project__in=project_ids)
        .order_by()
        .values("project")
        .annotate(total=Sum("votes"), labels=Sum("confident"), changed=Sum("corrected"))
    )
    disputed = (
        Disagreement.objects.filter(project__in=project_ids, resolved_at=None)
        .order_by()
        .values("project")
        .annotate(count=Count("pk"))
    )
    counts: dict[int, dict[str, Any]] = {row["project"]: dict(row) for row in items}
    of_people = {
        row["project"]: (row["total"], row["labels"], row["changed"])
        for row in counters
    }
    open_ = {row["project"]: row["count"] for row in disputed}
    return {
        pk: ProjectProgress(
            **{name: counts.get(pk, {}).get(name, 0) for name in _ITEM_COUNTS},
            votes=of_people.get(pk, _NO_VOTES)[0],
            confident=of_people.get(pk, _NO_VOTES)[1],
            corrected=of_people.get(pk, _NO_VOTES)[2],
            disagreements=open_.get(pk, 0),
        )
        for pk in project_ids
    }


def alpha_of(project_ids: Sequence[int]) -> dict[int, float | None]:
    """Return the newest agreement of some projects, in one query."""
    newest = (
        AgreementReport.objects.filter(project__in=project_ids)
        .order_by("project", "-computed_at", "-pk")
        .distinct("project")
    )
    return dict(newest.values_list("project", "krippendorff_alpha"))


def memberships_of(user_id: int) -> list[Membership]:
    """Return a person's projects by name, in one query."""
    return list(
        Membership.objects.select_related("project")
        .filter(user_id=user_id)
        .order_by("project__name", "pk")
    )


def item_of(project_id: int, pk: int, items: QuerySet[Item] | None = None) -> Item:
    """Return an item of a project, as ``items`` brings it.

    Raises NotFoundError where the project has no such item.
    """
    mine = (Item.objects.all() if items is None else items).filter(project=project_id)
    if (item := mine.filter(pk=pk).first()) is None:
        raise NotFoundError(_("There is no such item in this project."))
    return item


def labels_in_use(project_id: int) -> dict[str, int]:
    """Return how many items have each label now, in one query."""
    rows = (
        Resolution.objects.filter(project=project_id, superseded_at=None)
        .order_by()
        .annotate(name=Func(F("labels"), function="unnest"))
        .values("name")
        .annotate(items=Count("pk"))
    )
    return {row["name"]: row["items"] for row in rows}


def labels_by_split(project_id: int) -> dict[tuple[str, str], int]:
    """Return (label, split) → how many items of it have the label, in one query.

    Held-out items without a single right answer have none that a model is judged on.
    """
    rows = (
        Resolution.objects.filter(project=project_id, superseded_at=None)
        .exclude(is_ambiguous=True, item__split=Item.Split.EVALUATION)
        .order_by()
        .annotate(name=Func(F("labels"), function="unnest"))
        .values("name", "item__split")
        .annotate(items=Count("pk"))
    )
    return {(row["name"], row["item__split"]): row["items"] for row in rows}


CHOICES: Final = {"state": Item.State.values, "split": Item.Split.values}


def _share(raw: str) -> float:
    try:
        value = float(raw)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise InvalidInputError(errors={"confidence_lt": [_("A number from 0 to 1.")]})
    return value


def _yes_or_no(value: str) -> str:
    check_one_of("unread", value, ["yes", "no"])
    return value


def _is_one_of(name: str, _project: Project, value: str) -> Q:
    check_one_of(name, value, CHOICES[name])
    return Q(**{name: value})


def _has_label(project: Project, label: str) -> Q:
    current = Resolution.objects.filter(
        project=project, superseded_at=None, labels__contains=[label]
    )
    return Q(pk__in=current.values("item"))


def _is_less_sure(project: Project, raw: str) -> Q:
    share = _share(raw)
    return _NOTHING if project.hides_model else Q(prediction__confidence__lt=share)


def _is_predicted(project: Project, label: str) -> Q:
    # Else a filter would tell what the dial hides.
    if project.hides_model:
        return _NOTHING
    if project.is_multi:
        return Q(prediction__labels__has_key=label)
    return Q(prediction__label=label)


# What no item is.
_NOTHING: Final = Q(pk__in=[])
# What a filter's value asks of an item.
_CONDITIONS: Final[dict[str, Callable[[Project, str], Q]]] = {
    **{name: partial(_is_one_of, name) for name in CHOICES},
    "label": _has_label,
    "predicted": _is_predicted,
    "confidence_lt": _is_less_sure,
    "tag": lambda _project, tag: Q(tags__contains=[tag]),
    "id": lambda _project, start: Q(external_id__startswith=start[:200]),
    "unread": lambda _project, value: Q(unread__isnull=_yes_or_no(value) == "no"),
    "q": lambda _project, words: Q(data__says=words[:200]),
}
ITEM_FILTERS: Final = frozenset(_CONDITIONS)
# Those that ask what the model says.
MODEL_FILTERS: Final = frozenset({"predicted", "confidence_lt"})


def items_matching(project: Project, query: Mapping[str, str]) -> QuerySet[Item]:
    """Return the items that a query names by ``ITEM_FILTERS``.

    Raises InvalidInputError where a filter has a value that is not allowed.
    """
    if any("\x00" in value for value in query.values()):
        raise InvalidInputError(_("A filter holds a NUL character."))
    items = Item.objects.filter(project=project).select_related(
        "media", "prediction", "unread"
    )
    for name, condition in _CONDITIONS.items():
        if value := query.get(name):
            items = items.filter(condition(project, value))
    return items


class Median(Aggregate):
    """The middle value."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True)
class OwnWork:
    """What one person has done, and how much of it stood.

    Experts kept ``confirmed`` of the ``judged`` pool items they decided; of the
    ``known`` gold questions ``right`` were answered so, and of the ``repeats`` of own
    items the ``same`` as before. Intervals are of 95 %.
    """

    votes: int
    week: int
    seconds: float | None
    judged: int
    confirmed: int
    interval: tuple[float, float] | None
    known: int
    right: int
    right_interval: tuple[float, float] | None
    repeats: int
    same: int
    same_interval: tuple[float, float] | None


def own_work(member: Membership) -> OwnWork:
    """Return a person's own numbers, in four queries."""
    own = Annotation.votes.filter(
        project=member.project, annotator_id=member.user_id, undone_at=None
    )
    since = timezone.now() - timedelta(days=7)
    done = own.aggregate(
        votes=Count("pk"),
        week=Count("pk", filter=Q(created_at__gte=since)),
        seconds=Median("seconds"),
    )
    judged = own.filter(
        item__split=Item.Split.POOL,
        item__resolutions__superseded_at=None,
        item__resolutions__source=Resolution.Source.EXPERT,
    ).aggregate(
        judged=Count("pk"),
        confirmed=Count("pk", filter=Q(labels=F("item__resolutions__labels"))),
    )
    known, right = gold_votes(member)
    repeats, same = repeated_votes(member)
    return OwnWork(
        **done,
        **judged,
        interval=wilson(judged["confirmed"], judged["judged"]),
        known=known,
        right=right,
        right_interval=wilson(right, known),
        repeats=repeats,
        same=same,
        same_interval=wilson(same, repeats),
    )


def gold_votes(member: Membership) -> tuple[int, int]:
    """Return how many gold questions a person has answered, and how many right."""
    counter = ProjectCounter.objects.filter(
        project_id=member.project_id, annotator_id=member.user_id
    ).first()
    return (counter.known, counter.known_right) if counter else (0, 0)


def repeated_votes(member: Membership) -> tuple[int, int]:
    """Return how many repeats a person has answered, and how many as before.

    Only those count whose vote still stands and had the labels of the same set.
    """
    before = Annotation.votes.filter(
        item=OuterRef("item"),
        annotator=OuterRef("annotator"),
        label_set=OuterRef("label_set"),
        undone_at=None,
    ).values("labels")[:1]
    counts = (
        Annotation.with_repeats.filter(
            project_id=member.project_id,
            annotator_id=member.user_id,
            undone_at=None,
            reason=Reason.REPEAT,
        )
        .annotate(before=Subquery(before))
        .filter(before__isnull=False)
        .aggregate(repeats=Count("pk"), same=Count("pk", filter=Q(labels=F("before"))))
    )
    return counts["repeats"], counts["same"]
