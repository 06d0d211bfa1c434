"""A large object is written in parts, each tried again by itself (multipart upload).

A part is checked by its own SHA-256. An upload that fails is given up, so that its parts
take no room: a bucket's list does not show them.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Final, NamedTuple

from labeling.messages import message
from labeling.services.transfer.sources import replies
from labeling.services.transfer.sources.network import PlaceError

logger = logging.getLogger(__name__)
# What S3 takes at most.
MOST_PARTS: Final = 10_000


@dataclass(frozen=True)
class Portions:
    """Bytes: what is written at once at most, and how large a part is at least."""

    # S3 takes 5 GiB at once; a part costs less to be sent again, and is in memory.
    at_once: int = 2**30
    part: int = 2**26

    def of(self, size: int) -> int:
        """Return how large the parts of a file are."""
        return max(self.part, -(-size // MOST_PARTS))


USUAL: Final = Portions()


class Sent(NamedTuple):
    """Bytes that a call sends, and their SHA-256 in hexadecimal digits."""

    body: IO[bytes]
    size: int
    sha256: str


class Received(NamedTuple):
    """What a call has answered."""

    body: bytes
    etag: str


# Makes a call about the object: method, query, and the bytes that it sends.
Send = Callable[[str, Mapping[str, str], Sent], Received]


def write(send: Send, file: IO[bytes], size: int, portions: Portions) -> None:
    """Write a file of a known size in parts.

    Raises PlaceError where the server does not answer or refuses.
    """
    begun = replies.fields(send("POST", {"uploads": ""}, _sent(b"")).body)
    if not (number := begun.get("UploadId", "")):
        raise PlaceError(message("This server takes no object in parts."))
    name = {"uploadId": number}
    try:
        _write_all(send, name, file, portions.of(size))
    except PlaceError:
        _give_up(send, name)
        raise


def _write_all(send: Send, name: Mapping[str, str], file: IO[bytes], most: int) -> None:
    listed: list[str] = []
    file.seek(0)
    while piece := file.read(most):
        at = len(listed) + 1
        etag = send("PUT", {"partNumber": str(at), **name}, _sent(piece)).etag
        listed.append(
            f"<Part><PartNumber>{at}</PartNumber><ETag>&quot;{etag}&quot;</ETag></Part>"
        )
    whole = f"<CompleteMultipartUpload>{''.join(listed)}</CompleteMultipartUpload>"
    reply = replies.fields(send("POST", name, _sent(whole.encode())).body)
    # It answers before it is done, so that an error may stand below a 200.
    if "ETag" not in reply:
        raise replies.refused(reply)


def _sent(data: bytes) -> Sent:
    return Sent(io.BytesIO(data), len(data), hashlib.sha256(data).hexdigest())


def _give_up(send: Send, name: Mapping[str, str]) -> None:
    try:
        send("DELETE", name, _sent(b""))
    except PlaceError as error:
        # What has failed before is what people are told.
        logger.warning("the parts of an upload stay: %s", error)
