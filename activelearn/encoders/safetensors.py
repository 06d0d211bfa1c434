"""Files of arrays in which nothing can be run: a JSON head, then plain numbers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray


def tensors_of(data: bytes) -> dict[str, NDArray[np.float32]]:
    """Return the arrays of a safetensors file: a JSON head, then plain numbers.

    Raises ValueError where it is none.
    """
    size = int.from_bytes(data[:8], "little")
    head: dict[str, Any] = json.loads(data[8 : 8 + size])
    head.pop("__metadata__", None)
    body = memoryview(data)[8 + size :]
    return {
        name: np.frombuffer(body[slice(*about["data_offsets"])], dtype="<f4").reshape(
            about["shape"]
        )
        for name, about in head.items()
        if about["dtype"] == "F32"
    }
