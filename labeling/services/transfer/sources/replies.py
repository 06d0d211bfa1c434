"""What an S3-compatible server answers: lists of objects, and why it refuses."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from labeling.messages import Message, message
from labeling.services.transfer.sources.network import PlaceError

# Bytes of an answer that is no object: a thousand keys of the longest take a tenth.
MOST_XML: Final = 2**24
_DEEPEST: Final = 20


class RefusedError(PlaceError):
    """The server has answered that it does not do what was asked."""


@dataclass
class ObjectList:
    """A part of a list: the fields of each object, and the token of the next part."""

    objects: list[dict[str, str]] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def token(self) -> str:
        """What asks for the next part; empty where this is the last one."""
        is_cut = self.fields.get("IsTruncated") == "true"
        return self.fields.get("NextContinuationToken", "") if is_cut else ""

    @property
    def is_encoded(self) -> bool:
        """Whether its keys are written as in an address."""
        return self.fields.get("EncodingType") == "url"


class _Reader:
    """Gathers the texts of the elements of an answer."""

    def __init__(self) -> None:
        self.listing = ObjectList()
        self.root = ""
        self._path: list[str] = []
        self._text: list[str] = []

    def start(self, name: str, _attributes: Mapping[str, str]) -> None:
        """Begin an element. Raises ValueError where they are too deep."""
        # The names of some servers have a prefix.
        self._path.append(name.rpartition(":")[2])
        self._text = []
        self.root = self._path[0]
        if len(self._path) > _DEEPEST:
            raise ValueError("too deep")
        if self._path[1:] == ["Contents"]:
            self.listing.objects.append({})

    def text(self, some: str) -> None:
        """Add to the text of the element."""
        self._text.append(some)

    def end(self, _name: str) -> None:
        """End an element; those of the top and of an object are kept."""
        text = "".join(self._text)
        if len(self._path) == 2:
            self.listing.fields[self._path[1]] = text
        elif len(self._path) == 3 and self._path[1] == "Contents":
            self.listing.objects[-1][self._path[2]] = text
        self._path.pop()
        self._text = []

    def refuse(self, *_given: object) -> None:
        """Raise ValueError, whatever was given."""
        raise ValueError("a document type")


def _read(data: bytes) -> _Reader:
    reader, parser = _Reader(), expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    # Without a document type there are no entities, which could grow without end.
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.Parse(data, True)
    return reader


def listing(data: bytes) -> ObjectList:
    """Return a list of objects. Raises PlaceError where this is none."""
    try:
        reader = _read(data)
    except (expat.ExpatError, ValueError):
        reader = _Reader()
    if reader.root != "ListBucketResult":
        raise PlaceError(message("This server does not speak S3: it sent no list."))
    return reader.listing


def fields(data: bytes) -> Mapping[str, str]:
    """Return the fields of an answer or an error; nothing where the server sent none."""
    try:
        return _read(data).listing.fields
    except (expat.ExpatError, ValueError):
        return {}


def broken(why: str | Message) -> PlaceError:
    """Return that a connection ended before all was said."""
    return PlaceError(message("The connection to the server broke: %(why)s.", why=why))


def whole(response: http.client.HTTPResponse) -> bytes:
    """Return an answer that is no object. Raises PlaceError where it does not end well."""
    try:
        data = response.read(MOST_XML + 1)
    except (OSError, http.client.HTTPException) as why:
        raise broken(str(why)[:200]) from why
    # Whatever else it may be: no list of a thousand objects.
    if len(data) > MOST_XML:
        raise broken(message("its answer is too long"))
    return data


def etag_of(response: http.client.HTTPResponse) -> str:
    """Return the ETag that an answer names; "" where it names none."""
    return response.getheader("etag", "").strip('"')[:200]


def check(response: http.client.HTTPResponse, host: str, region: str) -> None:
    """Raise RefusedError, with the server's own words, unless it did what was asked."""
    if response.status in (200, 204):
        return
    # A redirect is a refusal too: where it leads was not checked, and is not asked.
    values = fields(whole(response))
    named = response.getheader("x-amz-bucket-region", region)
    if named != region:
        raise RefusedError(
            message("The bucket is in the region “%(region)s”.", region=named[:40])
        )
    raise refused(values, host, f"HTTP {response.status}")


def refused(
    values: Mapping[str, str], host: str = "S3", usual: str = ""
) -> RefusedError:
    """Return an error with the server's own words, from the fields of its answer."""
    return RefusedError(
        message(
            "“%(host)s” refuses: %(code)s %(words)s",
            host=host,
            code=(values.get("Code") or usual)[:80],
            words=values.get("Message", "")[:300],
        )
    )
