"""What the figures on held-out items leave out."""

from __future__ import annotations

from typing import Annotated

import msgspec

from activelearn.services import coverage
from labeling.api.http.fields import Answer, about


class Coverage(Answer):
    """Held-out items by what is known of them; the parts add up to `items`."""

    items: Annotated[int, about("All that are held out, without the invalid ones.")]
    labeled: Annotated[int, about("Models are judged on these.")]
    firm: Annotated[int, about("Labeled by an expert, or known beforehand.")]
    agreed: Annotated[int, about("Labeled by two votes or more.")]
    single: Annotated[int, about("Labeled by one vote.")]
    disputed: Annotated[int, about("Their votes differ: an expert is asked.")]
    skipped: Annotated[int, about("Skipped, and answered by nobody.")]
    waiting: Annotated[int, about("Nobody has had them, or too few.")]


def coverage_of(counts: coverage.Coverage) -> Coverage:
    """Return the counts as the API answers them."""
    return msgspec.convert(counts, Coverage, from_attributes=True)
