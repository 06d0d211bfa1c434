"""The wheel in an environment of its own, away from the clone, as somebody installs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import CHROMIUM, chromium, log_in
from tests.running.machine import ROOT, free_port, until
from tests.running.test_wheel import build, copy_sources

pytestmark = [pytest.mark.running, pytest.mark.soak]

# The last release whose broker was a Redis of its own; its parts stand beside manage.py.
EARLIER: Final = "2781e2f90f"
OFFLINE: Final = ("Failed to fetch", "error sending request", "dns error")


class Installed:
    """An environment with the wheel, and a person who has a terminal in it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.venv = folder / "environment"
        # A blank and a comma: both mean something to PostgreSQL's settings.
        self.data = folder / "Application Support, mine"
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        # Whose module of that name is not ours.
        (self.elsewhere / "config.py").write_text("raise SystemExit('not ours')\n")
        self.port = free_port()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_DATA_HOME": str(self.data),
            "XDG_STATE_HOME": str(folder / "state"),
            **environment,
        }
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def make(self, lock: Path) -> None:
        """Make the environment with the versions of a lock file."""
        _uv("venv", "--python", sys.executable, str(self.venv))
        self.install("--only-binary=:all:", "-r", str(lock))

    def install(self, *words: str) -> None:
        _uv("pip", "install", "--python", str(self.venv / "bin" / "python"), *words)

    @contextmanager
    def running(self, *words: str, folder: Path | None = None) -> Iterator[None]:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [self.venv / "bin" / "assay", *words],
                cwd=folder or self.elsewhere,
                env={**self.environment, "PORT": str(self.port)},
                stdout=log,
                stderr=log,
            )
        try:
            until(self._is_ready, seconds=900)
            yield
        finally:
            self.process.terminate()
            assert self.process.wait(90) == 0, self.log.read_text()

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        return " ready: http://localhost:" in self.log.read_text()

    def run(self, *words: str) -> str:
        """Run a command in another terminal, which knows neither port nor home."""
        done = subprocess.run(
            [self.venv / "bin" / "assay", *words],
            cwd=self.elsewhere,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def votes(self, project: str) -> int:
        rows = map(json.loads, self.run("export", project).splitlines())
        return sum(len(row["votes"]) for row in rows)


def _uv(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "uv", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and any(word in done.stderr for word in OFFLINE):
        pytest.skip("no package index is reachable")
    assert done.returncode == 0, done.stderr


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium")
def test_installed_it_starts_by_its_name_alone_and_a_person_labels(
    folder: Path,
) -> None:
    person = Installed(folder)
    person.make(ROOT / "requirements.lock")
    person.install("--no-deps", str(build(copy_sources(folder / "source"))))

    with person.running(), chromium() as browser:
        log = person.log.read_text()
        password = re.search(r"log in as ada with (\S+)", log)
        assert password is not None, log
        page = browser.new_page()
        log_in(page, f"http://127.0.0.1:{person.port}", "ada", password[1])
        page.get_by_role("link", name="Handwritten digits").first.click()
        page.get_by_role("link", name="Label", exact=True).first.click()
        expect(page.locator("#item img")).to_be_visible()
        page.keyboard.press("7")
        until(lambda: person.votes("digits") == 1)
        assert person.run("simulate", "digits", "--labels", "5").startswith("5 answers")
    with person.running():
        assert person.votes("digits") == 6

    assert (person.data / "assay" / "postgres").is_dir()
    assert not list((folder / "state").rglob("running/*"))
    assert not list((person.venv / "lib").rglob(".assay"))


def test_an_installation_of_an_earlier_release_is_brought_up_to_date(
    folder: Path,
) -> None:
    archive = subprocess.run(
        ["git", "archive", EARLIER], cwd=ROOT, capture_output=True, check=False
    )
    if archive.returncode:
        pytest.skip("the clone is shallow: the earlier release is not in it")
    earlier = folder / "earlier"
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(earlier, filter="data")
    home = folder / "home"
    person = Installed(folder, ASSAY_HOME=str(home))
    person.make(earlier / "requirements.lock")
    person.install("--no-deps", str(build(earlier)))
    (folder / "alone").mkdir()
    (folder / "alone" / "manage.py").write_bytes((earlier / "manage.py").read_bytes())
    rows = "\n".join(json.dumps({"text": f"text number {n}"}) for n in range(5))
    (folder / "rows.jsonl").write_text(rows)

    with person.running("up", folder=folder / "alone"):
        person.run(
            "simulate",
            "digits",
            "--labels",
            "7",
            f"--url=http://127.0.0.1:{person.port}",
        )
        assert person.votes("digits") == 7
    person.install("-r", str(ROOT / "requirements.lock"))
    person.install("--no-deps", str(build(copy_sources(folder / "source"))))
    with person.running():
        assert person.votes("digits") == 7
        person.run("import", "languages", str(folder / "rows.jsonl"))
        assert person.run("simulate", "digits", "--labels", "3").startswith("3 answers")
        assert person.votes("digits") == 10
        with urllib.request.urlopen(f"http://127.0.0.1:{person.port}/readyz") as answer:
            assert answer.status == 200
