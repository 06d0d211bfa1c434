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

# With the last release before it was gone, the broker was a Redis of its own, and the parts
# stood beside manage.py. Named by what was in it: a history may be written anew.
GONE: Final = "running/embedded/redis.py"
MOST_BYTES: Final = 450_000_000
WAYS: Final[dict[str, tuple[str, ...]]] = {
    "uvx": ("tool", "run", "--from"),
    "pipx": ("tool", "run", "pipx", "run", "--spec"),
}
# How this machine comes to the index.
OF_INDEX: Final = re.compile(
    r"PIP_|UV_|SSL_|REQUESTS_|CURL_|https?_proxy", re.IGNORECASE
)
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
        self.command: tuple[str | Path, ...] = (self.venv / "bin" / "assay",)
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def make(self, lock: Path, python: str = sys.executable) -> None:
        """Make the environment with the versions of a lock file."""
        _uv("venv", "--python", python, str(self.venv))
        self.install("--only-binary=:all:", "-r", str(lock))

    def install(self, *words: str) -> None:
        _uv("pip", "install", "--python", str(self.venv / "bin" / "python"), *words)

    @contextmanager
    def running(self, *words: str, folder: Path | None = None) -> Iterator[None]:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*self.command, *words],
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
            [*self.command, *words],
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


def _uv(*words: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "uv", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and any(word in done.stderr for word in OFFLINE):
        pytest.skip("no package index is reachable")
    assert done.returncode == 0, done.stderr
    return done.stdout


def _weight(folder: Path) -> int:
    """Return the bytes of what is installed, without what Python compiles of it."""
    files = (path for path in folder.rglob("*") if path.suffix != ".pyc")
    return sum(path.lstat().st_size for path in files if path.is_file())


def _earlier() -> str:
    """Return the last commit in which the file was that is gone, or nothing."""
    told = subprocess.run(
        [
            *("git", "log", "-1", "--no-renames", "--diff-filter=D"),
            *("--format=%P", "--", GONE),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip()


@pytest.mark.parametrize("way", WAYS)
def test_one_command_without_a_clone_or_an_installation_runs_it(
    folder: Path, way: str
) -> None:
    wheel = str(build(copy_sources(folder / "source")))
    # What was brought before may be taken again: the index is asked for versions only.
    cache = _uv("cache", "dir").strip()
    kept = {name: value for name, value in os.environ.items() if OF_INDEX.match(name)}
    known = {"UV_CACHE_DIR": cache, "UV_PYTHON": sys.executable, **kept}
    person = Installed(folder, **known)
    person.command = (sys.executable, "-m", "uv", *WAYS[way], wheel, "assay")
    # It says at once where there is no index.
    _uv(*WAYS[way], wheel, "assay", "--help", **person.environment)

    with person.running():
        assert "log in as ada with" in person.log.read_text()
        address = f"http://127.0.0.1:{person.port}/readyz"
        with urllib.request.urlopen(address) as answer:
            assert answer.status == 200
        assert person.run("simulate", "digits", "--labels", "3").startswith("3 answers")
    with person.running():
        assert person.votes("digits") == 3

    assert (person.data / "assay" / "postgres").is_dir()
    assert not list((folder / "state").rglob("running/*"))


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium")
def test_installed_it_starts_by_its_name_alone_and_a_person_labels(
    folder: Path,
) -> None:
    person = Installed(folder)
    person.make(ROOT / "requirements.lock")
    person.install("--no-deps", str(build(copy_sources(folder / "source"))))
    assert _weight(person.venv) <= MOST_BYTES

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


def installed_earlier(folder: Path) -> Installed:
    """Return an installation of the earlier release; skips the test where it is not here."""
    if not (commit := _earlier()):
        pytest.skip("the clone is shallow: the earlier release is not in it")
    archive = subprocess.run(
        ["git", "archive", commit], cwd=ROOT, capture_output=True, check=True
    )
    earlier = folder / "earlier"
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(earlier, filter="data")
    person = Installed(folder, ASSAY_HOME=str(folder / "home"))
    person.make(earlier / "requirements.lock")
    person.install("--no-deps", str(build(earlier)))
    (folder / "alone").mkdir()
    (folder / "alone" / "manage.py").write_bytes((earlier / "manage.py").read_bytes())
    return person


def update(person: Installed, folder: Path) -> None:
    """Bring an installation of the earlier release up to date."""
    person.install("-r", str(ROOT / "requirements.lock"))
    person.install("--no-deps", str(build(copy_sources(folder / "source"))))


def test_an_installation_of_an_earlier_release_is_brought_up_to_date(
    folder: Path,
) -> None:
    person = installed_earlier(folder)
    rows = "\n".join(json.dumps({"text": f"text number {n}"}) for n in range(5))
    (folder / "rows.jsonl").write_text(rows)

    with person.running("up", folder=folder / "alone"):
        url = f"--url=http://127.0.0.1:{person.port}"
        person.run("simulate", "digits", "--labels", "7", url)
        assert person.votes("digits") == 7
    update(person, folder)
    with person.running():
        assert person.votes("digits") == 7
        person.run("import", "languages", str(folder / "rows.jsonl"))
        assert person.run("simulate", "digits", "--labels", "3").startswith("3 answers")
        assert person.votes("digits") == 10
        with urllib.request.urlopen(f"http://127.0.0.1:{person.port}/readyz") as answer:
            assert answer.status == 200
