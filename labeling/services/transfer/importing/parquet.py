"""Parquet to rows; what would unfold beyond measure is refused before it does.

A value that repeats is kept once in a file, so that a few bytes may stand for gigabytes.
Texts stay folded, as places in a dictionary, until as many rows are unfolded as fit.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import IO, Any, Final

from labeling.messages import Message, message
from labeling.services.transfer.arrow import arrow
from labeling.services.transfer.foreign import hugging_face
from labeling.services.transfer.importing import dialect
from labeling.services.transfer.importing.raw import FileError
from labeling.services.transfer.limits import Limits

# How data sets of Hugging Face keep a picture.
_PICTURE: Final = {"bytes", "path"}
# Values or why there are none, and the picture among them.
ParquetRow = tuple[Mapping[str, Any] | None, Message | None, Callable[[], bytes] | None]


def rows(file: IO[bytes], limits: Limits) -> Iterator[ParquetRow]:
    """Yield the values of each row, or None and why it has none.

    Raises pyarrow.ArrowException, OSError or ValueError where the file is unreadable,
    FileError where a part is packed too tightly or columns are too many, and
    NoParquetError where the server lacks it.
    """
    pq = arrow().parquet
    described = pq.ParquetFile(file)
    schema = described.schema_arrow
    # Of two columns of one name, one would be lost.
    columns_named = dialect.unique(schema.names)
    _check_packing(described.metadata, limits)
    columns = [described.schema.column(at) for at in range(len(described.schema))]
    texts = [c.path for c in columns if c.physical_type == "BYTE_ARRAY"]
    folded = pq.ParquetFile(file, read_dictionary=texts)
    declared = hugging_face.features(schema.metadata)
    names = hugging_face.class_names(declared)
    is_ours = hugging_face.is_of_ours(declared)
    for read in folded.iter_batches(batch_size=1000):
        batch = read.rename_columns(columns_named)
        for values, problem, picture in _rows_of(batch, limits):
            if values is None:
                yield values, problem, picture
                continue
            meant = {
                column: hugging_face.named(value, names[column])
                if column in names
                else value
                for column, value in values.items()
            }
            yield (
                hugging_face.fields_back(meant) if is_ours else meant,
                problem,
                picture,
            )


def features(file: IO[bytes]) -> bool:
    """Whether a Parquet file declares features, as data sets of Hugging Face do.

    Raises NoParquetError where the server lacks it.
    """
    pa = arrow()
    try:
        metadata = pa.parquet.ParquetFile(file).schema_arrow.metadata
    except (pa.ArrowException, OSError, ValueError):
        # The reader says what is wrong with it.
        return False
    return bool(hugging_face.features(metadata))


def _check_packing(metadata: Any, limits: Limits) -> None:
    """Raise FileError where a part is packed more tightly than data are."""
    for group in range(metadata.num_row_groups):
        for at in range(metadata.num_columns):
            part = metadata.row_group(group).column(at)
            most = limits.packing_ratio * part.total_compressed_size
            if part.total_uncompressed_size > max(limits.unpacked_bytes, most):
                raise FileError(
                    message(
                        "The column “%(column)s” is packed too tightly: unpacked it would not fit.",
                        column=part.path_in_schema,
                    )
                )


def _rows_of(batch: Any, limits: Limits) -> Iterator[ParquetRow]:
    """Return the values of rows, one by one where that is how they can be read."""
    if batch.num_rows > 1 and _unfolded(batch.columns) > limits.row_characters:
        half = batch.num_rows // 2
        yield from _rows_of(batch.slice(0, half), limits)
        yield from _rows_of(batch.slice(half), limits)
        return
    if batch.num_rows == 1 and _unfolded(batch.columns) > limits.row_characters:
        yield None, message("The line is too long."), None
        return
    try:
        some = batch.to_pylist(maps_as_pydicts="strict")
    except (ValueError, OverflowError, KeyError) as error:
        if batch.num_rows == 1:
            yield None, _why(error), None
            return
        for at in range(batch.num_rows):
            yield from _rows_of(batch.slice(at, 1), limits)
        return
    for values in some:
        try:
            rest, picture = _with_picture(values)
            yield {key: _plain(value) for key, value in rest.items()}, None, picture
        except UnicodeDecodeError:
            why = message("A column holds bytes that are no text in UTF-8.")
            yield None, why, None


def _why(error: Exception) -> Message:
    if isinstance(error, KeyError):
        return message("A map has a key twice: one of its values would be lost.")
    return message("A value cannot be read: %(why)s.", why=str(error))


def _with_picture(
    values: Mapping[str, Any],
) -> tuple[Mapping[str, Any], Callable[[], bytes] | None]:
    """Return a row whose first picture is under our name, and its bytes."""
    columns = [
        column
        for column, value in values.items()
        if isinstance(value, dict) and value.keys() == _PICTURE
    ]
    with_bytes = [column for column in columns if values[column]["bytes"]]
    if not columns:
        return values, None
    paths = {column: str(values[column]["path"] or "") for column in columns}
    rest = {**values, **paths}
    if not with_bytes:
        return rest, None
    chosen = "image" if "image" in with_bytes else with_bytes[0]
    data = values[chosen]["bytes"]
    path = rest.pop(chosen) or f"{hashlib.sha256(data).hexdigest()[:16]}"
    return {"image": path, **rest}, partial(bytes, data)


def _unfolded(columns: list[Any]) -> int:
    """Return the bytes of columns with each text in its place."""
    return sum(map(_bytes_of, columns))


def _bytes_of(column: Any) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        lengths = pc.binary_length(column.dictionary).take(column.indices)
        return int(pc.sum(lengths.cast(pa.int64())).as_py() or 0)
    if pa.types.is_map(kind):
        return _unfolded([column.keys, column.items])
    if pa.types.is_nested(kind):
        is_struct = pa.types.is_struct(kind)
        return _unfolded(column.flatten() if is_struct else [column.flatten()])
    return int(column.nbytes)


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    return _scalar(value)


def _scalar(value: object) -> float | str | None:
    """Return a value as JSON has it. Raises UnicodeDecodeError for bytes of no text."""
    if isinstance(value, float):
        # NaN is how many programs write a missing value.
        return value if math.isfinite(value) else None
    # Hive and Spark write texts as bytes. Dates and decimals become text.
    return value.decode() if isinstance(value, bytes) else str(value)
