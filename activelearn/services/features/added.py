"""Encoders that somebody adds to a project, beside those that travel along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from activelearn.core import brought, representations
from activelearn.core import features as core
from activelearn.encoders import published
from activelearn.models import AddedEncoder, FeatureShard, ModelVersion
from activelearn.services.features import specs, telling
from labeling.errors import ConflictError, NotFoundError
from labeling.messages import message
from labeling.models import (
    Item,
    OutsidePrediction,
    PredictionSource,
    Project,
    User,
)

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
# The share of the items that have to have a vector.
LEAST: Final = 0.5
# What can be added, by kind of data.
OFFERS: Final[Mapping[str, tuple[str, ...]]] = {
    "text": (WHOLE, VECTORS),
    "image": (VECTORS,),
    "table": (),
}
# What names the encoder of each whose file somebody gets.
GIVEN: Final[Mapping[str, core.Spec]] = {
    WHOLE: {"name": "minilm-l6", "sha256": published.OFFERED["minilm-l6"]}
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


def add(
    project: Project, name: str, user: User | None, source: str = ""
) -> AddedEncoder:
    """Add an encoder, or vectors that came with the predictions of a source.

    One that has been added will do. Raises NotFoundError for one that is not offered, and
    ConflictError where its file is not there or too few items have a vector.
    """
    if name not in OFFERS[project.data_type]:
        raise NotFoundError(message("There is no encoder of this name."))
    given = _of_source(project, source) if name == VECTORS else _of_file(name)
    row, _ = AddedEncoder.objects.get_or_create(
        project=project, name=name, defaults={"given": given, "added_by": user}
    )
    return row


def sources_of(project: Project) -> QuerySet[PredictionSource]:
    """Return the sources whose predictions came with vectors, by name."""
    sources = PredictionSource.objects.filter(project=project)
    return sources.exclude(embedding_size=None).order_by("name")


def with_vector(source: int) -> int:
    """Return how many items have a vector of a source."""
    kept = OutsidePrediction.objects.filter(source=source)
    return kept.filter(embedding__isnull=False).count()


def _of_source(project: Project, name: str) -> core.Spec:
    source = sources_of(project).filter(name=name).first()
    if source is None:
        raise NotFoundError(
            message("There is no source of this name with vectors: see Predictions.")
        )
    items = Item.objects.filter(project=project).count()
    count = with_vector(source.pk)
    if count < LEAST * items:
        raise ConflictError(
            message(
                "Of %(items)s items %(count)s have a vector of this source: at least half of them must.",
                items=items,
                count=count,
            )
        )
    return {
        "name": VECTORS,
        "source": source.pk,
        "called": source.name,
        "dimensions": source.embedding_size,
        # Rows are computed once. Vectors that are other ones by now are read where the
        # source is added again, by a specification of another name.
        "since": timezone.now().isoformat(),
    }


def renew(project: Project) -> None:
    """Let rows be computed anew whose items have come to a vector since."""
    for name, spec in specs_of(project).items():
        if name == VECTORS:
            shards = FeatureShard.objects.filter(
                project=project, spec_hash=core.hash_of(spec), unread__gt=0
            )
            kept = OutsidePrediction.objects.filter(
                source=spec["encoder"]["source"], embedding__isnull=False
            )
            for shard in shards:
                within = kept.filter(
                    item__gte=shard.first_item, item__lte=shard.last_item
                )
                if within.count() > shard.items - (shard.unread or 0):
                    shard.delete()


def _of_file(name: str) -> core.Spec:
    if not telling.can_tell(GIVEN[name]):
        raise ConflictError(
            message(
                "The sentence encoder is not on this server yet: the operator gets it by “assay encoder get minilm-l6”."
            )
        )
    return GIVEN[name]


def remove(project: Project, name: str) -> None:
    """Remove an encoder that was added; its rows are forgotten later.

    Raises NotFoundError where there is none, and ConflictError where a version that is at
    work reads the items by it.
    """
    row = AddedEncoder.objects.filter(project=project, name=name).first()
    if row is None:
        raise NotFoundError(message("There is no encoder of this name."))
    if row.encoder:
        wanted = core.hash_of(core.joined_spec(project.data_type, row.encoder))
        at_work = ModelVersion.objects.filter(project=project, stage__in=AT_WORK)
        if reader := at_work.filter(spec_hash=wanted).first():
            raise ConflictError(
                message(
                    "Version %(number)s reads the items by this encoder: promote another one and archive it first.",
                    number=reader.number,
                )
            )
    row.delete()


def freeze(row: AddedEncoder) -> None:
    """Keep where what an encoder tells of a sample of the pool lies, and how far out.

    Raises what ``telling.vectors_of`` raises, and ConflictError where that tells no two items
    apart.
    """
    drawn = specs.drawn(row.project, brought.SAMPLE)
    items = list(Item.objects.filter(pk__in=drawn).order_by("pk"))
    vectors = telling.vectors_of(items, row.given)
    try:
        encoder = brought.fitted(row.given, row.project.data_type, vectors)
    except brought.NothingSaidError as error:
        raise ConflictError(
            message(
                "What the encoder tells of the items is the same of all, or nothing."
            )
        ) from error
    # Of two workers, the first one's counts: rows by it may be there already.
    AddedEncoder.objects.filter(pk=row.pk, encoder__isnull=True).update(encoder=encoder)
    row.refresh_from_db()
