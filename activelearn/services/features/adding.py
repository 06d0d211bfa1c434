"""Adding an encoder to a project, and removing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from activelearn.core import features as core
from activelearn.encoders import published
from activelearn.models import AddedEncoder, ModelVersion
from activelearn.services.features import (
    added,
    address,
    asking,
    came_with,
    folder_tables,
    programs,
    telling,
)
from activelearn.services.features.address import EmbeddingsAddress
from labeling.errors import ConflictError, NotFoundError
from labeling.messages import message
from labeling.models import (
    Item,
    PredictionSource,
    Project,
    User,
)
from labeling.services.transfer.outside import item_vectors
from labeling.services.transfer.sources import sealing

# What an address or a program is tried with, before it is added.
TRIED: Final = "Hello"
# The share of the items that have to have a vector.
LEAST: Final = 0.5
# What names the encoder of each whose file somebody gets.
GIVEN: Final[Mapping[str, core.Spec]] = {
    added.WHOLE: {"name": "minilm-l6", "sha256": published.OFFERED["minilm-l6"]}
}


def add(
    project: Project, name: str, user: User | None, source: str = ""
) -> AddedEncoder:
    """Add an encoder, or vectors that came with the predictions of a source.

    Without a source, vectors are those that came with the items themselves. Of a program
    or a table the source is its name.
    One that has been added will do. Raises NotFoundError for one that is not offered, and
    ConflictError where its file is not there, too few items have a vector, or a program
    makes none.
    """
    if name == added.ADDRESS or name not in added.OFFERS[project.data_type]:
        raise NotFoundError(message("There is no encoder of this name."))
    given = _given_of(project, name, source)
    row, _ = AddedEncoder.objects.get_or_create(
        project=project, name=name, defaults={"given": given, "added_by": user}
    )
    return row


def add_address(
    project: Project, place: EmbeddingsAddress, user: User | None
) -> AddedEncoder:
    """Add an address that makes vectors of texts, after it has made those of one.

    Its key is encrypted. Raises InvalidInputError where it is none, NotFoundError in a
    project of no texts, ConflictError where another one has been added, and what
    ``address.vectors_of`` raises.
    """
    if added.ADDRESS not in added.OFFERS[project.data_type]:
        raise NotFoundError(message("There is no encoder of this name."))
    address.check(place)
    # So that a slip is told here and now, and not by a job.
    address.vectors_of(place, [TRIED], pauses=())
    with transaction.atomic():
        row, is_new = AddedEncoder.objects.get_or_create(
            project=project,
            name=added.ADDRESS,
            defaults={"given": {}, "added_by": user},
        )
        if not is_new:
            raise ConflictError(message("An address has been added already."))
        row.given = {
            "name": added.ADDRESS,
            # By which the key is found; the key itself is in no specification.
            "added": row.pk,
            "called": place.host,
            "url": place.url,
            "model": place.model,
        }
        if place.key:
            owner = asking.sealed_for(row)
            row.sealed = sealing.seal({"key": place.key}, owner)
        row.save(update_fields=["given", "sealed"])
    return row


def sources_of(project: Project) -> QuerySet[PredictionSource]:
    """Return the sources whose predictions came with vectors, by name."""
    sources = PredictionSource.objects.filter(project=project)
    return sources.exclude(embedding_size=None).order_by("name")


def _of_vectors(project: Project, name: str) -> core.Spec:
    """Return what names the vectors of a source, or, without a name, of the items."""
    number, dimensions = None, item_vectors.size_of(project.pk).numbers
    if name:
        source = sources_of(project).filter(name=name).first()
        number = source.pk if source else None
        dimensions = source.embedding_size if source else None
    if not dimensions:
        raise NotFoundError(
            message("There is no source of this name with vectors: see Predictions.")
        )
    items = Item.objects.filter(project=project).count()
    count = came_with.having(project, number).count()
    if count < LEAST * items:
        raise ConflictError(
            message(
                "Of %(items)s items %(count)s have a vector of this source: at least half of them must.",
                items=items,
                count=count,
            )
        )
    return {
        "name": added.VECTORS,
        "source": number,
        "called": name,
        "dimensions": dimensions,
        # Rows are computed once. Vectors that are other ones by now are read where the
        # source is added again, by a specification of another name.
        "since": timezone.now().isoformat(),
    }


def _given_of(project: Project, name: str, source: str) -> core.Spec:
    """Return what names an encoder that is to be added."""
    if name == added.VECTORS:
        return _of_vectors(project, source)
    if name == added.FOLDER:
        return _of_folder(source)
    return _of_program(source) if name == added.PROGRAM else _of_file(name)


def _of_folder(name: str) -> core.Spec:
    given = folder_tables.given_of(name)
    if given is None:
        raise NotFoundError(message("The operator has taken no table so called."))
    return given


def _of_program(name: str) -> core.Spec:
    given = programs.given_of(name)
    if given is None:
        raise NotFoundError(message("The operator has installed no program so called."))
    # So that a slip is told here and now, and not by a job.
    programs.vectors_of([TRIED], given)
    return given


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
        at_work = ModelVersion.objects.filter(project=project, stage__in=added.AT_WORK)
        if reader := at_work.filter(spec_hash=wanted).first():
            raise ConflictError(
                message(
                    "Version %(number)s reads the items by this encoder: promote another one and archive it first.",
                    number=reader.number,
                )
            )
    row.delete()
