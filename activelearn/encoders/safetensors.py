"""Files of arrays in which nothing can be run: a JSON head, then plain numbers."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# Kinds of numbers that are read, the lowest byte first.
_KINDS: Final = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8", "I32": "<i4"}


def tensors_of(data: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of a safetensors file: a JSON head, then plain numbers.

    Those of other kinds of numbers are left out. Raises ValueError where it is none.
    """
    size = int.from_bytes(data[:8], "little")
    head: dict[str, Any] = json.loads(data[8 : 8 + size])
    head.pop("__metadata__", None)
    body = memoryview(data)[8 + size :]
    return {
        name: np.frombuffer(
            body[slice(*about["data_offsets"])], dtype=_KINDS[about["dtype"]]
        ).reshape(about["shape"])
        for name, about in head.items()
        if about["dtype"] in _KINDS
    }
