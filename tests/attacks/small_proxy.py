"""A small proxy that ends TLS and passes on what is below one path, as nginx does."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# Of one connection alone, and what the server behind it says of its own.
HOP = {"connection", "keep-alive", "transfer-encoding", "server", "date"}


def certificate(folder: Path, host: str) -> Path:
    """Make a key and a certificate of a host in one file."""
    file = folder / "both.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"),
            *("-keyout", file, "-out", folder / "certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )
    with file.open("a") as both:
        both.write((folder / "certificate.pem").read_text())
    return file


class Handler(BaseHTTPRequestHandler):
    """Passes a request on; what is not below the path is somebody else's site."""

    protocol_version = "HTTP/1.1"
    behind = 0
    path_of_ours = "/"
    strays: list[str]

    def log_message(self, *_: Any) -> None:
        return None

    def _pass_on(self) -> None:
        if not self.path.startswith(self.path_of_ours):
            self.strays.append(self.path)
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        length = int(self.headers.get("Content-Length") or 0)
        sent = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in HOP
        }
        sent |= {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
        link = http.client.HTTPConnection("127.0.0.1", self.behind, timeout=60)
        try:
            body = self.rfile.read(length) if length else None
            link.request(self.command, self.path, body, sent)
            answer = link.getresponse()
            content = answer.read()
        finally:
            link.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = do_HEAD = _pass_on  # noqa: N815


class Server(ThreadingHTTPServer):
    """Says nothing of browsers that go away in the middle."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        return None


@contextmanager
def passing_on(
    folder: Path, host: str, *, behind: int, below: str
) -> Iterator[tuple[int, list[str]]]:
    """Serve a path of a host by TLS; yield the port, and what was asked beside the path."""
    strays: list[str] = []
    own = {"behind": behind, "path_of_ours": below, "strays": strays}
    server = Server(("127.0.0.1", 0), type("Ours", (Handler,), own))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(folder, host))
    # The handshake is the thread's: who is slow in it holds up nobody else.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield server.server_port, strays
    finally:
        server.shutdown()
        server.server_close()
