"""A large object is written in parts, each tried again by itself (multipart upload).

Each part is sent with its own SHA-256. An upload that fails or is cancelled is given up, for
its parts take room, and a bucket's list does not show them. Where the worker is killed, or
the server does not answer any more, they stay: see “Sources” in docs/data.md.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Final, NamedTuple

from labeling.messages import message
from labeling.services.transfer.sources import replies
from labeling.services.transfer.sources.network import PlaceError
from labeling.services.transfer.sources.store import Tell

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
    """What a call has answered.

    ``size``: bytes that were announced; of the object itself, where that was asked for.
    """

    body: bytes
    etag: str
    size: int


# Makes a call about the object: method, query, and the bytes that it sends.
Send = Callable[[str, Mapping[str, str], Sent], Received]


def write(
    send: Send, file: IO[bytes], size: int, portions: Portions, tell: Tell
) -> None:
    """Write a file of a known size in parts; ``tell`` hears of each part.

    Raises PlaceError where the server does not answer or refuses, and what ``tell`` raises.
    """
    before = _head(send)
    begun = replies.fields(send("POST", {"uploads": ""}, _sent(b"")).body)
    if not (upload_id := begun.get("UploadId", "")):
        raise PlaceError(message("This server takes no object in parts."))
    upload = {"uploadId": upload_id}
    with ExitStack() as unless_done:
        # Whatever ends it: a cancel and the end of the worker's process are no errors.
        unless_done.callback(_give_up, send, upload)
        etags = _write_all(send, upload, file, portions.of(size), tell)
        try:
            _complete(send, upload, etags)
        except PlaceError:
            # It may be done, and only the answer lost: then a second try finds no upload.
            after = _head(send)
            if after is None or after.size != size or after == before:
                raise
        unless_done.pop_all()


def _head(send: Send) -> Received | None:
    """Return what the server says of the object now; None where it is not there."""
    try:
        return send("HEAD", {}, _sent(b""))
    except PlaceError:
        return None


def _write_all(
    send: Send, upload: Mapping[str, str], file: IO[bytes], most: int, tell: Tell
) -> list[str]:
    """Write the parts in their order; return their ETags."""
    etags: list[str] = []
    written = 0
    file.seek(0)
    while piece := file.read(most):
        number = str(len(etags) + 1)
        etags.append(send("PUT", {"partNumber": number, **upload}, _sent(piece)).etag)
        written += len(piece)
        tell(written)
    return etags


def _complete(send: Send, upload: Mapping[str, str], etags: Sequence[str]) -> None:
    """Have the parts become the object. Raises PlaceError where the server does not."""
    listed = "".join(
        f"<Part><PartNumber>{at}</PartNumber><ETag>&quot;{etag}&quot;</ETag></Part>"
        for at, etag in enumerate(etags, start=1)
    )
    whole = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>"
    reply = replies.fields(send("POST", upload, _sent(whole.encode())).body)
    # It answers before it is done, so that an error may stand below a 200.
    if "ETag" not in reply:
        raise replies.refused(reply)


def _sent(data: bytes) -> Sent:
    return Sent(io.BytesIO(data), len(data), hashlib.sha256(data).hexdigest())


def _give_up(send: Send, upload: Mapping[str, str]) -> None:
    try:
        send("DELETE", upload, _sent(b""))
    except PlaceError as error:
        # What has failed before is what people are told.
        logger.warning("the parts of an upload stay: %s", error)
