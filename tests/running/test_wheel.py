"""The package as it is installed: pages, static files, translations and SQL come along."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

from tests.running.machine import ROOT

pytestmark = pytest.mark.long

PACKAGES: Final = ("running", "config", "labeling", "activelearn", "frontend")
FILES: Final = ("pyproject.toml", "README.md", "LICENSE", "NOTICE", "manage.py")
CARRIED: Final = (
    "frontend/templates/**/*.html",
    "frontend/static/**/*.*",
    "config/locale/*/LC_MESSAGES/*.mo",
    "config/**/*.sql",
    "labeling/**/*.sql",
    "activelearn/**/*.sql",
    "activelearn/encoders/*.npz",
    *(f"{package}/**/*.py" for package in PACKAGES),
)
LOOK: Final = """
import django
django.setup()
from django.contrib.staticfiles import finders
from django.template.loader import get_template
from django.utils import translation
import config
print(config.__file__)
print(get_template("labeling/station.html").origin.name)
print(finders.find("js/annotate/page.js"))
with translation.override("de"):
    print(translation.gettext("Guideline"))
"""


def copy_sources(target: Path) -> Path:
    """Copy what a wheel is made of: building leaves files beside the sources."""
    target.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, target / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, target)
    return target


def build(source: Path) -> Path:
    """Return the wheel of a folder with sources, made beside it."""
    folder = source.with_name(f"{source.name}-wheel")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--no-index", "--wheel-dir", folder, source),
        ],
        check=True,
    )
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel of a copy in which checkers of the front end are installed."""
    source = copy_sources(tmp_path_factory.mktemp("wheel") / "source")
    checker = source / "frontend" / "node_modules" / "checker"
    checker.mkdir(parents=True)
    (checker / "page.html").write_text("<p>")
    (checker / "__init__.py").write_text("")
    return build(source)


def test_the_wheel_carries_all_that_runs_and_nothing_else(wheel: Path) -> None:
    carried = {
        str(path.relative_to(ROOT)) for rule in CARRIED for path in ROOT.glob(rule)
    }
    wanted = {name for name in carried if "node_modules" not in name} | {"manage.py"}

    names = {
        name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name
    }

    assert names == wanted


def test_the_wheel_says_what_of_it_others_have_made(wheel: Path) -> None:
    packed = zipfile.ZipFile(wheel)
    (notice,) = (name for name in packed.namelist() if name.endswith("/NOTICE"))

    assert packed.read(notice) == (ROOT / "NOTICE").read_bytes()


def test_an_installed_package_finds_its_pages_away_from_its_source(
    wheel: Path, tmp_path: Path
) -> None:
    place = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(place)
    names = {"PYTHONPATH": str(place), "DJANGO_SETTINGS_MODULE": "config.settings"}
    home = {"ASSAY_HOME": str(tmp_path / "home"), "SECRET_KEY": secrets.token_hex(25)}

    seen = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOOK],
        cwd=tmp_path,
        env={**os.environ, **names, **home},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert [str(Path(path).relative_to(place)) for path in seen[:3]] == [
        "config/__init__.py",
        "frontend/templates/labeling/station.html",
        "frontend/static/js/annotate/page.js",
    ]
    assert seen[3:] == ["Richtlinie"]
