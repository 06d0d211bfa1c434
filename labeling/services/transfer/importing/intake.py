"""Single items from outside, one call at a time; files come by an import."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Any, Final, NamedTuple

from django.db import transaction

from labeling.errors import InvalidInputError
from labeling.messages import message
from labeling.messages import sentence as _
from labeling.models import Item, Project
from labeling.services.queue.order import send_items_changed
from labeling.services.transfer import columns, groups
from labeling.services.transfer.importing import images
from labeling.services.transfer.importing.images import Picture
from labeling.services.transfer.outside import item_vectors
from labeling.services.transfer.parsing import RowParser
from labeling.services.transfer.payloads import (
    content_hash,
    payload_text,
    picture_hash,
)
from labeling.services.transfer.rows import MISSING, Row, RowError
from labeling.services.work.transactions import Turn, await_turn

# A process decodes one picture at a time: it takes four bytes for each pixel, however
# small its file is.
_decoding: Final = Lock()
# Of one call: some two seconds.
MOST_PIXELS: Final = 50_000_000


class Arrival(NamedTuple):
    """An item from outside that is fit to be kept; ``picture`` where it is one."""

    row: Row
    picture: Picture | None = None

    @property
    def content_hash(self) -> str:
        """The digest of its content, as an import's."""
        if self.picture is None:
            return content_hash(payload_text(self.row.data))
        return picture_hash(self.row.data, self.picture.sha256)


def check_pixels(files: Sequence[bytes]) -> None:
    """Raise InvalidInputError where decoding pictures would take too long for one call.

    Their files may be small: a picture of one color has as many pixels as any.
    """
    if sum(map(images.pixels_of, files)) > MOST_PIXELS:
        most = MOST_PIXELS // 10**6
        why = _(
            "Pictures of at most %(most)s million pixels in all: send fewer at once."
        )
        raise InvalidInputError(errors={"items": [why % {"most": most}]})


def checked(
    project: Project,
    external_id: str,
    data: Mapping[str, Any],
    image: bytes | None = None,
) -> Arrival:
    """Return a payload as what it would be in an import; ``image``: a picture's file.

    Raises InvalidInputError, naming "items", where an import would refuse it.
    """
    is_picture = project.data_type == Project.DataType.IMAGE
    try:
        if image is not None and not is_picture:
            raise RowError(message("This project has no pictures."))
        if is_picture:
            if image is None:
                raise RowError(MISSING["image"])
            data = {**data, "image": external_id or "image"}
        names = {name: name for name in data}
        row = RowParser(names, project.data_type).parse(data)
        if row.embedding not in (None, ""):
            row.embedding = item_vectors.size_of(project.pk).read(row.embedding)
        picture = None
        if image is not None:
            with _decoding:
                picture = images.read(image)
    except RowError as error:
        raise InvalidInputError(errors={"items": [str(error)]}) from error
    row.external_id = external_id[:200]
    return Arrival(row, picture)


def add(project: Project, arrivals: Sequence[Arrival]) -> dict[str, int]:
    """Add what is not here yet to the pool; return all ids, by the hash of the content.

    No new group is held out: somebody chose these items, so they are no random sample.
    What is nearly the same as a held-out item goes to its side all the same.
    """
    by_content = {arrival.content_hash: arrival for arrival in arrivals}
    here = _here(project, by_content)
    arrivals = [each for name, each in by_content.items() if name not in here]
    if not arrivals:
        return here
    contents = [arrival.content_hash for arrival in arrivals]
    some = _newcomers(project, arrivals, contents)
    with transaction.atomic():
        # Also for one item: features rely on ids that become visible in their order.
        await_turn(Turn.IMPORTS, project.pk)
        media = _keep_pictures(arrivals)
        places = groups.place(project, some, 0.0)
        order = columns.ColumnOrder(columns.of_project(project.pk))
        items = [
            Item(
                project=project,
                external_id=name,
                data=order.arranged(row.data),
                media_id=media[picture.sha256] if picture else None,
                content_hash=content,
                group_key=place.group_key,
                split=place.split,
                votes_wanted=(
                    project.min_votes
                    if groups.is_shared(project, place.group_key)
                    else 1
                ),
            )
            for (row, picture), content, place, name in zip(
                arrivals, contents, places, _names(project, arrivals), strict=True
            )
        ]
        # Asked about twice, it stays one item: the second time its content is taken.
        Item.objects.bulk_create(items, ignore_conflicts=True)
        order.keep(project.pk, order.names)
        item_vectors.keep(project.pk, _vectors_of(arrivals))
        send_items_changed(project.pk)
        return here | _here(project, contents)


def _vectors_of(arrivals: Sequence[Arrival]) -> dict[str, bytes]:
    """Return the vectors that came with some of them, by the hash of the content."""
    return {
        arrival.content_hash: arrival.row.embedding
        for arrival in arrivals
        if arrival.row.embedding
    }


def _here(project: Project, contents: Iterable[str]) -> dict[str, int]:
    """Return the ids of what is here already, by content.

    Looked at before anybody waits for a turn.
    """
    wanted = list(contents)
    if not wanted:
        return {}
    here = Item.objects.filter(project=project, content_hash__in=wanted)
    return dict(here.values_list("content_hash", "pk"))


def _names(project: Project, arrivals: Sequence[Arrival]) -> list[str]:
    """Return what items are to be called: as they are, or by content where that is taken."""
    given = [arrival.row.external_id for arrival in arrivals]
    same = Item.objects.filter(project=project, external_id__in=filter(None, given))
    taken = {"", *same.values_list("external_id", flat=True)}
    names = []
    for name, arrival in zip(given, arrivals, strict=True):
        names.append(arrival.content_hash[:32] if name in taken else name)
        taken.add(name)
    return names


def _newcomers(
    project: Project, arrivals: Sequence[Arrival], contents: Sequence[str]
) -> list[groups.Newcomer]:
    pictures = [
        groups.Newcomer(row.group, picture.sketch, row.split)
        for row, picture in arrivals
        if picture
    ]
    rows = [row for row, _ in arrivals]
    pairs = list(zip(rows, contents, strict=True))
    return pictures or groups.newcomers(project.data_type, pairs)


def _keep_pictures(arrivals: Sequence[Arrival]) -> dict[str, int]:
    """Store pictures; return their rows' keys. Behind it none is deleted until the commit."""
    pictures = [arrival.picture for arrival in arrivals if arrival.picture]
    if pictures:
        await_turn(Turn.PICTURES, is_shared=True)
    for picture in pictures:
        images.keep(picture)
    return images.record(pictures)
