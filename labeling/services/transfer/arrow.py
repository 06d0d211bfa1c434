"""The package that reads and writes Parquet: an extra, for it weighs as much as all pages.

It is imported where it is used, for most processes never see a Parquet file.
"""

from __future__ import annotations

import importlib.util
import logging
from typing import Any, Final

from labeling.errors import InvalidInputError
from labeling.messages import message

logger = logging.getLogger(__name__)

MISSING: Final = message(
    "This server was installed without Parquet. Use CSV or JSONL, or ask who runs it for the extra: %(command)s.",
    command="parquet (docs/operations.md)",
)


class NoParquetError(InvalidInputError):
    """The server has nothing that reads or writes Parquet."""

    def __init__(self) -> None:
        super().__init__(MISSING)


def is_installed() -> bool:
    """Whether the package is here; it is not loaded."""
    return importlib.util.find_spec("pyarrow") is not None


def arrow() -> Any:
    """Return pyarrow, with its Parquet. Raises NoParquetError where it is not here."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        if not isinstance(error, ModuleNotFoundError):
            logger.exception("Parquet is here and cannot be loaded")
        raise NoParquetError from error
    return pyarrow
