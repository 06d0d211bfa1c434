"""The network that travels along: whole, light, and as it was published."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image
from threadpoolctl import threadpool_limits

from activelearn.encoders import network, published
from activelearn.encoders.published import WrongEncoderError
from tests.cluster import ROOT
from tools import build_picture_net

NAME: Final = "efficientnet-lite0"
SHA256: Final = published.KNOWN[NAME]
# What onnxruntime 1.32 makes of these pictures by the original's weights, its batch norms
# not folded, in float32: means of the middle and of the last layer.
GOLDEN: Final = Path(__file__).with_name("seen.json")


@cache
def pixels(name: str) -> network.Pixels:
    picture = Image.fromarray(load_sample_image(name))
    sides = (network.SIDE, network.SIDE)
    return np.asarray(picture.resize(sides, Image.Resampling.BILINEAR))


def net() -> network.PictureNetwork:
    return network.network(NAME, SHA256)


def test_the_network_is_the_one_that_is_named_and_small() -> None:
    data = (published.FOLDER / f"{NAME}.npz").read_bytes()

    assert hashlib.sha256(data).hexdigest() == SHA256
    assert len(data) < 7 * 2**20


def test_the_notice_names_the_originals_that_the_script_checks() -> None:
    notice = (ROOT / "NOTICE").read_text()

    assert f"{NAME}.npz" in notice
    for name, sha256 in build_picture_net.ORIGINALS.items():
        assert name in notice
        assert sha256 in notice


@pytest.mark.parametrize("name", ["china.jpg", "flower.jpg"])
def test_it_sees_what_the_original_sees(name: str) -> None:
    golden = np.array(json.loads(GOLDEN.read_text())[name])

    told = net().features(pixels(name))

    assert told.shape == golden.shape == (net().dimensions,)
    likeness = told @ golden / np.linalg.norm(told) / np.linalg.norm(golden)
    assert likeness > 0.9999
    assert np.abs(told - golden).max() < 0.01 * np.abs(golden).max()


def test_the_same_picture_has_the_same_numbers_to_the_last_bit() -> None:
    with threadpool_limits(limits=1):
        first, _, again = (
            net().encoded(pixels(name))
            for name in ("china.jpg", "flower.jpg", "china.jpg")
        )

    assert (first == again).all()


def test_the_columns_are_about_as_long_as_the_own_features() -> None:
    for name in ("china.jpg", "flower.jpg"):
        assert 0.5 < np.linalg.norm(net().encoded(pixels(name))) < 2


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize(("side", "at_once"), [(7, 2**18), (8, 2**18), (8, 250)])
def test_a_depthwise_convolution_is_a_sum_over_its_window(
    stride: int, kernel: int, side: int, at_once: int
) -> None:
    rng = np.random.default_rng(side * kernel * stride)
    x = rng.uniform(size=(side, side, 3)).astype(np.float32)
    weight = rng.uniform(0, 0.3, size=(kernel, kernel, 3)).astype(np.float32)
    bias = np.array([-0.5, 0, 0.5], dtype=np.float32)

    layer = network.Convolution(weight, bias)
    told = network._depthwise(x, layer, stride, at_once=at_once)

    # By TensorFlow's rule for what stays the "same": the odd zero is at the far side.
    out = -(-side // stride)
    zeros = max(0, (out - 1) * stride + kernel - side)
    whole = np.pad(x, ((zeros // 2, zeros), (zeros // 2, zeros), (0, 0)))
    for row, column in np.ndindex(out, out):
        window = whole[row * stride :, column * stride :][:kernel, :kernel]
        wanted = np.clip((window * weight).sum(axis=(0, 1)) + bias, 0, 6)
        assert np.allclose(told[row, column], wanted, atol=1e-5)
    assert told.shape == (out, out, 3)


def test_another_original_is_not_read(tmp_path: Path) -> None:
    archive = tmp_path / "other.tar.gz"
    with tarfile.open(archive, "w:gz"):
        pass

    with pytest.raises(ValueError, match="is not the one that was published"):
        build_picture_net.read(archive)


def test_a_pickle_that_names_anything_else_is_not_run() -> None:
    data = pickle.dumps(subprocess.run)

    with pytest.raises(pickle.UnpicklingError, match=r"subprocess\.run"):
        build_picture_net.ArrayReader(io.BytesIO(data)).load()


def test_what_a_normal_value_becomes_by_being_cut_is_known() -> None:
    mean, spread = build_picture_net._cut_normal(
        np.array([0.0, 3.0, -9.0]), np.array([1.0, 0.1, 1.0])
    )

    # Half of a standard normal: its mean is 1 / sqrt(2 pi), its variance 1/2 less that
    # squared.
    assert mean == pytest.approx([0.3989, 3, 0], abs=1e-3)
    assert spread == pytest.approx([0.5838, 0.1, 0], abs=2e-3)


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_network_that_is_not_as_it_was_published_is_refused(
    damage: str, tmp_path: Path
) -> None:
    data = bytearray((published.FOLDER / f"{NAME}.npz").read_bytes())
    data[4_000_000] ^= 1
    if damage == "changed":
        (tmp_path / f"{NAME}.npz").write_bytes(data)

    with pytest.raises(WrongEncoderError, match=f"{NAME}: "):
        network.network(NAME, SHA256, tmp_path)


def test_a_process_that_encodes_nothing_has_no_network() -> None:
    program = "import activelearn.core.features, sys; from activelearn.encoders import network; print(network.network.cache_info().currsize, 'scipy' in sys.modules)"

    seen = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert seen.split() == ["0", "False"]
