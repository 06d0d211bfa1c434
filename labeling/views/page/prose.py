"""Guidelines: Markdown to HTML, where HTML that somebody typed stays text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import comrak
import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

TAGS: Final = {
    *("p", "br", "hr", "blockquote", "pre", "code", "em", "strong", "a"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
# Quotations and lists within each other. The cleaner's time grows with its square.
DEEPEST: Final = 100
_CONTAINER: Final = re.compile(r"<(/?)(?:blockquote|ul|ol|li)\b")


@lru_cache(maxsize=32)
def html_of(text: str) -> SafeString:
    """Return Markdown as HTML; typed HTML, and what is nested too deeply, as typed.

    The parser takes a time in proportion to the text, whatever is in it. Each process
    keeps what it made, since the same few guidelines are shown all day.
    """
    extensions = comrak.ExtensionOptions()
    extensions.table = True
    rendering = comrak.RenderOptions()
    rendering.escape = True
    html = comrak.render_markdown(
        text, extension_options=extensions, render_options=rendering
    )
    if _depth(html) > DEEPEST:
        html = f"<pre>{escape(text)}</pre>"
    clean = nh3.clean(html, tags=TAGS, url_schemes={"https", "http", "mailto"})
    return mark_safe(clean)  # noqa: S308 (cleaned one line above)  # nosec B308 B703


def _depth(html: str) -> int:
    """Return how deep quotations and lists stand within each other."""
    depth = deepest = 0
    for closing in _CONTAINER.findall(html):
        depth += -1 if closing else 1
        deepest = max(deepest, depth)
    return deepest
