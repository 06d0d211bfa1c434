"""Hugging Face data sets: Parquet with features, and a folder with metadata.jsonl."""

from __future__ import annotations

import itertools
import json
import zipfile
from collections.abc import Iterable, Mapping
from typing import IO, Any, Final

from labeling.messages import message
from labeling.services.transfer.arrow import arrow
from labeling.services.transfer.foreign import pictures, shape
from labeling.services.transfer.foreign.shape import Outgoing, Record, Target

TITLE: Final = "Hugging Face"
LOST: Final = message("which split a row was in, and of several pictures all but one")
_KEY: Final = b"huggingface"
_ROWS: Final = 500
_PICTURES: Final = 50  # that are in memory at once


def features(metadata: Mapping[bytes, bytes] | None) -> dict[str, Any]:
    """Return the features that a Parquet file declares, or none."""
    try:
        declared = json.loads((metadata or {})[_KEY])["info"]["features"]
    except (LookupError, ValueError, TypeError, RecursionError):
        return {}
    return declared if isinstance(declared, dict) else {}


def class_names(declared: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the names of classes of each column that holds their numbers."""
    named_columns: dict[str, list[str]] = {}
    for column, feature in declared.items():
        inner = feature.get("feature", feature) if isinstance(feature, dict) else {}
        names = inner.get("names") if isinstance(inner, dict) else None
        if isinstance(names, list) and inner.get("_type") == "ClassLabel":
            named_columns[column] = [str(name) for name in names]
    return named_columns


def named(value: object, names: list[str]) -> object:
    """Return the names that the numbers of classes mean; -1 is an answer not known."""
    if isinstance(value, list):
        return [named(each, names) for each in value]
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    return names[value] if 0 <= value < len(names) else None


def _write_parquet(records: Iterable[Record], target: Target, file: IO[bytes]) -> None:
    pa, schema = arrow(), _schema(target)
    most = _PICTURES if target.data_type == "image" else _ROWS
    rows = (_row(record, target) for record in records)
    with pa.parquet.ParquetWriter(file, schema) as writer:
        while some := [*itertools.islice(rows, most)]:
            writer.write_table(pa.Table.from_pylist(some, schema=schema))


def _schema(target: Target) -> Any:
    pa = arrow()
    text = {"dtype": "string", "_type": "Value"}
    labels = {"names": [*target.labels], "_type": "ClassLabel"}
    several = {"feature": labels, "_type": "List"}
    main = {"_type": "Image"} if target.data_type == "image" else text
    declared = {
        target.data_type if target.data_type != "table" else "data": main,
        "label": several if target.is_multi else labels,
        "external_id": text,
        "tags": {"feature": text, "_type": "List"},
        "metadata": text,
        "predictions": text,
    }
    if target.data_type != "table":
        declared["data"] = text
    picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    types = {
        "image": picture,
        "label": pa.list_(pa.int64()) if target.is_multi else pa.int64(),
        "tags": pa.list_(pa.string()),
    }
    info = json.dumps({"info": {"features": declared}})
    fields = [(name, types.get(name, pa.string())) for name in declared]
    return pa.schema(fields, metadata={_KEY: info.encode()})


def _row(record: Record, target: Target) -> dict[str, Any]:
    numbers = [
        target.labels.index(label) for label in record.labels if label in target.labels
    ]
    predicted = record.predicted
    row: dict[str, Any] = {
        # An empty list is no answer, unless it is one.
        "label": (numbers if record.source else None)
        if target.is_multi
        else next(iter(numbers), None),
        "external_id": record.external_id,
        "tags": record.tags,
        "metadata": json.dumps(record.metadata, ensure_ascii=False),
        "predictions": json.dumps(predicted, ensure_ascii=False) if predicted else None,
        "data": json.dumps(
            {k: v for k, v in record.data.items() if k != target.data_type},
            ensure_ascii=False,
        ),
    }
    if target.data_type == "image" and record.picture:
        row["image"] = {"bytes": record.picture()[0], "path": record.data.get("image")}
    elif target.data_type == "text":
        row["text"] = record.data["text"]
    return row


def fields_back(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of our own making with its fields as columns again."""
    rest = {key: value for key, value in row.items() if key != "data"}
    try:
        data = json.loads(row["data"])
    except (ValueError, TypeError, RecursionError):
        return dict(row)
    return {**rest, **shape.ours(data)} if isinstance(data, dict) else dict(row)


def is_of_ours(declared: Mapping[str, Any]) -> bool:
    """Whether features are those that ``_schema`` declares."""
    return {"label", "external_id", "tags", "metadata", "data"} <= {*declared}


def _write_folder(records: Iterable[Record], _target: Target, file: IO[bytes]) -> None:
    lines: list[bytes] = []
    with zipfile.ZipFile(file, "w") as archive:
        for record, name in pictures.written(records, archive):
            data = {k: v for k, v in record.data.items() if k != "image"}
            row = shape.ours(
                data,
                external_id=record.external_id,
                label=record.labels,
                tags=record.tags,
                metadata=record.metadata,
                predictions=record.predicted,
            )
            lines.append(
                shape.as_line({"file_name": f"{pictures.FOLDER}/{name}", **row})
            )
        archive.writestr("metadata.jsonl", b"".join(lines))


_LOST_OUT: Final = message(
    "votes, the split, states, where labels come from; pictures as they are shown here"
)
PARQUET_OUT: Final = Outgoing(
    "Hugging Face (Parquet)",
    "parquet",
    "application/vnd.apache.parquet",
    shape.EVERYTHING,
    _LOST_OUT,
    _write_parquet,
)
FOLDER_OUT: Final = Outgoing(
    "Hugging Face (folder of pictures with metadata.jsonl)",
    "zip",
    "application/zip",
    shape.PICTURES,
    _LOST_OUT,
    _write_folder,
)
