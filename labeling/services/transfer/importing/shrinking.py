"""Large pictures made smaller by a process of its own, which has a limit of memory.

A photo of 100 megapixels takes 400 MB while it is decoded: a worker that decoded it
itself would stay so large, and a picture made to take more would end it.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from labeling.messages import message
from labeling.services.transfer.importing import decoding
from labeling.services.transfer.importing.decoding import Encoded
from labeling.services.transfer.limits import Limits
from labeling.services.transfer.rows import RowError

TOO_MUCH: Final = message(
    "The image takes more memory to read than is allowed: save it with fewer pixels."
)


def shrunk(data: bytes, limits: Limits) -> Encoded | None:
    """Return a picture with as many pixels as are kept; None where it cannot be read.

    Raises RowError where it takes too much memory or time.
    """
    asked = (limits.shrinking_bytes, limits.shrinking_seconds, limits.picture_pixels)
    # -I: neither the environment nor the folder of the file changes what is imported.
    command = [sys.executable, "-I", decoding.__file__, *map(str, asked)]
    ended = subprocess.run(  # noqa: S603 (our own file) # nosec B603
        command,
        input=data,
        capture_output=True,
        check=False,
        # Threads of the library for matrices would take their share of the memory.
        env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    if ended.returncode == decoding.NO_IMAGE:
        return None
    # By a signal: the kernel ended it for its time, or a decoder for its memory.
    if ended.returncode:
        raise RowError(TOO_MUCH)
    head, _, content = ended.stdout.partition(b"\n")
    mime, ending, is_scaled = head.decode().split(" ")
    return Encoded(content, mime, ending, is_scaled == "1")
