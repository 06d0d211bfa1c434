"""An address that makes vectors of texts, as OpenAI's ``embeddings`` does.

Texts leave the server: who manages the project names the address. It is held against the
same rules as sources are (``labeling.services.transfer.sources.network``): no address
within the operator's own network unless that is allowed, no redirect, no proxy.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import numpy as np

from activelearn.core.brought import BroughtVectors
from activelearn.services.features import replies
from labeling.errors import ConflictError, InvalidInputError
from labeling.messages import Message, message, sentence
from labeling.services.transfer.sources import network
from labeling.services.transfer.sources.network import PlaceError

# Texts of one call, and characters of each that are sent: models read fewer.
TEXTS, LONGEST = 64, 8000
# Seconds until a reply has to come, and before each new attempt.
PATIENCE: Final = 60.0
PAUSES: Final = (1.0, 2.0, 4.0, 8.0)
# Of a reply that says to wait for longer, nothing is waited for: the job comes again.
LONGEST_PAUSE: Final = 30.0
# Replies after which the same call may do: too many calls, and what the server cannot help.
PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
QUOTED: Final = 200


class AddressError(ConflictError):
    """An address that does not make the vectors that it was asked for."""


class _PassingError(Exception):
    """What may be over in a moment: why, and how long the server asks to wait."""

    def __init__(self, why: AddressError, pause: float = 0.0) -> None:
        super().__init__(str(why))
        self.why, self.pause = why, pause


@dataclass(frozen=True)
class EmbeddingsAddress:
    """Where vectors are made, by which model, and the key that opens it."""

    url: str
    model: str
    key: str = ""

    @property
    def host(self) -> str:
        """Who is asked, for people."""
        return urlsplit(self.url).netloc


def check(address: EmbeddingsAddress) -> None:
    """Raise InvalidInputError, naming the field, for what is no address or model."""
    parts = urlsplit(address.url)
    try:
        network.split(f"{parts.scheme}://{parts.netloc}")
    except PlaceError as error:
        raise InvalidInputError(errors={"url": [error.message]}) from error
    is_plain = address.url.isascii() and address.url.isprintable()
    if not is_plain or " " in address.url or parts.query or parts.fragment:
        why = sentence("It is no address such as https://api.example.com/v1.")
        raise InvalidInputError(errors={"url": [why]})
    if not address.model.strip():
        why = sentence("Name the model.")
        raise InvalidInputError(errors={"model": [why]})
    if not (address.key.isascii() and address.key.isprintable()):
        why = sentence("It has a character that no key has.")
        raise InvalidInputError(errors={"key": [why]})


def vectors_of(
    address: EmbeddingsAddress,
    texts: Sequence[str],
    pauses: Sequence[float] = PAUSES,
) -> BroughtVectors:
    """Return (n_texts, d), rows of NaN of texts without a letter.

    Raises AddressError, or PlaceError, where it does not make them; what may be over in a
    moment is tried again after each pause.
    """
    filled = [place for place, text in enumerate(texts) if text.strip()]
    parts = []
    for start in range(0, len(filled), TEXTS):
        some = [texts[place][:LONGEST] for place in filled[start : start + TEXTS]]
        parts.append(_in_the_end(address, some, pauses))
    sizes = {part.shape[1] for part in parts}
    if len(sizes) > 1:
        raise _refusal(address, message("its vectors are not of the same length"))
    size = sizes.pop() if sizes else 1
    vectors = np.full((len(texts), size), np.nan, dtype=np.float32)
    if parts:
        vectors[filled] = np.concatenate(parts)
    return vectors


def _in_the_end(
    address: EmbeddingsAddress,
    texts: Sequence[str],
    pauses: Sequence[float],
) -> BroughtVectors:
    for pause in pauses:
        try:
            return _asked(address, texts)
        except _PassingError as error:
            if error.pause > LONGEST_PAUSE:
                raise error.why from error
            time.sleep(max(pause, error.pause))
    try:
        return _asked(address, texts)
    except _PassingError as error:
        raise error.why from error


def _asked(address: EmbeddingsAddress, texts: Sequence[str]) -> BroughtVectors:
    body = {"model": address.model, "input": list(texts), "encoding_format": "float"}
    reply, data = _exchanged(address, json.dumps(body).encode())
    if reply.status != http.HTTPStatus.OK:
        raise _of_status(address, reply, data)
    try:
        return replies.vectors_of(data, len(texts))
    except replies.NoVectorsError as error:
        raise _refusal(address, error.message) from error


def _exchanged(
    address: EmbeddingsAddress, body: bytes
) -> tuple[http.client.HTTPResponse, bytes]:
    parts = urlsplit(address.url)
    headers = {"Content-Type": "application/json"}
    if address.key:
        headers["Authorization"] = f"Bearer {address.key}"
    link = network.connection(f"{parts.scheme}://{parts.netloc}")
    try:
        link.connect()
        link.sock.settimeout(PATIENCE)
        link.request("POST", f"{parts.path.rstrip('/')}/embeddings", body, headers)
        reply = link.getresponse()
        return reply, reply.read(replies.MOST_BYTES + 1)
    except PlaceError:
        # Refused, or nobody there: the words are its own.
        raise
    except (OSError, http.client.HTTPException) as error:
        raise _PassingError(_refusal(address, message("it broke off"))) from error
    finally:
        link.close()


def _of_status(
    address: EmbeddingsAddress, reply: http.client.HTTPResponse, data: bytes
) -> Exception:
    quoted = " ".join(data[: 4 * QUOTED].decode(errors="replace").split())[:QUOTED]
    why = _refusal(
        address,
        message("%(status)s: %(reply)s", status=reply.status, reply=quoted or "–"),
    )
    if reply.status not in PASSING:
        return why
    asked = reply.headers.get("Retry-After", "")
    return _PassingError(why, float(asked) if asked.isdecimal() else 0.0)


def _refusal(address: EmbeddingsAddress, why: Message) -> AddressError:
    return AddressError(
        message("“%(host)s” makes no vectors: %(why)s.", host=address.host, why=why)
    )
