"""Debian's nginx, configured as docs/deploy.md says, before the web processes of a test."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.attacks.small_proxy import certificate
from tests.running.machine import ROOT, free_port, until

# Where Debian has it, whose PATH of a user has no sbin.
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
AROUND = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
{user}
events {{ worker_connections 1024; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{documented}
}}
"""


def documented() -> str:
    """Return the configuration that the documents give."""
    text = (ROOT / "docs" / "deploy.md").read_text()
    after = text.partition("For nginx:\n")[2]
    lines = [
        line
        for line in after.split("\nnginx and Caddy")[0].splitlines()
        if line.strip()
    ]
    assert lines
    assert all(line.startswith("    ") for line in lines)
    return "\n".join(lines)


def configuration(
    folder: Path, *, host: str, port: int, behind: Sequence[int], below: str
) -> str:
    """Return what the documents say, with a test's own addresses, below a path."""
    servers = " ".join(f"server 127.0.0.1:{web};" for web in behind)
    own = {
        "server 127.0.0.1:8000;": servers,
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "server_name label.example.com;": f"server_name {host};",
        "/etc/ssl/label.pem": f"{folder}/both.pem",
        "/etc/ssl/label.key": f"{folder}/both.pem",
        "location / {": f"location {below} {{",
        "location = /login/": f"location = {below}login/",
        # It is the browser's: the port is the test's own.
        "Host $host;": "Host $http_host;",
    }
    made = documented()
    for said, ours in own.items():
        assert said in made, said
        made = made.replace(said, ours)
    # Root's nginx gives its workers to nobody, who may not enter the folder of a test.
    user = "user root;" if os.getuid() == 0 else ""
    return AROUND.format(folder=folder, user=user, documented=made)


@contextmanager
def nginx(
    folder: Path, *, host: str, behind: Sequence[int], below: str
) -> Iterator[int]:
    """Run it before web processes; yield its port."""
    certificate(folder, host)
    port = free_port()
    file = folder / "nginx.conf"
    file.write_text(
        configuration(folder, host=host, port=port, behind=behind, below=below)
    )
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [str(NGINX), "-p", str(folder), "-c", str(file)], stdout=said, stderr=said
        )
    try:
        until(lambda: _stands(process, folder), seconds=20)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _stands(process: subprocess.Popen[bytes], folder: Path) -> bool:
    assert process.poll() is None, (folder / "said").read_text()
    pid = folder / "nginx.pid"
    return pid.exists() and bool(re.match(r"\d", pid.read_text()))
