"""A bucket of an S3-compatible server: list it, read and write its objects.

Four calls of a stable protocol over the connections of ``network``: a client library
would bring 5 to 25 MB, and connect to whatever a name stands for at that moment.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import IO, Final
from urllib.parse import unquote_plus

from django.utils import timezone

from labeling.messages import message
from labeling.services.transfer.sources import network, parts, replies, signing
from labeling.services.transfer.sources.network import PlaceError
from labeling.services.transfer.sources.parts import USUAL, Portions, Received, Sent
from labeling.services.transfer.sources.place import Place
from labeling.services.transfer.sources.signing import AccessKey, S3Call
from labeling.services.transfer.sources.store import PIECE, Listed, Tell, changed

# Times that a call is tried, and seconds before the second and the third time.
TRIES: Final = 3
PAUSE: Final = 0.3
# Seconds that the content of an object may take.
LONGEST: Final = 600.0
_CUT: Final = message("it ended before the object did")
_AGAIN: Final = (429, 500, 502, 503, 504)


class Bucket:
    """A bucket, opened by a key, or by none where everybody may read it."""

    def __init__(
        self, place: Place, key: AccessKey | None, portions: Portions = USUAL
    ) -> None:
        self.place = place
        self._key = key
        self._portions = portions
        self._connection = network.connection(place.server)
        self._host = place.host

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def pages(self, after: str = "") -> Iterator[list[Listed]]:
        """Return the objects behind a key, a thousand at a time.

        Raises PlaceError where the server does not answer or refuses.
        """
        # Encoded keys: XML has no form for control characters, which keys may have.
        query = {"list-type": "2", "prefix": self.place.prefix, "encoding-type": "url"}
        if after:
            query["start-after"] = self.place.prefix + after
        while query:
            listing = replies.listing(self._xml("", query))
            yield [self._listed(values, listing) for values in listing.objects]
            token = listing.token
            if token and token == query.get("continuation-token"):
                raise PlaceError(message("The server lists the same objects for ever."))
            # The token says it all; with both, some servers begin anew behind the key.
            query.pop("start-after", None)
            query = {**query, "continuation-token": token} if token else {}

    def _listed(self, values: Mapping[str, str], listing: replies.ObjectList) -> Listed:
        key = values.get("Key", "")
        if listing.is_encoded:
            key = unquote_plus(key)
        size = values.get("Size", "0")
        modified: datetime | None = None
        with suppress(ValueError):
            modified = datetime.fromisoformat(values.get("LastModified", ""))
        return Listed(
            key.removeprefix(self.place.prefix),
            values.get("ETag", "").strip('"')[:200],
            int(size) if size.isdecimal() else 0,
            modified if modified and modified.tzinfo else None,
        )

    def pieces(self, listed: Listed) -> Iterator[bytes]:
        """Return what is in an object.

        Raises ObjectChangedError where it is not the one that was listed, PlaceError
        where the server does not answer or refuses.
        """
        headers = {"if-match": f'"{listed.etag}"'} if listed.etag else {}
        response = self._call(self._of(listed.key, headers=headers))
        if response.status in (404, 412):
            self._connection.close()
            raise changed(listed.key)
        self._check(response)
        # Some servers do not know the condition, and send whatever is there now.
        if listed.etag not in ("", replies.etag_of(response) or listed.etag):
            self._connection.close()
            raise changed(listed.key)
        until = time.monotonic() + LONGEST
        try:
            while piece := response.read1(PIECE):
                yield piece
                if time.monotonic() > until:
                    raise replies.broken(message("it took too long"))
            # Unlike read(), read1() takes the end of the connection for the end of it.
            if response.length:
                raise replies.broken(_CUT)
        except (OSError, http.client.HTTPException) as error:
            raise replies.broken(str(error)[:200]) from error
        finally:
            # Whoever stops before the end leaves bytes that are no answer to the next call.
            if not response.isclosed():
                self._connection.close()

    def etag(self, key: str) -> str:
        """Return the ETag that an object has now, or "" where there is none.

        Raises PlaceError where the server does not answer or refuses.
        """
        response = self._call(self._of(key, "HEAD"))
        replies.whole(response)
        if response.status == 404:
            return ""
        self._check(response)
        return replies.etag_of(response)

    def address(self, key: str, seconds: int) -> str:
        """Return an address at which anybody may read an object for some seconds."""
        call = self._of(key)
        if self._key:
            now = timezone.now()
            region = self.place.region
            call = signing.presigned(call, self._key, region, now, seconds)
        scheme = network.split(self.place.server).scheme
        return f"{scheme}://{call.host}{call.target}"

    def write(
        self, key: str, file: IO[bytes], size: int, sha256: str, tell: Tell
    ) -> None:
        """Write a file as an object, a large one in parts; with what proves its content.

        Raises what ``tell`` raises, and PlaceError where the server does not answer or
        refuses; then the object is as it was before, unless only the answer was lost.
        """
        if size > self._portions.at_once:
            parts.write(partial(self._send, key), file, size, self._portions, tell)
        else:
            self._send(key, "PUT", {}, Sent(file, size, sha256))

    def _send(
        self, key: str, method: str, query: Mapping[str, str], sent: Sent
    ) -> Received:
        """Make a call about an object that may send bytes; return what it answers."""
        headers = {"content-length": str(sent.size)}
        call = self._of(key, method, query=query, headers=headers)
        response = self._call(call, sent.body, sent.sha256)
        self._check(response)
        size = response.getheader("content-length", "")
        return Received(
            replies.whole(response),
            replies.etag_of(response),
            int(size) if size.isdecimal() else 0,
        )

    def _xml(self, key: str, query: Mapping[str, str]) -> bytes:
        response = self._call(self._of(key, query=query))
        self._check(response)
        return replies.whole(response)

    def _of(
        self,
        key: str,
        method: str = "GET",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> S3Call:
        # Usually in the path: a server of one's own seldom has a name for each bucket.
        bucket = "" if self.place.is_host else f"/{self.place.bucket}"
        path = f"{bucket}/{self.place.prefix}{key}" if key else bucket or "/"
        return S3Call(method, self._host, path, query or {}, headers or {})

    def _call(
        self,
        call: S3Call,
        body: IO[bytes] | None = None,
        payload: str = signing.NOTHING,
    ) -> http.client.HTTPResponse:
        """Make a call, again where that may help. Raises PlaceError for no answer."""
        for tried in range(1, TRIES + 1):
            try:
                response = self._once(call, body, payload)
            except PlaceError:
                # It was begun, and no other can be before it is ended.
                self._connection.close()
                raise
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                if tried == TRIES:
                    raise replies.broken(str(error) or type(error).__name__) from error
            else:
                if response.status not in _AGAIN or tried == TRIES:
                    return response
                # Its body is not read, so that no other answer can follow.
                self._connection.close()
            time.sleep(PAUSE * tried**2)
        raise RuntimeError("the last try has returned or raised")

    def _once(
        self, call: S3Call, body: IO[bytes] | None, payload: str
    ) -> http.client.HTTPResponse:
        # Signed anew for each try: a signature is good for minutes.
        headers: Mapping[str, str] = {**call.headers, "host": call.host}
        if self._key:
            now, region = timezone.now(), self.place.region
            headers = signing.signed(call, self._key, region, now, payload)
        # A try before may have read some of it.
        if body:
            body.seek(0)
        self._connection.request(
            call.method, call.target, body=body, headers=dict(headers)
        )
        return self._connection.getresponse()

    def _check(self, response: http.client.HTTPResponse) -> None:
        try:
            replies.check(response, self._host, self.place.region)
        except PlaceError:
            # What is left of the answer is none to the next call.
            self._connection.close()
            raise
