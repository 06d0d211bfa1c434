"""Who knows a room of the services finds its name in every other layer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.running.machine import ROOT

# What all rooms of a layer share.
SHARED = {"api": {"http", "urls"}, "api/wire": set[str](), "views": {"page", "urls"}}
# Layers that are no services: their tests have folders of their own.
OTHERS = {"api", "core", "encoders", "likeness", "quality"}


def names_in(folder: Path) -> set[str]:
    """Return the modules and the packages that stand in a folder."""
    modules = {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
    return modules | {path.parent.name for path in folder.glob("*/__init__.py")}


def rooms_of(app: str) -> set[str]:
    return names_in(ROOT / app / "services")


@pytest.mark.parametrize("app", ["labeling", "activelearn"])
def test_the_services_have_rooms_and_nothing_beside_them(app: str) -> None:
    services = ROOT / app / "services"

    assert [path.name for path in services.glob("*.py")] == ["__init__.py"]
    assert 5 <= len(rooms_of(app)) <= 10


@pytest.mark.parametrize("layer", SHARED)
@pytest.mark.parametrize("app", ["labeling", "activelearn"])
def test_each_layer_names_its_rooms_as_the_services_do(app: str, layer: str) -> None:
    strange = names_in(ROOT / app / layer) - rooms_of(app) - SHARED[layer] - {"wire"}

    assert strange == set()


@pytest.mark.parametrize("app", ["labeling", "activelearn"])
def test_tests_stand_in_the_room_that_they_test(app: str) -> None:
    folders = {path.parent.name for path in (ROOT / "tests" / app).glob("*/*.py")}

    assert folders <= rooms_of(app) | OTHERS
