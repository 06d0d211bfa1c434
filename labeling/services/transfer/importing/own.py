"""Rows of our own export come back as what they were."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from labeling.messages import message
from labeling.models import Item, Resolution
from labeling.models.project import MAX_LABEL, MAX_LABELS
from labeling.services.transfer import guard, rows
from labeling.services.transfer.exporting.rows import FIELD
from labeling.services.transfer.limits import LIMITS, Limits
from labeling.services.transfer.rows import HeldOutFor, Row, RowError
from labeling.services.votes.gold import EarlierLabel

# No other file has all of these.
OURS: Final = frozenset(
    {"label_source", "soft_label", "split", "state", "label_set_version"}
)
# What comes back; the others follow from it, or are of the project that it was in.
KEPT: Final = (
    *("external_id", "label", "votes", "predictions", "tags", "metadata", "split"),
    *("held_out_for", "data"),
)

# Of one label: as many as the database can keep.
MOST_GROUPS: Final = 2**31 - 1
NO_SAMPLE: Final = message("%(column)s is not one of ours.", column="held_out_for")


def is_own(columns: Collection[str], mapping: Mapping[str, str]) -> bool:
    """Whether columns are those of our export, and no person says otherwise."""
    # First what is cheap: most rows are of no export.
    return (
        "label_source" in columns
        and all(name in columns for name in OURS)
        and mapping.get("data", "data") == "data"
        and any(name == "data" or name.startswith(FIELD) for name in columns)
    )


def roles(columns: Collection[str]) -> dict[str, str]:
    """Return what each column of our export is taken for."""
    return {
        name: name if name in KEPT or name.startswith(FIELD) else "ignore"
        for name in columns
    }


def row_of(
    raw: Mapping[str, Any],
    mapping: Mapping[str, str],
    data_type: str,
    limits: Limits = LIMITS,
    *,
    is_multi: bool = False,
) -> Row:
    """Return the row that a row of our export stands for.

    ``is_multi``: a label that looks like a list is one. A column that a person ignores
    stays away. Raises RowError where it cannot be kept.
    """
    # In CSV every value is a text, and what a spreadsheet would run is guarded.
    is_csv = isinstance(raw.get("id"), str)
    values = {
        column: guard.unguarded(value) if is_csv and isinstance(value, str) else value
        for column, value in rows.checked_values(raw).items()
        if mapping.get(column) != "ignore" or column not in KEPT
    }
    data = _object(values, "data")
    for column, value in values.items():
        if column.startswith(FIELD) and value not in (None, ""):
            data[column.removeprefix(FIELD)] = value
    rows.check_data(data, data_type, limits, values)
    return Row(
        data,
        external_id=rows.short("external_id", values.get("external_id")),
        labels=_labels(values.get("label"), is_multi=is_multi),
        metadata=_object(values, "metadata"),
        tags=_tags(values.get("tags")),
        votes=rows.votes(values.get("votes")),
        predictions=rows.predictions(values.get("predictions")),
        split=_one_of("split", values.get("split"), Item.Split.values),
        known=_known(values),
        held_out_for=_held_out_for(values),
    )


def _parsed(value: object) -> object:
    """Return a list or an object, which CSV and Parquet have as JSON."""
    if not isinstance(value, str) or not value.startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _object(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = _parsed(values.get(name))
    if value in (None, ""):
        return {}
    if not isinstance(value, dict):
        raise RowError(message("%(column)s must be an object.", column=name))
    return dict(rows.checked_values(value))


def _labels(value: object, *, is_multi: bool) -> list[str] | None:
    parsed = _parsed(value) if is_multi else value
    if parsed in (None, ""):
        return None
    some = parsed if isinstance(parsed, list) else [parsed]
    if any(isinstance(name, dict | list) for name in some):
        raise RowError(rows.no_texts("label"))
    return [str(name) for name in parsed] if isinstance(parsed, list) else [str(value)]


def _tags(value: object) -> list[str]:
    parsed = _parsed(value)
    return rows.tags(parsed if isinstance(parsed, list) else value)


def _one_of(name: str, value: object, allowed: Collection[str]) -> str:
    if value in (None, ""):
        return ""
    if value not in allowed:
        raise RowError(message("%(column)s is not one of ours.", column=name))
    return str(value)


def _held_out_for(values: Mapping[str, Any]) -> HeldOutFor:
    """Return the labels for which an item is held out; none for one of the pool."""
    if values.get("split") != Item.Split.EVALUATION:
        return {}
    samples = _object(values, "held_out_for")
    if len(samples) > MAX_LABELS or not all(samples):
        raise RowError(NO_SAMPLE)
    if any(len(name) > MAX_LABEL for name in samples):
        raise RowError(rows.too_long("held_out_for", MAX_LABEL))
    return {name: _sample(sample) for name, sample in samples.items()}


def _sample(value: object) -> tuple[int, int] | None:
    if value is None:
        return None
    match value:
        # True is a number to Python.
        case [int(held_out), int(of)] if (
            bool not in {type(held_out), type(of)}
            and 1 <= held_out <= of <= MOST_GROUPS
        ):
            return held_out, of
    raise RowError(NO_SAMPLE)


def _known(values: Mapping[str, Any]) -> EarlierLabel | None:
    """Return where the label comes from, and how sure it is."""
    source = _one_of(
        "label_source", values.get("label_source"), Resolution.Source.values
    )
    if not source:
        return None
    try:
        confidence = float(values.get("confidence") or 0)
        soft = {
            str(name): float(share)
            for name, share in _object(values, "soft_label").items()
        }
    except (TypeError, ValueError) as error:
        raise RowError(message("confidence must be a number.")) from error
    if not all(0 <= share <= 1 for share in (confidence, *soft.values())):
        raise RowError(message("confidence must be a number."))
    return EarlierLabel(
        source, confidence, soft, str(values.get("confidence_is") or "")
    )
