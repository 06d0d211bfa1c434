"""A server that answers what a test says, and remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from labeling.services.transfer.sources.bucket import Bucket
from labeling.services.transfer.sources.place import Place
from tests.labeling.transfer.sources.server import KEY


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    # Bytes that are said to come, where they are not those of the body.
    length: int | None = None


@dataclass
class ScriptedServer:
    """A running server; after the last answer it gives that one again."""

    answers: list[Answer]
    asked: list[str] = field(default_factory=list)
    # The bodies that came, with the SHA-256 that was said of each.
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    port: int = 0
    opened: list[Bucket] = field(default_factory=list)

    def bucket(self, prefix: str = "") -> Bucket:
        place = Place(f"http://127.0.0.1:{self.port}", "us-east-1", "bucket", prefix)
        bucket = Bucket(place, KEY)
        self.opened.append(bucket)
        return bucket


def nobody(_written: int) -> None:
    """Hear how many bytes are written, and say nothing."""


@contextmanager
def answering(answers: Sequence[Answer]) -> Iterator[ScriptedServer]:
    scripted = ScriptedServer(list(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            scripted.asked.append(f"{self.command} {self.path}")
            # Or what is left of it would be the next call.
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            digest = self.headers.get("x-amz-content-sha256", "")
            scripted.sent.append((digest, body))
            left = scripted.answers
            answer = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(answer.status)
            length = len(answer.body) if answer.length is None else answer.length
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)
            if length != len(answer.body):
                self.close_connection = True

        def log_message(self, *_words: Any) -> None:
            pass

    for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.answer)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    scripted.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield scripted
    finally:
        for bucket in scripted.opened:
            bucket.close()
        server.shutdown()
        server.server_close()
        thread.join()
