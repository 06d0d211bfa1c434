"""What an encoder tells of items that does not travel along with Assay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from threadpoolctl import threadpool_limits

from activelearn.core import brought
from activelearn.core import features as core
from activelearn.encoders import published, sentences
from activelearn.services.features import (
    asking,
    came_with,
    files,
    folder_tables,
    programs,
)
from labeling.models import Item

# The kind of file: named by its hash, and never forgotten.
KIND: Final = "encoders"
# What names vectors that came with the items, by a source of predictions.
VECTORS: Final = "vectors"
# What names an address that makes vectors.
ADDRESS: Final = "address"
# What names a program that the operator has installed.
PROGRAM: Final = programs.PROGRAM
# What names a table that the operator has taken from a folder.
FOLDER: Final = folder_tables.FOLDER
# By name, what makes vectors of texts; all others are files that were published.
_TELLERS: Final[
    Mapping[str, Callable[[Sequence[str], core.Spec], brought.BroughtVectors]]
] = {
    ADDRESS: asking.vectors_of,
    PROGRAM: programs.vectors_of,
    FOLDER: folder_tables.vectors_of,
}


def path_of(name: str) -> Path:
    """Return where the file of an encoder is, once somebody has got it."""
    return files.path_of(KIND, published.OFFERED[name])


def is_there(name: str) -> bool:
    """Whether somebody has got an encoder; its content is looked at when it is read."""
    return path_of(name).is_file()


def can_tell(encoder: core.Spec) -> bool:
    """Whether what an encoder needs to tell of items is at hand."""
    if encoder.get("name") == PROGRAM:
        return programs.is_there(encoder)
    if encoder.get("name") == FOLDER:
        return folder_tables.is_there(encoder)
    if encoder.get("name") not in published.OFFERED:
        return True
    return files.path_of(KIND, encoder["sha256"]).is_file()


def vectors_of(items: Sequence[Item], encoder: core.Spec) -> brought.BroughtVectors:
    """Return (n_items, d) of what an encoder tells, in the order of the items.

    A row of NaN where nothing came with the item. Raises WrongEncoderError where its file
    is gone or damaged, and ConflictError where an address or a program makes none.
    """
    if encoder["name"] == VECTORS:
        return came_with.vectors_of(items, encoder)
    texts = [str(item.data.get("text", "")) for item in items]
    return vectors_of_texts(texts, encoder)


def vectors_of_texts(
    texts: Sequence[str], encoder: core.Spec
) -> brought.BroughtVectors:
    """Return (n_texts, d) of what an encoder tells of texts that are no items.

    Of vectors that came with items there is none. Raises what ``vectors_of`` raises.
    """
    if encoder["name"] == VECTORS:
        return np.full((len(texts), encoder["dimensions"]), np.nan, np.float32)
    if tell := _TELLERS.get(encoder["name"]):
        return tell(texts, encoder)
    name, sha256 = encoder["name"], encoder["sha256"]
    reader = sentences.encoder(files.path_of(KIND, sha256), sha256, name)
    # Several threads add up in another order each time.
    with threadpool_limits(limits=1):
        return reader.encoded(texts)
