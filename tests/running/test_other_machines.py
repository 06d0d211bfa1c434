"""What differs between machines: no /proc, shorter socket paths, other places for data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs
import pytest

from config import home
from manage import main
from running import finding, supervise
from running.embedded import postgres
from tests.running.machine import open_folder

# As on macOS, where psutil has other ways.
NO_PROC = Path("/nowhere/proc")


@contextmanager
def process(*words: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    # A shell lets what it runs in the background ignore this signal, and that is inherited.
    before = signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    started = subprocess.Popen([*words], cwd=folder)
    signal.signal(signal.SIGQUIT, before)
    with started:
        try:
            yield started
        finally:
            started.kill()


def postgres_by_name(folder: Path) -> list[str]:
    """Return a command whose process is called postgres."""
    program = folder / "postgres"
    if not program.exists():
        program.symlink_to(Path("/bin/sleep").resolve())
    return [str(program), "60"]


def test_the_lock_file_of_a_database_that_lives_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "monotonic", iter(range(0, 10_000, 15)).__next__)
    lock = tmp_path / "postmaster.pid"
    with process(*postgres_by_name(tmp_path), folder=tmp_path) as server:
        lock.write_text(f"{server.pid}\n{tmp_path}\n")
        # Without its /proc a living server was taken for one that has ended.
        monkeypatch.setattr(Path, "exists", lambda path: "/proc/" not in str(path))

        postgres.await_end(lock)

        assert lock.exists()
        monkeypatch.undo()
        assert server.wait(60) == -signal.SIGQUIT
    postgres.await_end(lock)
    assert not lock.exists()


def test_the_lock_file_that_names_another_program_is_left_to_postgresql(
    tmp_path: Path,
) -> None:
    lock = tmp_path / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n")

    postgres.await_end(lock)

    assert lock.exists()


def test_backends_of_a_killed_database_are_found_by_their_folder(
    tmp_path: Path,
) -> None:
    (tmp_path / "data").mkdir()
    words = postgres_by_name(tmp_path)
    with (
        process(*words, folder=tmp_path / "data") as backend,
        process(*words, folder=tmp_path) as other,
    ):
        postgres.end_backends(tmp_path / "data")

        assert backend.wait(10) == -signal.SIGKILL
        assert other.poll() is None


def test_without_proc_the_parts_of_a_killed_supervisor_are_awaited_and_ended(
    tmp_path: Path,
) -> None:
    part = subprocess.Popen(["sleep", "60"], start_new_session=True)
    roll = tmp_path / "parts"
    born = supervise._birth(part.pid, NO_PROC)
    assert born
    roll.write_text(f"{part.pid} {born}\n")

    supervise.end_leftovers(roll, patience=0, proc=NO_PROC)

    assert part.wait(10) == -signal.SIGKILL
    assert not roll.exists()
    assert supervise._birth(part.pid, NO_PROC) == ""


def test_without_proc_another_process_with_the_number_of_a_part_is_left_alone(
    tmp_path: Path,
) -> None:
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    roll = tmp_path / "parts"
    roll.write_text(f"{other.pid} 12345.5\n")

    supervise.end_leftovers(roll, patience=0, proc=NO_PROC)

    assert other.poll() is None
    other.kill()
    other.wait()


@pytest.mark.skipif(os.geteuid() != 0, reason="the database runs as oneself")
def test_root_may_keep_data_in_a_folder_that_is_closed_to_others(folder: Path) -> None:
    closed = folder / "root"
    (closed / "home").mkdir(parents=True)
    for path in (closed / "home", closed):
        path.chmod(0o700)

    postgres.prepare(closed / "home" / "postgres", closed / "home" / "run")

    assert (closed / "home" / "postgres" / "PG_VERSION").read_text() == "18\n"
    assert closed.stat().st_mode & 0o777 == 0o711


def test_a_home_with_a_comma_has_its_sockets_elsewhere() -> None:
    sockets = home.socket_folder(Path("/home/me/Data, mine"))

    assert "," not in str(sockets)
    assert home.socket_folder(Path("/home/me/My Data")) == Path("/home/me/My Data/run")


@pytest.mark.parametrize("length", [20, 88, 90, 92, 104, 200])
def test_the_path_of_a_socket_is_short_enough_for_every_system(length: int) -> None:
    folder = Path("/" + "x" * (length - 1))

    sockets = home.socket_folder(folder)

    assert len(os.fsencode(sockets / ".s.PGSQL.5432")) < 104
    assert (sockets == folder / "run") == (length <= 84)


def test_a_clone_keeps_its_data_and_an_installed_package_the_users_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ASSAY_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    clone = tmp_path / "clone"
    clone.mkdir()
    (clone / "pyproject.toml").touch()

    assert home.assay_home(clone) == clone / ".assay"
    usual = platformdirs.user_data_path("assay", appauthor=False)
    assert home.assay_home(tmp_path / "site-packages") == usual
    monkeypatch.setenv("ASSAY_HOME", "chosen")
    assert home.assay_home(clone) == Path.cwd() / "chosen"


class TestFinding:
    """Commands find the installation that runs."""

    @pytest.fixture
    def folder(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        with open_folder() as folder:
            monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
            for name in ("ASSAY_HOME", "DATABASE_URL", "PORT"):
                monkeypatch.delenv(name, raising=False)
            yield folder

    @contextmanager
    def _running(self, folder: Path, port: int) -> Iterator[Path]:
        import socket

        sockets = home.socket_folder(folder)
        sockets.mkdir(parents=True)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(sockets / ".s.PGSQL.5432"))
            server.listen()
            finding.keep(folder, port)
            yield folder

    def test_the_only_one_that_runs_is_taken_and_named(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with self._running(folder / "a", 8123) as running:
            finding.choose("export", folder / "own")

            assert os.environ["ASSAY_HOME"] == str(running)
            assert finding.port(running) == 8123
            assert str(running) in capsys.readouterr().err

    def test_one_that_has_stopped_or_was_killed_is_not_taken(
        self, folder: Path
    ) -> None:
        with self._running(folder / "a", 8123) as stopped:
            finding.forget(stopped)
            finding.choose("export", folder / "own")
            assert "ASSAY_HOME" not in os.environ
            finding.keep(stopped, 8123)
        finding.choose("export", folder / "own")

        assert "ASSAY_HOME" not in os.environ

    def test_of_several_one_has_to_be_named(self, folder: Path) -> None:
        with (
            self._running(folder / "a", 8123) as first,
            self._running(folder / "b", 8124) as second,
            pytest.raises(SystemExit) as refusal,
        ):
            finding.choose("export", folder / "own")

        assert str(refusal.value).startswith(
            f"Several installations run: {first}, {second}."
        )

    @pytest.mark.parametrize("command", ["up", "restore", "migrate", "flush"])
    def test_what_replaces_data_goes_nowhere_by_itself(
        self, folder: Path, command: str
    ) -> None:
        with self._running(folder / "a", 8123):
            finding.choose(command, folder / "own")

        assert "ASSAY_HOME" not in os.environ

    def test_ones_own_comes_before_another(self, folder: Path) -> None:
        (folder / "own").mkdir()
        (folder / "own" / "pyproject.toml").touch()
        with (
            self._running(folder / "a", 8123),
            self._running(folder / "own" / ".assay", 8124),
        ):
            finding.choose("export", folder / "own")

        assert "ASSAY_HOME" not in os.environ


def test_a_command_without_a_running_assay_says_so_in_one_line(folder: Path) -> None:
    kept = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "manage.py", "export", "digits"],
        cwd=Path(main.__code__.co_filename).parent,
        env={**kept, "ASSAY_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == f"No Assay runs in {folder / 'home'}. Start it: assay up\n"
