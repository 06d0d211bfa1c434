"""Room on the disk: what is written stops before the database has to."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from django.conf import settings

from labeling.errors import NoSpaceError
from labeling.messages import sentence as _

logger = logging.getLogger(__name__)


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
        raise NoSpaceError(
            _(
                "The server's disk is nearly full: nothing is taken until there is room. "
                "Keep what you have and send it again; tell who runs this installation."
            )
        )
