"""Items to rows of features, and what of them could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from django.core.files.storage import default_storage
from numpy.typing import NDArray

from activelearn.core import brought
from activelearn.core import features as core
from activelearn.core.joined import JoinedRows
from activelearn.encoders.published import OFFERED, WrongEncoderError
from activelearn.services.features import telling
from labeling.errors import DamagedFileError
from labeling.messages import Message, message
from labeling.models import Item

Reasons = dict[int, list[Message]]
# How many characters of a long cell are quoted.
QUOTED: Final = 40
NO_PICTURE: Final = message("Its picture cannot be decoded.")
NO_FILE: Final = message("The file of its picture is not there.")
NO_VECTOR: Final = message("No vector came with it.")
NOT_FINITE: Final = message("It has values that cannot be computed with.")


def rows_of(items: Sequence[Item], spec: core.Spec) -> core.Rows:
    """Return the rows of ``items``; what cannot be read of one is zero or missing.

    Raises what ``read`` raises.
    """
    return read(items, spec)[0]


def rows_of_pictures(files: Iterable[bytes], spec: core.Spec) -> core.Rows:
    """Return the rows of pictures that are no items, given their files.

    Raises what ``read`` raises.
    """
    with _named_in_words(spec):
        rows = [_picture_row(data, spec)[0] for data in files]
        return core.image_rows(np.vstack(rows), spec)


def read(items: Sequence[Item], spec: core.Spec) -> tuple[core.Rows, Reasons]:
    """Return the rows of ``items``, and by place why some could not be read whole.

    What is wrong with an item costs its own row alone. Raises DamagedFileError where an
    encoder is gone or not as it was published, and ConflictError where an address makes
    no vectors.
    """
    with _named_in_words(spec):
        return _read(items, spec)


def rows_of_text(text: str, spec: core.Spec) -> core.Rows:
    """Return the row of a text that is no item, (1, n_features).

    Raises what ``read`` raises.
    """
    with _named_in_words(spec):
        vectors = None
        if brought.is_brought(spec):
            vectors = telling.vectors_of_texts([text], spec["encoder"])
        return core.text_rows([text], spec, vectors)


@contextmanager
def _named_in_words(spec: core.Spec) -> Iterator[None]:
    """Say in words what is wrong with the file of an encoder."""
    try:
        yield
    except WrongEncoderError as error:
        if spec["encoder"]["name"] in OFFERED:
            raise DamagedFileError(
                message(
                    "The sentence encoder is damaged or gone (%(what)s). The operator gets it by “assay encoder get minilm-l6”.",
                    what=str(error),
                )
            ) from error
        if spec["encoder"]["name"] == telling.FOLDER:
            raise DamagedFileError(
                message(
                    "The table “%(name)s” is damaged or gone (%(what)s). The operator takes it again by “assay encoder take”.",
                    name=spec["encoder"]["called"],
                    what=str(error),
                )
            ) from error
        raise DamagedFileError(
            message(
                "An encoder that comes with Assay is damaged or gone (%(what)s). Install Assay again.",
                what=str(error),
            )
        ) from error


def _read(items: Sequence[Item], spec: core.Spec) -> tuple[core.Rows, Reasons]:
    if spec["kind"] == "text":
        texts = [str(item.data.get("text", "")) for item in items]
        vectors = None
        if brought.is_brought(spec):
            vectors = telling.vectors_of(items, spec["encoder"])
        return core.text_rows(texts, spec, vectors), _without(vectors)
    if spec["kind"] == "image":
        return _picture_rows(items, spec)
    payloads: list[Any] = [item.data for item in items]
    rows, reasons = core.table_rows(payloads, spec), unread_cells(items, spec)
    # One value that is not finite makes its row's sum so: no need to look at each cell.
    sums = np.asarray(rows.sum(axis=1)).ravel()
    for place in np.flatnonzero(~np.isfinite(sums)).tolist():
        rows.data[rows.indptr[place] : rows.indptr[place + 1]] = 0
        reasons.setdefault(place, []).append(NOT_FINITE)
    return rows, reasons


def _without(vectors: brought.BroughtVectors | None) -> Reasons:
    """Return by place which items came without a vector."""
    if vectors is None:
        return {}
    places = np.flatnonzero(~np.isfinite(vectors).all(axis=1)).tolist()
    return {place: [NO_VECTOR] for place in places}


def _picture_rows(items: Sequence[Item], spec: core.Spec) -> tuple[core.Rows, Reasons]:
    if brought.is_brought(spec):
        own, reasons = _picture_rows(items, brought.own_part(spec))
        vectors = telling.vectors_of(items, spec["encoder"])
        for place, why in _without(vectors).items():
            reasons.setdefault(place, []).extend(why)
        return JoinedRows(own, brought.columns(vectors, spec["encoder"])), reasons
    pictures = [_picture(item, spec) for item in items]
    dense = np.vstack([row for row, _ in pictures])
    reasons = {place: [why] for place, (_, why) in enumerate(pictures) if why}
    for place in np.flatnonzero(~np.isfinite(dense).all(axis=1)).tolist():
        dense[place] = 0
        reasons.setdefault(place, []).append(NOT_FINITE)
    return core.image_rows(dense, spec), reasons


def unread_cells(items: Sequence[Item], spec: core.Spec) -> Reasons:
    """Return by place which cells of table rows are not what their columns are read as."""
    unread = {
        place: list(core.unread_cells(item.data, spec))
        for place, item in enumerate(items)
    }
    return {
        place: list(map(_sentence_of, cells))
        for place, cells in unread.items()
        if cells
    }


def _sentence_of(cell: core.UnreadCell) -> Message:
    words = cell.value if len(cell.value) <= QUOTED else f"{cell.value[:QUOTED]}…"
    values = {"column": cell.column, "value": words}
    if cell.why == "large":
        return message(
            "Column “%(column)s”: “%(value)s” is too large to compute with; it counts as far out.",
            **values,
        )
    if cell.why == "date":
        return message("Column “%(column)s”: “%(value)s” is no date.", **values)
    if cell.why == "boolean":
        return message(
            "Column “%(column)s”: “%(value)s” is neither yes nor no.", **values
        )
    return message(
        "Column “%(column)s”: “%(value)s” is no number that can be computed with.",
        **values,
    )


def _picture(item: Item, spec: core.Spec) -> tuple[NDArray[np.float32], Message | None]:
    # A picture that cannot be read is a row of zeros: one item must not end a run.
    data = file_of(item)
    if data is None:
        return np.zeros(core.width(spec), dtype=np.float32), NO_FILE
    return _picture_row(data, spec)


def file_of(item: Item) -> bytes | None:
    """Return the file of an item's picture; None where it is not there."""
    if item.media is None:
        return None
    try:
        with default_storage.open(item.media.path) as file:
            return bytes(file.read())
    except FileNotFoundError:
        return None


def _picture_row(
    data: bytes, spec: core.Spec
) -> tuple[NDArray[np.float32], Message | None]:
    try:
        return core.image_row(data, spec), None
    except WrongEncoderError:
        # No fault of the picture's.
        raise
    except ValueError:
        return np.zeros(core.width(spec), dtype=np.float32), NO_PICTURE
