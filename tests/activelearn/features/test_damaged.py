"""Files of features that are damaged or gone are made anew (attacks-2, 12; F12)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from activelearn.core.joined import csr_of
from activelearn.models import FeatureShard
from activelearn.services.features import files, forgetting, store
from labeling.models import Item, Project
from tests import make

pytestmark = pytest.mark.django_db


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


DAMAGES: Final[list[Callable[[Path], None]]] = [flipped, cut, emptied, Path.unlink]
damages = pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)


def filled() -> tuple[Project, Path]:
    project = make.project()
    make.items(project, 7)
    store.load(project)
    (shard,) = FeatureShard.objects.filter(project=project)
    return project, files.path_of("features", shard.sha256)


@damages
def test_attack_12_features_are_made_again_from_the_items(
    damage: Callable[[Path], None],
) -> None:
    project, path = filled()
    before = store.load(project)
    damage(path)

    again = store.load(project)

    assert np.array_equal(again.ids, before.ids)
    assert (csr_of(again.rows[:]) != csr_of(before.rows[:])).nnz == 0
    # On the disk as well: the next reader finds it whole.
    shard = FeatureShard.objects.get(project=project)
    assert files.read("features", shard.sha256)
    assert store.load(project).rows.shape == before.rows.shape


@damages
def test_what_is_deleted_is_forgotten_in_a_damaged_file_too(
    damage: Callable[[Path], None],
) -> None:
    project, path = filled()
    Item.objects.filter(project=project).order_by("pk")[0].delete()
    damage(path)

    forgetting.forget_all()

    assert len(store.load(project).ids) == 6


def test_a_file_that_is_there_but_damaged_is_written_anew() -> None:
    sha256 = files.save("models", b"whole")
    path = files.path_of("models", sha256)
    path.write_bytes(b"damaged")

    assert files.save("models", b"whole") == sha256
    assert path.read_bytes() == b"whole"
