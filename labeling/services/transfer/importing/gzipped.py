"""Files that gzip has folded: unfolded once, before anybody looks at what is in them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Final

from django.conf import settings

from labeling.messages import message
from labeling.services.transfer.importing.raw import FileError
from labeling.services.transfer.limits import LIMITS, Limits

_MARK: Final = b"\x1f\x8b"
_HAS_EXTRA, _HAS_NAME = 4, 8  # flags of its header
_PIECE: Final = 2**18


@contextmanager
def opened(
    file: IO[bytes], name: str, limits: Limits = LIMITS
) -> Iterator[tuple[IO[bytes], str]]:
    """Return a file and its name; where gzip has folded it, what is in it.

    Raises FileError where it is cut off or damaged, or unfolds beyond measure.
    """
    file.seek(0)
    head = file.read(2**10)
    if not head.startswith(_MARK):
        yield file, name
        return
    with TemporaryFile() as unfolded:
        _unfold(file, unfolded, limits)
        yield unfolded, _inner_name(name, head)


def _unfold(file: IO[bytes], into: IO[bytes], limits: Limits) -> None:
    most = min(
        settings.IMPORT_MAX_BYTES,
        max(limits.unpacked_bytes, limits.packing_ratio * file.seek(0, 2)),
    )
    file.seek(0)
    size = 0
    try:
        with gzip.GzipFile(fileobj=file) as folded:
            # In pieces: what is stated of its size may be a lie.
            while piece := folded.read(_PIECE):
                size += len(piece)
                if size > most:
                    raise FileError(
                        message(
                            "Unfolded, the file has more than %(most)s MiB.",
                            most=most // 2**20,
                        )
                    )
                into.write(piece)
    except EOFError as error:
        raise FileError(message("The gzip file is cut off: send it again.")) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise FileError(message("Not a gzip file that can be read.")) from error


def _inner_name(name: str, head: bytes) -> str:
    """Return what the file in it is called: by its ending, else as its header says."""
    if name.lower().endswith(".gz"):
        return name[:-3]
    start = 10
    if len(head) > 12 and head[3] & _HAS_EXTRA:
        start += 2 + int.from_bytes(head[10:12], "little")
    written, end, _rest = head[start:].partition(b"\0")
    is_named = head[3:4] and head[3] & _HAS_NAME and end
    return written.decode("latin-1")[-255:] if is_named and written else name
