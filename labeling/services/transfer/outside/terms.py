"""What a project asks of predictions from outside, and what their labels are called here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from labeling.messages import message
from labeling.services.transfer import names
from labeling.services.transfer.rows import RowError

NOTHING: Final = message("There is no prediction: give a label or probabilities.")


@dataclass(frozen=True)
class PredictionTerms:
    """What a project and the person who brings a file ask of each prediction.

    source: who predicts where a row does not say. mapping: column → role. label_map:
    label of the file → label of the project.
    """

    is_multi: bool
    labels: frozenset[str]
    source: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    label_map: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def roles(self) -> dict[str, str]:
        """What the columns are that were met so far: most rows have the same ones."""
        return {}

    @cached_property
    def known(self) -> Mapping[str, str]:
        """The labels by their folded names."""
        return names.folded(self.labels)


def own_labels(labels: Sequence[str], terms: PredictionTerms) -> list[str]:
    """Return labels as the project calls them. Raises RowError for one it lacks."""
    if terms.labels.issuperset(labels):
        return [*labels]
    named: list[str] = []
    for label in labels:
        name = terms.label_map.get(label, label)
        own = (
            [name]
            if name in terms.labels
            else names.meant(name, terms.known, may_be_several=terms.is_multi)
        )
        if not terms.labels.issuperset(own):
            raise RowError(
                message("“%(label)s” is not a label of this project.", label=label[:80])
            )
        named += own
    return named
