"""The web server's worker: no thread is given to a request before it is here.

Gunicorn's own threads wait for the rest of a request as long as its sender likes, so a few
half-sent requests would hold them all. Here the loop that accepts connections collects the
head, and with it a short body; only long bodies are read by threads, at most half of them.
"""

from __future__ import annotations

import re
import selectors
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

from gunicorn.workers.gthread import TConn, ThreadWorker

# Seconds: from a connection's first moment to the last byte of its request; and of silence
# in a long body, or of one write of the answer.
PATIENCE: Final = 10.0
SILENCE: Final = 30.0
LONGEST_HEAD: Final = 2**16  # bytes
# A longer body is read by the thread that answers it, and may be refused unread.
SHORT_BODY: Final = 2**16
# Connections that wait at once in a process; the one that has waited longest goes first.
MOST_WAITING: Final = 500

_LENGTH: Final = re.compile(
    rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE
)
_READ_BY_THREAD: Final = re.compile(
    rb"\r\n(?:transfer-encoding|expect):", re.IGNORECASE
)
_REFUSAL: Final = (
    "HTTP/1.1 {status}\r\nConnection: close\r\nRetry-After: 5\r\n"
    "Content-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{words}"
)


def is_here(received: bytes | bytearray) -> bool:
    """Whether a thread can take a request: its head is whole, and a short body too."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = bytes(received[: end + 4])
    return len(received) - len(head) >= awaited(head)


def awaited(head: bytes) -> int:
    """Return the bytes of the body to collect; 0 where a thread is to read it."""
    named = _LENGTH.search(head)
    if named is None or _READ_BY_THREAD.search(head):
        return 0
    length = int(named[1])
    return length if length <= SHORT_BODY else 0


class Worker(ThreadWorker):
    """Gunicorn's worker with threads, which waits for requests without them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._uploads = threading.BoundedSemaphore(max(1, self.cfg.threads // 2))

    def enqueue_req(self, conn: TConn) -> None:
        """Collect a connection's next request, then give it to a thread.

        Every way to a thread leads through here: of a new connection, and of one that
        was kept, also where it has sent more than its last request.
        """
        held = bytearray(conn.parser.unreader.take_buffered() if conn.parser else b"")
        self._wait(conn, partial(self._receive, conn, held))

    def _wait(self, conn: TConn, receive: Callable[[Any], None]) -> None:
        """Call ``receive`` now, when a connection sends more, and no longer than patience."""
        while len(self.pending_conns) >= MOST_WAITING:
            self._drop(self.pending_conns[0])
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + PATIENCE
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, receive)
        # What is awaited is here already, mostly.
        receive(conn.sock)

    def _receive(self, conn: TConn, held: bytearray, _: Any) -> None:
        try:
            received = conn.sock.recv(LONGEST_HEAD)
        except BlockingIOError:
            received = None
        except OSError:
            received = b""
        held += received or b""
        if is_here(held):
            self._leave(conn)
            conn.init()
            conn.parser.unreader.unread(bytes(held))
            super().enqueue_req(conn)
        elif received == b"" or len(held) > LONGEST_HEAD + SHORT_BODY:
            self._drop(conn)

    def _leave(self, conn: TConn) -> None:
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)

    def _drop(self, conn: TConn) -> None:
        self._leave(conn)
        self.nr_conns -= 1
        conn.close()

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Keep a connection for its next request, or close it.

        Gunicorn would wait here, where all connections are accepted, up to two seconds
        for the other side to close as well.
        """
        if not self.alive or fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
            return
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.nr_conns -= 1
            conn.close()
            return
        # Closed at once, with something unread, it would lose the end of the answer.
        self._wait(conn, partial(self._drain, conn, [SHORT_BODY]))

    def _drain(self, conn: TConn, left: list[int], _: Any) -> None:
        try:
            received = len(conn.sock.recv(LONGEST_HEAD))
        except BlockingIOError:
            return
        except OSError:
            received = 0
        left[0] -= received
        if not received or left[0] < 0:
            self._drop(conn)

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """Answer a request; requests with long bodies wait for one of a few places."""
        conn.sock.settimeout(SILENCE)
        headers = {name.upper(): value for name, value in req.headers}
        length = headers.get("CONTENT-LENGTH", "0")
        is_short = length.isdecimal() and int(length) <= SHORT_BODY
        if is_short and not {"TRANSFER-ENCODING", "EXPECT"} & headers.keys():
            return bool(super().handle_request(req, conn))
        if not self._uploads.acquire(blocking=False):
            words = "Too many files are being sent. Send this again in a moment.\n"
            conn.sock.sendall(_refusal("503 Service Unavailable", words))
            return False
        try:
            return bool(super().handle_request(req, conn))
        finally:
            self._uploads.release()


def _refusal(status: str, words: str) -> bytes:
    return _REFUSAL.format(status=status, length=len(words), words=words).encode()
