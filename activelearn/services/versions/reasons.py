"""Why a person asks for something, in their own words."""

from __future__ import annotations

from activelearn.models.version import LONGEST_REASON
from labeling.errors import check_text


def checked(why: str) -> str:
    """Return a person's reason as it is kept.

    Raises InvalidInputError for one that is too long or has a NUL: it would lose its end,
    or could not be kept at all.
    """
    reason = why.strip()
    check_text("reason", reason, LONGEST_REASON)
    return reason
