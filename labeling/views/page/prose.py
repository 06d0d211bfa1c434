"""Guidelines: Markdown to HTML, where HTML that somebody typed stays text."""

from __future__ import annotations

from typing import Final

import markdown
import nh3
from django.utils.safestring import SafeString, mark_safe

TAGS: Final = {
    *("p", "br", "hr", "blockquote", "pre", "code", "em", "strong", "a"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


def html_of(text: str) -> SafeString:
    """Return Markdown as HTML; typed HTML is shown as it was typed."""
    reader = markdown.Markdown(extensions=["tables", "sane_lists"])
    reader.preprocessors.deregister("html_block")
    reader.inlinePatterns.deregister("html")
    clean = nh3.clean(
        reader.convert(text), tags=TAGS, url_schemes={"https", "http", "mailto"}
    )
    return mark_safe(clean)  # noqa: S308 (cleaned one line above)
