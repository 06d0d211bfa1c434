"""Why a person asks for something, in their own words."""

from __future__ import annotations

from activelearn.models.version import LONGEST_REASON
from labeling.errors import InvalidInputError
from labeling.messages import sentence as _


def checked(why: str) -> str:
    """Return a person's reason as it is kept.

    Raises InvalidInputError for one that is too long or has a NUL: it would lose its end,
    or could not be kept at all.
    """
    reason = why.strip()
    if len(reason) > LONGEST_REASON or "\x00" in reason:
        refusal = _("A text of at most %(most)s characters, without NUL.")
        raise InvalidInputError(errors={"reason": [refusal % {"most": LONGEST_REASON}]})
    return reason
