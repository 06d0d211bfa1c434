"""CVAT: tags of whole images, in its XML 1.1 (annotations.xml), with the pictures."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, Final
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from labeling.messages import message
from labeling.services.transfer.foreign import pictures, shape
from labeling.services.transfer.foreign.shape import Outgoing, Record, Target
from labeling.services.transfer.rows import RowError

TITLE: Final = "CVAT"
LOST: Final = message("boxes, polygons and other shapes, attributes of tags, tracks")
_NO_XML: Final = message("This is no XML of CVAT that can be read.")
_PIECE: Final = 2**16


class _Images:
    """Gathers images with their tags while the XML is read, piece by piece."""

    def __init__(self) -> None:
        self.done: list[dict[str, Any]] = []
        self._tags: list[str] = []
        self._path: list[str] = []
        self._image: dict[str, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element. Raises RowError where it is none of CVAT's."""
        self._path.append(name)
        if self._path[0] != "annotations" or len(self._path) > 100:
            raise RowError(_NO_XML)
        if self._path == ["annotations", "image"]:
            self._image, self._tags = attributes, []
        elif self._path == ["annotations", "image", "tag"]:
            self._tags.append(attributes.get("label", ""))

    def end(self, _name: str) -> None:
        if self._path == ["annotations", "image"]:
            name = self._image.get("name", "")
            row = {"image": name, "external_id": name[-200:], "label": [*self._tags]}
            # That it has no tag is no answer.
            self.done.append(row if self._tags else {**row, "label": None})
        self._path.pop()

    def refuse(self, *_given: object) -> None:
        """Raise RowError, whatever was given."""
        raise RowError(_NO_XML)


def rows(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Return the rows of an annotations.xml. Raises RowError where it cannot be read."""
    images, parser = _Images(), expat.ParserCreate()
    parser.StartElementHandler = images.start
    parser.EndElementHandler = images.end
    # Without a document type there are no entities, which could grow without end.
    parser.StartDoctypeDeclHandler = images.refuse
    try:
        while piece := file.read(_PIECE):
            parser.Parse(piece, False)
            yield from images.done
            images.done.clear()
        parser.Parse(b"", True)
    # The others are of encodings that its parser does not know.
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise RowError(_NO_XML) from error
    yield from images.done


def _write(records: Iterable[Record], target: Target, file: IO[bytes]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        images: list[str] = []
        for number, (record, name) in enumerate(pictures.written(records, archive)):
            tags = "".join(
                f'<tag label={_quoted(label)} source="manual"></tag>'
                for label in record.labels
            )
            images.append(f'<image id="{number}" name={_quoted(name)}>{tags}</image>\n')
        archive.writestr("annotations.xml", _document(images, target))


def _document(images: Sequence[str], target: Target) -> str:
    labels = "".join(
        f"<label><name>{_quoted(label)[1:-1]}</name><type>tag</type></label>"
        for label in target.labels
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n'
        f"<meta><task><labels>{labels}</labels></task></meta>\n"
        f"{''.join(images)}</annotations>\n"
    )


def _quoted(text: str) -> str:
    """Return a text in quotes. Raises RowError where XML cannot hold it."""
    if any(ord(character) < 32 for character in text):
        raise RowError(
            message("“%(name)s” has characters that XML cannot hold.", name=repr(text))
        )
    return quoteattr(text)


OUT: Final = Outgoing(
    "CVAT (image tags, XML 1.1, with pictures)",
    "zip",
    "application/zip",
    shape.PICTURES,
    message(
        "all fields but the picture, votes, predictions, tags, metadata, the split,"
        " states, where labels come from; pictures as they are shown here"
    ),
    _write,
)
