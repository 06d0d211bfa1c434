"""Where the site stands on its host."""

from __future__ import annotations

from django import template
from django.urls import get_script_prefix

register = template.Library()


@register.simple_tag
def prefix() -> str:
    """Return what stands before every address of the site; no slash ends it.

    A tag and not a variable: a part that is included with ``only`` has no variables of
    the page.
    """
    return get_script_prefix().removesuffix("/")
