"""The data of an item as text: kept, and digested."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def payload_text(data: Mapping[str, Any]) -> str:
    """Return a payload as text, the same for the same payload."""
    if len(data) == 1:
        ((name, value),) = data.items()
        if isinstance(value, str):
            # As the encoder writes it, which takes ten times as long to begin.
            return f"{{{_quoted(name)}: {_quoted(value)}}}"
    return _as_json(data) if data else "{}"


# This text is what content_hash digests: with other spaces or order every known row
# would be imported once more.
_as_json = json.JSONEncoder(sort_keys=True, ensure_ascii=True).encode
_quoted = json.encoder.encode_basestring_ascii


def kept_text(data: Mapping[str, Any], payload: str = "") -> str:
    """Return data as they are kept: in their order, and letters as they are.

    ``payload``: their ``payload_text``, where the caller has it.
    """
    if not data:
        return "{}"
    # One text, as most items are: both are the same, unless letters are escaped.
    if len(data) == 1 and "\\" not in payload and payload.startswith('{"text": "'):
        return payload
    return _as_kept(data)


_as_kept = json.JSONEncoder(ensure_ascii=False).encode


def content_hash(payload: str) -> str:
    """Return the digest of a payload of text or table, given as its text."""
    return _digest(payload, "")


def picture_hash(data: Mapping[str, Any], media: str) -> str:
    """Return the digest of a payload whose picture counts by content, not by name."""
    known = {key: value for key, value in data.items() if key != "image"}
    return _digest(payload_text(known), media)


def _digest(payload: str, media: str) -> str:
    return hashlib.sha256(f'[{payload}, "{media}"]'.encode()).hexdigest()
