"""A folder of the server as a source, below the one that the operator names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from tempfile import NamedTemporaryFile
from typing import IO, Final

from django.conf import settings

from labeling.errors import InvalidInputError, NoSpaceError
from labeling.messages import message
from labeling.services.transfer.sources.network import PlaceError
from labeling.services.transfer.sources.store import PIECE, Listed, Tell, changed

# Files that are listed at once.
PAGE: Final = 1000


def check(path: str) -> Path:
    """Return the folder that a path names, below SOURCE_FOLDER.

    Raises InvalidInputError where there is none, or it is elsewhere.
    """
    if not settings.SOURCE_FOLDER:
        raise InvalidInputError(
            message(
                "Folders of the server are no sources here: the operator names one by SOURCE_FOLDER."
            )
        )
    root = Path(settings.SOURCE_FOLDER).resolve()
    try:
        # Resolved: a link in it may lead anywhere.
        folder = (root / path.strip("/")).resolve()
        is_ours = folder.is_relative_to(root) and folder.is_dir()
    except (OSError, ValueError):
        folder, is_ours = root, False
    if not is_ours:
        raise InvalidInputError(
            message("There is no folder “%(path)s” for sources.", path=path[:200])
        )
    return folder


class Folder:
    """A folder, opened."""

    def __init__(self, path: str) -> None:
        self._root = check(path)

    def close(self) -> None:
        """Hold nothing open."""

    def pages(self, after: str = "") -> Iterator[list[Listed]]:
        """Return the files behind a key, in the order of their bytes."""
        # All names first, for the order: of a million files that is 100 MB.
        keys = sorted(self._keys(), key=str.encode)
        page: list[Listed] = []
        for key in keys:
            if key.encode() <= after.encode():
                continue
            if listed := self._listed(key):
                page.append(listed)
            if len(page) == PAGE:
                yield page
                page = []
        yield page

    def _keys(self) -> Iterator[str]:
        # Links are followed by none of these: they may lead out of the folder.
        for folder, _folders, names in os.walk(self._root, followlinks=False):
            for name in names:
                path = Path(folder, name)
                key = path.relative_to(self._root).as_posix()
                # A name that is no text cannot be kept.
                if key.isprintable() and not path.is_symlink():
                    yield key

    def _listed(self, key: str) -> Listed | None:
        try:
            about = (self._root / key).stat(follow_symlinks=False)
        except OSError:
            # It went after its folder was read.
            return None
        moment = datetime.fromtimestamp(about.st_mtime, UTC)
        return Listed(key, _etag(about), about.st_size, moment)

    def pieces(self, listed: Listed) -> Iterator[bytes]:
        """Return what is in a file.

        Raises ObjectChangedError where it is not the one that was listed.
        """
        try:
            # Not through a link that has taken the place of it, or of a folder above.
            path = (self._root / listed.key).parent.resolve(strict=True)
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            name = PurePosixPath(listed.key).name
            inside = path.relative_to(self._root)
            descriptor = os.open(self._root / inside / name, flags)
        except (OSError, ValueError) as error:
            raise changed(listed.key) from error
        with os.fdopen(descriptor, "rb") as file:
            if _etag(os.fstat(file.fileno())) != listed.etag:
                raise changed(listed.key)
            while piece := file.read(PIECE):
                yield piece

    def write(
        self, key: str, file: IO[bytes], size: int, sha256: str, tell: Tell
    ) -> None:
        """Write a file, whole or not at all.

        Raises PlaceError where the key leads elsewhere, NoSpaceError where it cannot be
        written.
        """
        del size, sha256, tell
        path = self._root / PurePosixPath(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.parent.resolve().is_relative_to(self._root):
                raise PlaceError(message("“%(key)s” leads elsewhere.", key=key[-200:]))
            file.seek(0)
            # Beside it, for a rename is atomic within one file system.
            with NamedTemporaryFile(dir=path.parent, delete=False) as part:
                copyfileobj(file, part)
            Path(part.name).replace(path)
        except OSError as error:
            raise NoSpaceError(
                message(
                    "The folder cannot be written: %(reason)s.",
                    reason=error.strerror or "",
                )
            ) from error


def _etag(about: os.stat_result) -> str:
    return f"{about.st_size}-{about.st_mtime_ns}-{about.st_ino}"
