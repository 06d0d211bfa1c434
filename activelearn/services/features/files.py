"""Immutable files named by the hash of their content."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from typing import Final

from django.conf import settings

from labeling.errors import DamagedFileError
from labeling.messages import Message

# Seconds. A file that no row names yet, or any more, may be in use until then.
KEPT: Final = 24 * 3600.0


def _digest(data: bytes) -> str:
    """Return the name of a file of this content."""
    return hashlib.sha256(data).hexdigest()


def path_of(kind: str, sha256: str) -> Path:
    """Return where a file of this content is."""
    return Path(settings.LEARN_ROOT) / kind / sha256[:2] / sha256


def save(kind: str, data: bytes) -> str:
    """Write ``data`` durably and return its hash; writing it twice changes nothing."""
    sha256 = _digest(data)
    path = path_of(kind, sha256)
    if _is_whole(path, sha256):
        # As good as new: the file may be old, and its row is not written yet (see
        # KEPT).
        path.touch()
        return sha256
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder: a rename across file systems would not be atomic.
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        # On the disk before it has its name: what a row names is whole, also after a
        # crash.
        os.fsync(file.fileno())
    Path(name).replace(path)
    return sha256


def _is_whole(path: Path, sha256: str) -> bool:
    """Whether a file is there and has the content that it is named by."""
    try:
        return _digest(path.read_bytes()) == sha256
    except OSError:
        return False


def read(kind: str, sha256: str) -> bytes:
    """Return the content of a file.

    Raises FileNotFoundError where it is gone.
    """
    return path_of(kind, sha256).read_bytes()


def read_whole(kind: str, sha256: str, why: Message) -> bytes:
    """Return the content of a file, which its name proves.

    Raises DamagedFileError, with ``why``, where it is gone or a bit has changed.
    """
    try:
        data = read(kind, sha256)
    except OSError as error:
        raise DamagedFileError(why) from error
    if _digest(data) != sha256:
        raise DamagedFileError(why)
    return data


def release(kind: str, sha256: str) -> None:
    """Let a file that its row is about to give up count as new: somebody may read it.

    Before the commit: behind it, ``forget`` may come first.
    """
    with suppress(FileNotFoundError):
        os.utime(path_of(kind, sha256))


def forget(kind: str, named: Container[str]) -> int:
    """Delete the old files of a kind whose hash is not ``named``; return how many."""
    folder = Path(settings.LEARN_ROOT) / kind
    return sum(_forget(path) for path in folder.glob("??/*") if path.name not in named)


def _forget(path: Path) -> bool:
    with suppress(FileNotFoundError):
        # ``save`` and ``release`` touch a file: this is when somebody has had it last.
        if path.stat().st_mtime < time.time() - KEPT:
            path.unlink()
            return True
    return False
