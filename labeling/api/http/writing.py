"""Replies as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.utils.functional import Promise
from rest_framework.renderers import BaseRenderer


def _plain(value: object) -> object:
    """Return a text that is shown as one: translated late, or of a class of its own."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not for a reply.")


_encoder = msgspec.json.Encoder(enc_hook=_plain)
written = _encoder.encode


class ReplyRenderer(BaseRenderer):
    """Write the body of a reply, which has a declared type, or a problem document."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the bytes; none where a reply has no body."""
        return b"" if data is None else written(data)
