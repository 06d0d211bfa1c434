"""What the model had suggested, as pages say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def suggested(shown: Mapping[str, Any]) -> str:
    """Return the labels of a kept suggestion: one, or as many as it says."""
    return ", ".join(sorted(shown.get("labels", [shown["label"]]))) or _("none of them")
