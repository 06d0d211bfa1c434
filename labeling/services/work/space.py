"""Room on the disk: what is written stops before the database has to."""

from __future__ import annotations

import errno
import logging
import shutil
import sqlite3
from pathlib import Path
from typing import Final

from django.conf import settings

from labeling.errors import NoSpaceError
from labeling.messages import sentence as _

logger = logging.getLogger(__name__)
# The disk is full, a quota is used up, or a file is as large as one may be.
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# The second one for all but a full disk.
_FULL_SQLITE: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)


def free() -> int:
    """Return the bytes that are free where the installation keeps its data."""
    place = Path(settings.ASSAY_HOME)
    try:
        # What a process without privileges may still take, not what the disk has.
        return shutil.disk_usage(place if place.exists() else place.parent).free
    except OSError:
        logger.exception("nobody can say how much room %s has", place)
        return 0


def is_short() -> bool:
    """Whether too little is free to take anything."""
    return free() < settings.MIN_FREE_BYTES


def check() -> None:
    """Raise NoSpaceError where nothing may be written any more.

    Without room for its log of writes PostgreSQL stops, and nobody can read either.
    """
    if is_short():
        raise _no_space()


def refusal_of(error: BaseException | None) -> NoSpaceError | None:
    """Return what people are told of an error, where the disk took no more; else None."""
    is_full = isinstance(error, OSError) and error.errno in _FULL
    is_full |= (
        isinstance(error, sqlite3.OperationalError)
        and getattr(error, "sqlite_errorcode", 0) in _FULL_SQLITE
    )
    return _no_space() if is_full else None


def _no_space() -> NoSpaceError:
    return NoSpaceError(
        _(
            "The server's disk is nearly full: nothing is taken until there is room. "
            "Keep what you have and send it again; tell who runs this installation."
        )
    )
