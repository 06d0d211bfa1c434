"""Where the embedded mode keeps its files, and the addresses that follow from it."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import quote

# sun_path holds 108 bytes with its closing NUL; the longest name we put in the
# folder is ".s.PGSQL.5432".
_LONGEST_FOLDER = 107 - len("/.s.PGSQL.5432")


def assay_home(base: Path) -> Path:
    """Return the folder for data: ``ASSAY_HOME``, or ``.assay`` below ``base``."""
    return Path(os.environ.get("ASSAY_HOME") or base / ".assay").absolute()


def socket_folder(home: Path) -> Path:
    """Return where the sockets of ``home`` live; elsewhere where its path is too long."""
    folder = home / "run"
    if len(os.fsencode(folder)) <= _LONGEST_FOLDER:
        return folder
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"assay-{digest}"


def database_url(home: Path) -> str:
    """Return the address of the embedded PostgreSQL."""
    return f"postgresql://postgres@{quote(str(socket_folder(home)), safe='')}/assay"


def broker_url(home: Path) -> str:
    """Return the address of the embedded Redis."""
    return f"redis+socket://{socket_folder(home)}/redis.sock"


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
