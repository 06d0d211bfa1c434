"""Probabilities of labels: what is predicted by them, and how sure that is. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from labeling.messages import message
from labeling.services.transfer.outside.numbers import decoded, share
from labeling.services.transfer.outside.terms import (
    NOTHING,
    PredictionTerms,
    own_labels,
)
from labeling.services.transfer.rows import RowError

# From here on a label of several is predicted.
LIKELY: Final = 0.5
# What probabilities of one label may add up to: they were rounded.
MOST_IN_ALL: Final = 1.01


def read(value: object, terms: PredictionTerms) -> dict[str, float] | None:
    """Return the probability of each label, by the project's names. Raises RowError."""
    if value is None:
        return None
    value = decoded("probabilities", value) if isinstance(value, str) else value
    if not isinstance(value, dict) or not value:
        raise RowError(message("probabilities must be an object: label → probability."))
    shares: dict[str, float] = {}
    # Columns of Parquet have each field, also where a row lacks it.
    given = {label: part for label, part in value.items() if part is not None}
    for label, part in given.items():
        own = label
        if label not in terms.labels:
            own = own_labels([str(label)], terms)[0]
        if own in shares:
            raise RowError(
                message("probabilities: two names mean “%(label)s”.", label=own)
            )
        shares[own] = share("probabilities", part)
    if not shares:
        raise RowError(NOTHING)
    if not terms.is_multi and math.fsum(shares.values()) > MOST_IN_ALL:
        raise RowError(message("The probabilities of one label add up to more than 1."))
    return shares


def predicted(shares: Mapping[str, float], *, is_multi: bool) -> list[str]:
    if is_multi:
        return sorted(name for name, part in shares.items() if part >= LIKELY)
    # By name where two are equal, so that each run says the same.
    return [min(shares, key=lambda name: (-shares[name], name))]


def sureness(
    labels: Sequence[str], shares: Mapping[str, float], *, is_multi: bool
) -> float | None:
    """Return how sure a source is of all that it predicts, if its probabilities say.

    Of several labels: the product, as of our own models where nobody has calibrated it.
    """
    if not is_multi:
        return shares.get(labels[0])
    if not shares.keys() >= {*labels}:
        return None
    return math.prod(
        part if name in labels else 1 - part for name, part in shares.items()
    )
