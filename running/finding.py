"""Which installation a command is for where nobody says: the one that runs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import sys
from pathlib import Path
from typing import Final

import platformdirs

from config import env, home

# Commands beside a running installation. One that replaces data has to be told where.
BESIDE: Final = frozenset(
    [
        "backup",
        "demo",
        "export",
        "import",
        "member",
        "reproduce",
        "rollback",
        "score",
        "simulate",
        "token",
        "train",
        "user",
    ]
)
USUAL_PORT: Final = 8000


def _notes() -> Path:
    """Return the folder in which each running installation of this user has a note."""
    return platformdirs.user_state_path("assay", appauthor=False) / "running"


def _note(folder: Path) -> Path:
    return _notes() / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]


def keep(folder: Path, port: int) -> None:
    """Note that an installation runs in a folder, and on which port."""
    (folder / "port").write_text(str(port), encoding="ascii")
    # A person without a writable home names the folder.
    with contextlib.suppress(OSError):
        _notes().mkdir(mode=0o700, parents=True, exist_ok=True)
        _note(folder).write_text(str(folder), encoding="utf-8")


def forget(folder: Path) -> None:
    """Take both notes back."""
    for path in (folder / "port", _note(folder)):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def noted_port(folder: Path) -> int:
    """Return the port that the installation in a folder has noted, or the usual one."""
    try:
        return int((folder / "port").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return USUAL_PORT


def port(folder: Path) -> int:
    """Return on which port the installation in a folder is to be called."""
    return env.number("PORT", noted_port(folder))


def responds(folder: Path) -> bool:
    """Whether the database of a folder takes calls."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(2)
        try:
            link.connect(str(home.socket_folder(folder) / ".s.PGSQL.5432"))
        except OSError:
            return False
    return True


def choose(command: str, base: Path) -> None:
    """Let a command go to the one installation that runs, where its own does not.

    Ends the process where several run: then ``ASSAY_HOME`` has to name one.
    """
    is_named = os.environ.get("ASSAY_HOME") or env.text("DATABASE_URL")
    if command not in BESIDE or is_named or responds(home.assay_home(base)):
        return
    running = [folder for folder in map(_noted, _notes().glob("*")) if responds(folder)]
    if len(running) > 1:
        names = ", ".join(map(str, sorted(running)))
        sys.exit(f"Several installations run: {names}. Name one: ASSAY_HOME=….")
    for folder in running:
        sys.stderr.write(f"assay: using what runs in {folder}\n")
        os.environ["ASSAY_HOME"] = str(folder)


def _noted(path: Path) -> Path:
    try:
        return Path(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return path  # taken back at this moment; nothing answers there
