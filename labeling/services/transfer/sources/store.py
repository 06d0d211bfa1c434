"""What a source has to give: a list of its objects, and what is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import IO, Final, NamedTuple, Protocol

from labeling.errors import ConflictError
from labeling.messages import message

# Bytes that are read at once.
PIECE: Final = 2**18
# Below a source's prefix: what we write there, which is never read again.
EXPORTS: Final = "assay-exports/"
# Hears how many bytes are written of what is written in parts, after each of these; what
# it raises ends the writing.
Tell = Callable[[int], None]


class ObjectChangedError(ConflictError):
    """An object is not the one that was listed."""


class Listed(NamedTuple):
    """An object as it is listed; ``key`` begins below the source's prefix.

    ``etag`` is another one when the content is; what it says besides is the server's.
    """

    key: str
    etag: str
    size: int  # bytes
    modified_at: datetime | None


class Store(Protocol):
    """A bucket or a folder, opened."""

    def pages(self, after: str = "") -> Iterator[list[Listed]]:
        """Return the objects, those whose key comes behind ``after``, some at a time."""

    def pieces(self, listed: Listed) -> Iterator[bytes]:
        """Return what is in an object.

        Raises ObjectChangedError where it is not the one that was listed.
        """

    def write(
        self, key: str, file: IO[bytes], size: int, sha256: str, tell: Tell
    ) -> None:
        """Write a file as an object: it is there whole, or as it was before."""

    def close(self) -> None:
        """Give back what is held open."""


def changed(key: str) -> ObjectChangedError:
    """Return that an object is not the one that was listed."""
    return ObjectChangedError(
        message(
            "“%(key)s” was changed or removed after it was listed: list the source again.",
            key=key[-200:],
        )
    )


def content(store: Store, listed: Listed, most: int) -> bytes:
    """Return the bytes of an object; some more than ``most`` where there are more.

    Raises ObjectChangedError where it is not the one that was listed.
    """
    data = bytearray()
    for piece in store.pieces(listed):
        data += piece
        if len(data) > most:
            break
    # Portions of objects are made by what was listed: that must be no lie.
    if len(data) > listed.size:
        raise changed(listed.key)
    return bytes(data)
