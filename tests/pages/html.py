"""HTML as a reader sees it: how its source is broken into lines does not matter."""

from __future__ import annotations


def flat(html: bytes) -> str:
    """Return a page's source with one space wherever it has white space."""
    return " ".join(html.decode().split()).replace(" >", ">")
