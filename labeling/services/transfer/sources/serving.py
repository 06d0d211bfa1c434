"""Whole pictures that are kept in a bucket alone: by a signed address, or through us.

Both look first whether the object is still the one that was listed. Where it is not, or the
bucket does not answer, people see the small copy that is here.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from labeling.errors import AssayError
from labeling.models import Media, Membership, Project, Source, SourceObject
from labeling.services.queue import naming
from labeling.services.transfer import pictures
from labeling.services.transfer.importing import images
from labeling.services.transfer.limits import LIMITS
from labeling.services.transfer.sources import network, setting_up, store
from labeling.services.transfer.sources.bucket import Bucket
from labeling.services.transfer.sources.network import PlaceError
from labeling.services.transfer.sources.place import place_of
from labeling.services.transfer.sources.store import Listed

logger = logging.getLogger(__name__)

# Seconds that a signed address is good for, and that a browser may keep it.
GOOD: Final = 600
KEPT: Final = 300


def origins(project: Project) -> list[str]:
    """Return the origins of which pages may show pictures, for their policy."""
    if project.data_type != Project.DataType.IMAGE:
        return []
    signed = Source.objects.filter(project=project, serving=Source.Serving.SIGNED)
    rows = signed.order_by().only(
        "endpoint", "region", "bucket", "prefix", "addressing"
    )
    # Checked once more: what stands in the policy must not be able to widen it.
    return sorted(filter(network.is_endpoint, {_origin(each) for each in rows}))


def _origin(source: Source) -> str:
    """Return the origin of a bucket's pictures; "" where it can have none."""
    try:
        return place_of(source).server
    except PlaceError:
        # A source of an earlier release. Its lists say why; pages are shown without it.
        return ""


@dataclass(frozen=True)
class Served:
    """A picture as it is answered: by an address, or its bytes and their type."""

    url: str = ""
    data: bytes = b""
    mime: str = ""
    # Whether it is what was asked for, and no small copy in its place.
    is_whole: bool = True


def serve(member: Membership, media: Media, size: str) -> Served:
    """Return a picture for a member; with a size, small.

    Raises InvalidInputError where no small picture has that size.
    """
    listed = None if size else _listed(member, media)
    if listed is None:
        return Served("", *pictures.read(media, size))
    try:
        with closing(setting_up.bucket_of(listed.source)) as bucket:
            served = _from_bucket(bucket, listed, member, media)
    except AssayError as error:
        logger.warning("source %s: %s", listed.source_id, error)
        served = None
    return served or Served("", *pictures.read(media), is_whole=False)


def _from_bucket(
    bucket: Bucket, listed: SourceObject, member: Membership, media: Media
) -> Served | None:
    """Return a whole picture as it was when it was listed; None where it is not so now.

    Raises PlaceError where the bucket does not answer.
    """
    # An address tells the object's key, and that may tell the label: only those who know
    # the names of files get one.
    if naming.knows_files(member):
        is_same = bucket.etag(listed.key) == listed.etag
        return Served(bucket.address(listed.key, GOOD)) if is_same else None
    known = Listed(listed.key, listed.etag, listed.size, None)
    picture = images.read(store.content(bucket, known, LIMITS.picture_bytes))
    # Encoded anew as then: the same picture has the same digest, and no other has it.
    is_same = picture.sha256 == media.sha256
    return Served("", picture.encoded, picture.mime) if is_same else None


def _listed(member: Membership, media: Media) -> SourceObject | None:
    rows = SourceObject.objects.select_related("source").filter(
        item__media=media,
        source__project_id=member.project_id,
        source__serving=Source.Serving.SIGNED,
        state=SourceObject.State.TAKEN,
        removed_at=None,
    )
    return rows.first()
