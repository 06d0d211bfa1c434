"""A small network that tells what is seen in a picture; it travels along.

EfficientNet-lite0 without its last layer, which names things: the layer before that tells
them apart (Tan and Le 2019, ICML, "EfficientNet: rethinking model scaling for
convolutional neural networks"). It is run with numpy alone. One picture at a time: what
it needs fits the processor's cache, which is quicker than several at once, and the same
picture has the same numbers whatever else is encoded.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activelearn.encoders import published

Pixels = NDArray[np.uint8]
Layer = NDArray[np.float32]
# Pixels of a side of the picture that it sees.
SIDE: Final = 224
# Of each block how wide its kernel looks, and its stride.
BLOCKS: Final = (
    (3, 1),
    *((3, 2), (3, 1)),
    *((5, 2), (5, 1)),
    *((3, 2), (3, 1), (3, 1)),
    *((5, 1), (5, 1), (5, 1)),
    *((5, 2), (5, 1), (5, 1), (5, 1)),
    (3, 1),
)
# The last block whose pictures are not yet of whole things: its means tell textures.
MIDDLE: Final = 10
# Where a value is cut off (ReLU6).
MOST: Final = np.float32(6)
# Bytes of a layer that are computed at once: they stay in the processor's cache.
AT_ONCE: Final = 2**18


@dataclass(frozen=True)
class Convolution:
    """Weights, (n_in, n_out), or (kernel, kernel, n) of one channel each; bias (n_out,).

    The batch norm that followed is folded in.
    """

    weight: Layer
    bias: Layer


class PictureNetwork:
    """The layers of the network, and what its numbers are on the pictures it knows."""

    def __init__(self, data: bytes) -> None:
        # Without pickle: loading a file must not run what is in it.
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            arrays = {name: held[name].astype(np.float32) for name in held.files}
        self._mean, self._scale = arrays.pop("mean"), arrays.pop("scale")
        self._layers = {
            name: Convolution(arrays[name], arrays[f"{name}.bias"])
            for name in arrays
            if not name.endswith(".bias")
        }

    @property
    def dimensions(self) -> int:
        """How many numbers a picture becomes."""
        return len(self._mean)

    def encoded(self, pixels: Pixels) -> Layer:
        """Return (dimensions,) of a picture (SIDE, SIDE, 3), RGB: a length of about 1.

        Each column less its mean on the pictures that the network was taught, and by
        how much it varies there.
        """
        return (self.features(pixels) - self._mean) * self._scale

    def features(self, pixels: Pixels) -> Layer:
        """Return (dimensions,): means over the picture of the middle and the last layer."""
        means = [layer.mean(axis=(0, 1)) for layer in self._seen(pixels)]
        return np.concatenate(means)

    def _seen(self, pixels: Pixels) -> Iterator[Layer]:
        """Yield the middle layer, and the last."""
        # As it was taught: about from -1 to 1.
        whole = (pixels.astype(np.float32) - np.float32(127)) / np.float32(128)
        x = _cut(_pointwise(_patches(whole), self._layers["stem"]))
        for number, (_, stride) in enumerate(BLOCKS):
            x = self._block(x, f"block{number}", stride)
            if number == MIDDLE:
                yield x
        yield _cut(_pointwise(x, self._layers["head"]))

    def _block(self, x: Layer, name: str, stride: int) -> Layer:
        """Return what an inverted residual makes of (side, side, n)."""
        wide = x
        if expand := self._layers.get(f"{name}.expand"):
            wide = _cut(_pointwise(x, expand))
        wide = _depthwise(wide, self._layers[f"{name}.depth"], stride)
        narrow = _pointwise(wide, self._layers[f"{name}.project"])
        if narrow.shape == x.shape:
            narrow += x
        return narrow


def _pointwise(x: Layer, layer: Convolution) -> Layer:
    """Return (height, width, n_out): each place by itself."""
    flat = x.reshape(-1, x.shape[-1]) @ layer.weight
    flat += layer.bias
    return flat.reshape(*x.shape[:2], -1)


def _depthwise(
    x: Layer, layer: Convolution, stride: int, *, at_once: int = AT_ONCE
) -> Layer:
    """Return (side, side, n), cut: each channel by itself, a few rows at a time."""
    kernel = len(layer.weight)
    padded, side = _padded(x, kernel, stride)
    sums = np.empty((side, side, x.shape[2]), dtype=np.float32)
    sums[:] = layer.bias
    rows = max(1, at_once // sums[0].nbytes)
    product = np.empty_like(sums[:rows])
    for row in range(0, side, rows):
        part = sums[row : row + rows]
        for down, across in np.ndindex(kernel, kernel):
            seen = padded[row * stride + down :: stride, across::stride]
            seen = seen[: len(part), :side]
            np.multiply(seen, layer.weight[down, across], out=product[: len(part)])
            part += product[: len(part)]
        _cut(part)
    return sums


def _patches(x: Layer) -> Layer:
    """Return (side, side, 27): the three by three places of every second one."""
    padded, side = _padded(x, 3, 2)
    parts = [
        padded[down::2, across::2][:side, :side] for down, across in np.ndindex(3, 3)
    ]
    return np.concatenate(parts, axis=2)


def _padded(x: Layer, kernel: int, stride: int) -> tuple[Layer, int]:
    """Return a layer with zeros around it, and the side of what comes of it.

    As TensorFlow pads what is to stay the "same": the odd zero is at the far side.
    """
    side = -(-len(x) // stride)
    zeros = max(0, (side - 1) * stride + kernel - len(x))
    around = (zeros // 2, zeros - zeros // 2)
    return np.pad(x, (around, around, (0, 0))), side


def _cut(x: Layer) -> Layer:
    np.clip(x, 0, MOST, out=x)
    return x


@cache
def network(name: str, sha256: str, folder: Path = published.FOLDER) -> PictureNetwork:
    """Return a network, which is read once by each process.

    Raises what ``published.content`` raises.
    """
    return PictureNetwork(published.content(name, sha256, folder))
