"""The icon where browsers look for it by themselves: on pages that name none."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseRedirect
from django.templatetags.static import static


def icon(request: HttpRequest) -> HttpResponseRedirect:
    """Go to the icon that pages name."""
    del request
    return HttpResponseRedirect(static("favicon.svg"))
