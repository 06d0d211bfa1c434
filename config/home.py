"""Where the embedded mode keeps its files, and the addresses that follow from it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path
from typing import Final
from urllib.parse import quote

import platformdirs

# sun_path holds 104 bytes with its closing NUL on macOS, 108 on Linux; the longest name
# we put in the folder is ".s.PGSQL.5432".
_LONGEST_FOLDER: Final = 103 - len("/.s.PGSQL.5432")
# Not TMPDIR: a command in another terminal has to come to the same folder.
_SHORT: Final = Path("/tmp")  # noqa: S108 (who owns the folder in it is looked at)  # nosec B108


def assay_home(base: Path) -> Path:
    """Return the folder for data: ``ASSAY_HOME``, or the usual place.

    That is ``.assay`` in a clone; an installed package, whose files are replaced by each
    update, keeps data where the platform has a user's.
    """
    if chosen := os.environ.get("ASSAY_HOME"):
        return Path(chosen).absolute()
    if (base / "pyproject.toml").is_file():
        return (base / ".assay").absolute()
    return platformdirs.user_data_path("assay", appauthor=False)


def close(home: Path, *, is_passed: bool) -> None:
    """Close the folder and all in it to other users.

    With ``is_passed`` they may pass through it, to what they own below, yet not look.
    """
    _set_mode(home, 0o711 if is_passed else 0o700)
    # Of earlier releases: made open, in a folder that was open too.
    for path in home.iterdir():
        if not path.is_symlink():
            _set_mode(path, 0o700)


def _set_mode(path: Path, most: int) -> None:
    # A mounted disk may have no modes, a folder of it another owner, and a file may go
    # at this moment: none of them is a reason not to start.
    with contextlib.suppress(OSError):
        path.chmod(most if path.is_dir() else path.stat().st_mode & most)


def socket_folder(home: Path) -> Path:
    """Return where the sockets of ``home`` live; elsewhere where its path will not do.

    That is one too long for a socket, or with a comma, by which PostgreSQL's clients and
    settings tell several hosts or folders apart.
    """
    folder = home / "run"
    if len(os.fsencode(folder)) <= _LONGEST_FOLDER and "," not in str(folder):
        return folder
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return _SHORT / f"assay-{digest}"


def database_url(home: Path) -> str:
    """Return the address of the embedded PostgreSQL."""
    return f"postgresql://postgres@{quote(str(socket_folder(home)), safe='')}/assay"


def secret_key(home: Path) -> str:
    """Return the secret key of ``home``, made on first use, readable by its owner only."""
    path = home / "secret_key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    key = secrets.token_urlsafe(64)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key)
    return key
