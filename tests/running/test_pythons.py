"""Each Python that it is for, where it is on this machine: from the wheel to a champion."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.running.machine import ROOT, until
from tests.running.test_installed import Installed
from tests.running.test_lock import PYTHONS
from tests.running.test_wheel import build, copy_sources

pytestmark = [pytest.mark.running, pytest.mark.soak]


def python_of(version: str) -> str:
    """Return where a Python is; skips the test where it is not."""
    told = subprocess.run(
        [
            sys.executable,
            "-m",
            "uv",
            "python",
            "find",
            "--no-python-downloads",
            version,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode == 0:
        return told.stdout.strip()
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    if known := sorted(kept.glob(f"{version}.*/bin/python")):
        return str(known[-1])
    pytest.skip(f"Python {version} is not on this machine")


@pytest.mark.parametrize("version", PYTHONS)
def test_from_the_wheel_to_a_champion(folder: Path, version: str) -> None:
    python = python_of(version)
    person = Installed(folder)
    person.make(ROOT / "requirements.lock", python)
    person.install("--no-deps", str(build(copy_sources(folder / "source"))))
    inside = person.venv / "bin" / "python"
    said = subprocess.check_output([inside, "-V"], text=True)

    with person.running():
        token = person.run("token", "engineer").split()[1]
        call = urllib.request.Request(
            f"http://127.0.0.1:{person.port}/api/projects/digits/models/",
            headers={"Authorization": f"Token {token}"},
        )

        def has_champion() -> bool:
            with urllib.request.urlopen(call) as answer:
                return b'"champion"' in answer.read()

        person.run("simulate", "digits", "--labels", "60")
        until(has_champion, seconds=900)
        assert "bit for bit" in person.run("reproduce", "digits", "1")
    with person.running():
        assert person.votes("digits") == 60

    assert f" {version}." in said
    assert "Warning" not in person.log.read_text()
