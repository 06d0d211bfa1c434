"""What the figures on held-out items leave out, and more items of a label."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from activelearn.services.labels import coverage
from activelearn.services.labels import rare as rare_labels
from activelearn.services.ordering import searching
from labeling.api.http.fields import Body, ReplyData, about
from labeling.api.http.fields import text as limited


class LabelSearchBody(Body):
    """What is looked for."""

    or_nothing: ClassVar = frozenset({"text"})

    label: Annotated[str, limited(120, "A label of the project.")]
    text: (
        Annotated[
            str,
            limited(
                searching.LONGEST,
                "What describes it, in a project of texts; beside its examples.",
            ),
        ]
        | None
    ) = None


class RareLabel(ReplyData):
    """A label that items have, but at most one held-out item."""

    label: Annotated[str, about("Its name.")]
    pool: Annotated[int, about("Items of the pool that have it.")]
    held_out: Annotated[int, about("Held-out items that have it.")]


class Coverage(ReplyData):
    """Held-out items by what is known of them; the parts add up to `items`."""

    items: Annotated[int, about("All that are held out, without the invalid ones.")]
    labeled: Annotated[int, about("Models are judged on these.")]
    firm: Annotated[int, about("Labeled by an expert, or known beforehand.")]
    agreed: Annotated[int, about("Labeled by two votes or more.")]
    single: Annotated[int, about("Labeled by one vote.")]
    undecided: Annotated[
        int, about("Truly ambiguous, as an expert says: nothing is judged on them.")
    ]
    beyond: Annotated[
        int,
        about(
            "Held out for a label that the draw has missed: they count in its figures alone."
        ),
    ]
    disputed: Annotated[int, about("Their votes differ: an expert is asked.")]
    skipped: Annotated[int, about("Skipped, and answered by nobody.")]
    waiting: Annotated[int, about("Nobody has had them, or too few.")]
    rare: Annotated[
        list[RareLabel],
        about("Labels on which models are hardly judged; label more held-out items."),
    ]


COUNTS = tuple(name for name in Coverage.__struct_fields__ if name != "rare")


def coverage_of(counts: coverage.Coverage, rare: rare_labels.RareLabels) -> Coverage:
    """Return the counts as the API returns them."""
    return Coverage(
        **{name: getattr(counts, name) for name in COUNTS},
        rare=msgspec.convert(rare.labels, list[RareLabel], from_attributes=True),
    )
