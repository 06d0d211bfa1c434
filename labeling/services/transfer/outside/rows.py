"""A row of a file as predictions: what it must hold, by the kind of project. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from labeling import rules
from labeling.messages import message
from labeling.models.policy import MAX_SOURCE
from labeling.services.transfer import names
from labeling.services.transfer.outside import probabilities
from labeling.services.transfer.outside.numbers import decoded, packed, share
from labeling.services.transfer.outside.terms import (
    NOTHING,
    PredictionTerms,
    own_labels,
)
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
    given = given_of(values, terms)
    external_id = short("external_id", given.get("external_id"))
    if not external_id:
        raise RowError(message("It does not say which item: external_id is missing."))
    _check_storable(external_id)
    if "predictions" in given:
        return external_id, listed(given["predictions"], terms)
    return external_id, [predicted_of(given, terms)]


def given_of(values: Mapping[str, Any], terms: PredictionTerms) -> dict[str, Any]:
    """Return what a row has, by role. Raises RowError where two columns have the same."""
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
    return given


def written_labels(values: Mapping[str, Any], terms: PredictionTerms) -> set[str]:
    """Return the labels that a row names, as it writes them.

    Raises RowError where they cannot be read.
    """
    given = given_of(values, terms)
    every: Any = given.get("predictions", [given])
    every = decoded("predictions", every) if isinstance(every, str) else every
    written: set[str] = set()
    for each in every if isinstance(every, list) else []:
        if not isinstance(each, dict):
            continue
        named = {NAMES.get(name, name): each[name] for name in each}
        shares = named.get("probabilities")
        shares = decoded("probabilities", shares) if isinstance(shares, str) else shares
        written.update(labels_of(named.get("label")) or [])
        written.update(map(str, shares) if isinstance(shares, dict) else [])
    return written


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
        raise RowError(NOTHING)
    if len({each.source for each in every}) < len(every):
        raise RowError(message("predictions: two are of the same source."))
    return every


def predicted_of(given: Mapping[str, Any], terms: PredictionTerms) -> SourcePrediction:
    """Return what roles with their values predict. Raises RowError."""
    source = _source(given.get("source"), terms)
    shares = probabilities.read(given.get("probabilities"), terms)
    score = _score(given.get("score"))
    labels = _labels(given.get("label"), shares, terms)
    if not terms.is_multi and len(labels) != 1:
        raise RowError(
            message("More than one label in a project with one label per item.")
        )
    if score is None and shares is not None:
        score = probabilities.sureness(labels, shares, is_multi=terms.is_multi)
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
        return sorted({*own_labels(labels, terms)})
    if shares is None:
        raise RowError(NOTHING)
    return probabilities.predicted(shares, is_multi=terms.is_multi)


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


def _score(value: object) -> float | None:
    return None if value is None else share("score", value)
