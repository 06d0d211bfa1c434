"""A sentence encoder like the one that is offered, small and of random weights."""

from __future__ import annotations

import json

import numpy as np
from numpy.typing import NDArray

from activelearn.core import features as core
from activelearn.models import AddedEncoder
from activelearn.services.features import files, telling
from labeling.models import Project

NAME = "minilm-l6"
PIECES, WIDTH, LAYERS = 30522, 64, 2


def tensors() -> dict[str, NDArray[np.float32]]:
    """Return the arrays of a transformer, named as the original's are."""
    rng = np.random.default_rng(0)

    def some(*shape: int) -> NDArray[np.float32]:
        return rng.normal(size=shape).astype(np.float32) / np.float32(8)

    shapes = {
        "embeddings.word_embeddings.weight": (PIECES, WIDTH),
        "embeddings.position_embeddings.weight": (512, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
    }
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        for part in ("query", "key", "value"):
            shapes[f"{at}attention.self.{part}.weight"] = (WIDTH, WIDTH)
        shapes[f"{at}attention.output.dense.weight"] = (WIDTH, WIDTH)
        shapes[f"{at}intermediate.dense.weight"] = (4 * WIDTH, WIDTH)
        shapes[f"{at}output.dense.weight"] = (WIDTH, 4 * WIDTH)
    made = {name: some(*shape) for name, shape in shapes.items()}
    for name in list(made):
        if name.startswith("encoder."):
            made[name.replace(".weight", ".bias")] = some(made[name].shape[0])
    norms = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        norms += [f"{at}attention.output.LayerNorm", f"{at}output.LayerNorm"]
    for name in norms:
        made[f"{name}.weight"] = np.ones(WIDTH, np.float32)
        made[f"{name}.bias"] = some(WIDTH)
    return made


def packed(made: dict[str, NDArray[np.float32]]) -> bytes:
    """Return arrays as a safetensors file."""
    head, parts, at = {}, [], 0
    for name, array in made.items():
        data = array.astype("<f4").tobytes()
        about = {"dtype": "F32", "shape": list(array.shape)}
        head[name] = {**about, "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(parts)


def get() -> core.Spec:
    """Keep the small one where encoders are, and return what names it."""
    return {"name": NAME, "sha256": files.save(telling.KIND, packed(tensors()))}


def add(project: Project) -> None:
    """Add the small one to a project, as the one that is offered would be."""
    AddedEncoder.objects.create(project=project, name="whole", given=get())
