"""``assay up`` survives what machines do to it, and says clearly why it cannot start."""

from __future__ import annotations

import io
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.home import socket_folder
from running.embedded import postgres
from running.supervise import ProcessPart, Supervisor
from tests.history.ending import link_to
from tests.running import redis
from tests.running.machine import LEASE, PARTS, ROOT, Machine, open_folder, until

pytestmark = pytest.mark.running


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """One Assay for the module; its path is too long for a socket."""
    with open_folder() as folder:
        started = Machine(folder / ("long-" * 30))
        try:
            started.start()
            started.set_up()
            yield started
        finally:
            started.kill_all()


def test_every_part_that_is_killed_comes_back_and_no_vote_is_lost(
    machine: Machine,
) -> None:
    before = machine.voted()
    acknowledged = []
    for part in PARTS:
        killed = until(lambda: machine.pid_of(part))  # noqa: B023 (called at once)
        os.kill(killed, signal.SIGKILL)
        acknowledged.append(machine.vote())
        while machine.pid_of(part) in (0, killed):
            time.sleep(0.2)

    assert machine.voted() == sorted([*before, *acknowledged])
    until(lambda: settled(machine) == len(machine.voted()))


@pytest.mark.soak
def test_a_killed_database_forgets_no_item_that_was_lent(machine: Machine) -> None:
    before = machine.voted()
    lent = until(lambda: machine.sure("POST", LEASE, {"count": 1})["items"])[0]
    killed = machine.pid_of("database")
    os.kill(killed, signal.SIGKILL)

    assert machine.answer(lent) not in before

    until(lambda: machine.pid_of("database") not in (0, killed))


@pytest.mark.soak
def test_a_database_comes_back_while_a_query_of_the_one_before_runs_on(
    machine: Machine,
) -> None:
    with closing(link_to(machine)) as link:
        link.pgconn.send_query(
            b"SELECT count(*) FROM generate_series(1, 10000000000000)"
        )
        time.sleep(0.5)
        link.pgconn.consume_input()
        assert link.pgconn.is_busy()
        killed = machine.pid_of("database")
        os.kill(killed, signal.SIGKILL)

        until(lambda: machine.pid_of("database") not in (0, killed), seconds=60)
        machine.vote()


def test_who_stands_in_the_folder_of_the_database_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], cwd=tmp_path) as shell:
        postgres.end_backends(tmp_path)
        assert shell.poll() is None
        shell.kill()


def settled(machine: Machine) -> int:
    rows = machine.sure("GET", "/api/projects/p/items/?state=settled")["results"]
    return len(rows)


@pytest.mark.soak
def test_killed_at_once_everything_starts_again_with_the_same_data(
    machine: Machine,
) -> None:
    acknowledged = [machine.vote() for _ in range(3)]
    before = machine.voted()
    assert set(acknowledged) <= set(before)
    machine.kill_all()

    machine.start()

    assert machine.voted() == before
    machine.vote()
    until(lambda: settled(machine) == len(before) + 1)


@pytest.mark.skipif(
    not Path("/proc/self/autogroup").exists(), reason="sessions are not told apart here"
)
def test_what_people_do_not_wait_for_stands_back(machine: Machine) -> None:
    until(lambda: machine.pid_of("scheduler"))

    output = {
        part: Path(f"/proc/{machine.pid_of(part)}/autogroup").read_text().split()[-1]
        for part in PARTS
    }

    assert output == {
        **dict.fromkeys(("database", "web", "scheduler"), "0"),
        "worker": "5",
        "trainer": "10",
    }


def test_no_other_user_of_the_machine_reads_what_it_keeps(machine: Machine) -> None:
    home, sockets = machine.home, socket_folder(machine.home)
    # PostgreSQL does not run as root: its user passes through the home to its folder.
    passed = 0o011 if postgres.user() else 0
    open_ones = {
        path.name
        for path in (*home.iterdir(), sockets)
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    }

    assert stat.S_IMODE(home.stat().st_mode) == 0o700 | passed
    assert {"postgres", "static"} <= {path.name for path in home.iterdir()}
    assert open_ones == set()


def test_a_second_one_on_the_same_home_is_refused_in_one_line(
    machine: Machine,
) -> None:
    code, output = machine.refusal()

    assert code != 0
    address = f"http://localhost:{machine.port}/"
    assert (
        output == f"CommandError: Assay is already running on {machine.home}: {address}"
    )


def test_asked_to_stop_it_leaves_no_process_and_no_lock(machine: Machine) -> None:
    assert machine.stop() == 0

    assert machine.processes() == {}
    machine.start()
    assert machine.sure("GET", "/readyz")


@pytest.mark.soak
def test_asked_to_stop_while_it_starts_it_stops_at_once(machine: Machine) -> None:
    machine.stop()
    machine.launch()
    until(lambda: any("prepare" in words for words in machine.processes().values()))

    assert machine.stop() == 0

    assert machine.processes() == {}
    machine.start()


@pytest.mark.soak
def test_a_killed_supervisor_takes_its_parts_along(machine: Machine) -> None:
    assert machine.process is not None
    before = set(machine.processes())
    machine.process.kill()
    machine.process.wait()

    machine.start()

    assert not before & set(machine.processes())
    machine.vote()


@pytest.mark.soak
def test_outside_servers_are_used_where_the_environment_names_them(
    folder: Path,
) -> None:
    sockets, data = folder / "run", folder / "cluster"
    own = Supervisor(io.StringIO(), folder / "parts")
    try:
        postgres.prepare(data, sockets)
        command = postgres.command(data, sockets)
        own.start(
            ProcessPart(
                "database",
                command,
                lambda: postgres.is_ready(sockets),
                user=postgres.user(),
                stop_signal=signal.SIGINT,
            )
        )
        (folder / "redis").mkdir()
        words = redis.command(folder / "redis", sockets)
        own.start(ProcessPart("redis", words, lambda: redis.is_ready(sockets)))
        host = str(sockets).replace("/", "%2F")
        started = Machine(
            folder / "home",
            DATABASE_URL=f"postgresql://postgres@{host}/postgres",
            BROKER_URL=f"redis+socket://{sockets}/redis.sock",
            SECRET_KEY=secrets.token_hex(25),
        )
        try:
            started.start()
            started.set_up()
            started.vote()
            until(lambda: settled(started) == 1)
            words_of_all = " ".join(started.processes().values())
            assert PARTS["database"] not in words_of_all
            assert started.stop() == 0
        finally:
            started.kill_all()
        assert postgres.is_ready(sockets)
        assert redis.is_ready(sockets)
    finally:
        own.stop()


def test_a_taken_port_is_named_in_one_line(tmp_path: Path) -> None:
    refused = Machine(tmp_path / "home")
    with socket.socket() as other:
        other.bind(("127.0.0.1", refused.port))
        other.listen()

        code, output = refused.refusal()

    assert code != 0
    assert output.startswith(f"CommandError: Port {refused.port} is taken")
    assert "\n" not in output


def test_a_home_that_cannot_be_written_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    home = tmp_path / "file" / "home"

    code, output = Machine(home).refusal()

    assert code != 0
    assert "cannot be written: Not a directory" in output
    assert "\n" not in output


def test_a_full_disk_is_named_in_one_line(tmp_path: Path) -> None:
    words = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(tmp_path)]
    if shutil.which("mount") is None or subprocess.run(words, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        code, output = Machine(tmp_path / "home").refusal()
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)

    assert code != 0
    assert "MiB are free" in output
    assert "\n" not in output


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://nowhere"),
        ("BROKER_URL", "postgresql://elsewhere/assay"),
        ("PORT", "eighty"),
        ("DEBUG", "perhaps"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, name: str, value: str) -> None:
    settings = {"SECRET_KEY": secrets.token_hex(25), name: value}
    code, output = Machine(tmp_path / "home", **settings).refusal()

    assert code != 0
    assert name in output
    assert "\n" not in output


def test_a_python_that_is_too_old_is_named_in_one_line(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)

    kept = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    done = subprocess.run(
        ["make", "run", f"PYTHON={old}"],
        cwd=tmp_path,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert done.stdout.startswith("Assay needs Python 3.11 or newer")
