"""Models as bytes: a JSON head and plain arrays; nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict
from typing import Any

import numpy as np

from activelearn.core.calibration import AS_IT_IS, Calibration
from activelearn.core.training import LinearModel


class DamagedError(ValueError):
    """The bytes are not those that were saved."""


def dump(model: LinearModel, spec: dict[str, Any]) -> bytes:
    """Return ``model`` with its feature specification; the same model, the same bytes."""
    # No moment and no version of ours in here: the same model must have the same
    # digest.
    head: dict[str, Any] = {
        "labels": list(model.labels),
        "is_multi": model.is_multi,
        "features": spec,
    }
    if model.calibration:
        head["calibration"] = asdict(model.calibration)
        if model.calibration.whole == AS_IT_IS:
            # As files were before sets had a line of their own: the same bytes.
            del head["calibration"]["whole"]
    text = json.dumps(head, sort_keys=True, ensure_ascii=True).encode()
    body = io.BytesIO()
    for array in (model.weights, model.bias, model.columns):
        np.lib.format.write_array(body, np.ascontiguousarray(array), allow_pickle=False)
    return len(text).to_bytes(8, "big") + text + body.getvalue()


def load(data: bytes, sha256: str) -> tuple[LinearModel, dict[str, Any]]:
    """Return the model and its feature specification.

    Raises DamagedError where a bit has changed.
    """
    if digest(data) != sha256:
        raise DamagedError("The model file is damaged: its digest does not match.")
    size = int.from_bytes(data[:8], "big")
    head = json.loads(data[8 : 8 + size])
    body = io.BytesIO(data[8 + size :])
    weights = np.lib.format.read_array(body, allow_pickle=False)
    bias = np.lib.format.read_array(body, allow_pickle=False)
    # The first files had a weight for every feature and no list of columns.
    columns = (
        np.lib.format.read_array(body, allow_pickle=False)
        if body.tell() < len(body.getbuffer())
        else np.arange(weights.shape[1])
    )
    labels = tuple(head["labels"])
    known = head.get("calibration")
    calibration = (
        Calibration(
            tuple(known["scale"]),
            tuple(known["shift"]),
            tuple(known.get("whole", AS_IT_IS)),
        )
        if known
        else None
    )
    model = LinearModel(labels, weights, bias, columns, head["is_multi"], calibration)
    return model, head["features"]


def digest(data: bytes) -> str:
    """Return the SHA-256 of ``data`` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
