"""A row of a file as predictions: what it must hold, by the kind of project. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from labeling import rules
from labeling.messages import message
from labeling.models.policy import MAX_SOURCE
from labeling.services.transfer import names
from labeling.services.transfer.outside.numbers import decoded, packed, share
from labeling.services.transfer.rows import RowError, labels_of, short, too_long

ROLES: Final = (
    *("external_id", "label", "probabilities", "score", "source"),
    *("embedding", "predictions"),
)
# What other programs call them.
NAMES: Final = {
    "id": "external_id",
    "labels": "label",
    "confidence": "score",
    "model": "source",
}
# Predictions of one item in one row, as other tools write them.
MAX_PREDICTIONS: Final = 100
# From here on a label of several is predicted.
LIKELY: Final = 0.5
# What probabilities of one label may add up to: they were rounded.
MOST_IN_ALL: Final = 1.01


class SourcePrediction(NamedTuple):
    """What a source predicts of an item.

    confidence: of all of it, in [0, 1], None where nobody says. probabilities: as JSON.
    embedding: numbers of four bytes.
    """

    source: str
    labels: tuple[str, ...]
    confidence: float | None = None
    probabilities: str | None = None
    embedding: bytes | None = None


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


@lru_cache(maxsize=4096)
def _plain(column: str) -> str:
    folded = names.fold(column)
    return NAMES.get(folded, folded)


def role_of(column: str, mapping: Mapping[str, str]) -> str:
    """Return what a column is: one of ``ROLES``, or "" where it is not used."""
    role = mapping.get(column) or _plain(column)
    return role if role in ROLES else ""


def parse(
    values: Mapping[str, Any], terms: PredictionTerms
) -> tuple[str, list[SourcePrediction]]:
    """Return the id of an item and what is predicted of it.

    Raises RowError where the row cannot be kept.
    """
    given: dict[str, Any] = {}
    for column, value in values.items():
        role = terms.roles.get(column)
        if role is None:
            role = terms.roles[column] = role_of(column, terms.mapping)
        if not role or value is None or value == "":
            continue
        if role in given:
            raise RowError(
                message("Two columns are the %(role)s: one would be lost.", role=role)
            )
        given[role] = value
    external_id = short("external_id", given.get("external_id"))
    if not external_id:
        raise RowError(message("It does not say which item: external_id is missing."))
    _check_storable(external_id)
    if "predictions" in given:
        return external_id, listed(given["predictions"], terms)
    return external_id, [predicted_of(given, terms)]


def listed(value: object, terms: PredictionTerms) -> list[SourcePrediction]:
    """Return the predictions of a list, or of one as JSON.

    Raises RowError where one cannot be kept, or two are of one source.
    """
    value = decoded("predictions", value) if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise RowError(message("predictions must be a list of objects."))
    if len(value) > MAX_PREDICTIONS:
        raise RowError(
            message("predictions has more than %(most)s entries.", most=MAX_PREDICTIONS)
        )
    every = [
        predicted_of(
            {NAMES.get(name, name): each[name] for name in each if each[name] != ""},
            terms,
        )
        for each in value
    ]
    if not every:
        raise RowError(_NOTHING)
    if len({each.source for each in every}) < len(every):
        raise RowError(message("predictions: two are of the same source."))
    return every


def predicted_of(given: Mapping[str, Any], terms: PredictionTerms) -> SourcePrediction:
    """Return what roles with their values predict. Raises RowError."""
    source = _source(given.get("source"), terms)
    shares = _shares(given.get("probabilities"), terms)
    score = _score(given.get("score"))
    labels = _labels(given.get("label"), shares, terms)
    if not terms.is_multi and len(labels) != 1:
        raise RowError(
            message("More than one label in a project with one label per item.")
        )
    if score is None and shares is not None:
        score = _sureness(labels, shares, is_multi=terms.is_multi)
    return SourcePrediction(
        source,
        tuple(labels),
        score,
        None if shares is None else _ENCODED.encode(shares).decode(),
        packed(given.get("embedding")),
    )


def _labels(
    value: object, shares: Mapping[str, float] | None, terms: PredictionTerms
) -> list[str]:
    # Nearly all rows: asked first, for a file may have millions.
    if type(value) is str and value in terms.labels:
        return [value]
    labels = labels_of(value)
    # What a row says is predicted holds: thresholds are the source's own.
    if labels is not None:
        return sorted({*_named(labels, terms)})
    if shares is None:
        raise RowError(_NOTHING)
    return _likeliest(shares, is_multi=terms.is_multi)


_NOTHING: Final = message("There is no prediction: give a label or probabilities.")
# By name, so that the same probabilities are the same text.
_ENCODED: Final = msgspec.json.Encoder(order="sorted")


def _source(value: object, terms: PredictionTerms) -> str:
    name = short("source", value).strip() or terms.source
    if not name:
        raise RowError(message("It does not say who predicts: source is missing."))
    return _checked_source(name)


# Nearly all rows have the source of the row before.
@lru_cache(maxsize=256)
def _checked_source(name: str) -> str:
    if len(name) > MAX_SOURCE:
        raise RowError(too_long("source", MAX_SOURCE))
    _check_storable(name)
    return name


def _check_storable(text: str) -> None:
    if problem := rules.storable(text):
        raise RowError(problem)


def _named(labels: Sequence[str], terms: PredictionTerms) -> list[str]:
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


def _shares(value: object, terms: PredictionTerms) -> dict[str, float] | None:
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
            own = _named([str(label)], terms)[0]
        if own in shares:
            raise RowError(
                message("probabilities: two names mean “%(label)s”.", label=own)
            )
        shares[own] = share("probabilities", part)
    if not shares:
        raise RowError(_NOTHING)
    if not terms.is_multi and math.fsum(shares.values()) > MOST_IN_ALL:
        raise RowError(message("The probabilities of one label add up to more than 1."))
    return shares


def _likeliest(shares: Mapping[str, float], *, is_multi: bool) -> list[str]:
    if is_multi:
        return sorted(name for name, part in shares.items() if part >= LIKELY)
    # By name where two are equal, so that each run says the same.
    return [min(shares, key=lambda name: (-shares[name], name))]


def _sureness(
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


def _score(value: object) -> float | None:
    return None if value is None else share("score", value)
