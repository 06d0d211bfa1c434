"""What a reply is rendered as."""

from __future__ import annotations

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class OnlyRenderer(DefaultContentNegotiation):
    """Take a view's only renderer, whatever the client says it accepts.

    A file is sent to whoever asks for anything, and ``format`` in a query is the view's.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer and its media type."""
        first, *others = renderers
        if others:
            return super().select_renderer(request, [first, *others], format_suffix)
        return first, str(first.media_type)
