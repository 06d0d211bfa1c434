"""Requests that are sent slowly, or by halves, hold up nobody else."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from running import server
from tests.running.machine import ROOT, free_port, until

HALVES = {
    "nothing": b"",
    "nothing after it": b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "half a head": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-a: b\r\n",
    "half a body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc",
    "half a file": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\nabc",
    "half a chunk": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nab"
    ),
}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Run the web server as ``assay up`` does, before a site of one line."""
    port = free_port()
    words = (
        f"--bind=127.0.0.1:{port}",
        "--worker-class=running.server.Worker",
        "--workers=2",
        "--threads=8",
        "--log-level=critical",
    )
    with subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "tests.attacks.plain", *words], cwd=ROOT
    ) as process:
        try:
            until(lambda: answers(port), seconds=30)
            yield port
        finally:
            process.terminate()


def answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        return sent(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").endswith(b"0\n")
    return False


def opened(port: int, request: bytes) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port), timeout=20)
    link.sendall(request)
    return link


def sent(port: int, request: bytes) -> bytes:
    with opened(port, request) as link:
        return received(link)


def received(link: socket.socket) -> bytes:
    """Return an answer of the site of one line: its head and its line."""
    answer = b""
    while not answer.endswith(b"\n") or answer.endswith(b"\r\n"):
        answer += link.recv(4096) or b"?\n"
    return answer


@pytest.mark.parametrize("kind", HALVES)
def test_attack_01_two_hundred_halves_of_requests_hold_up_nobody(
    port: int, kind: str
) -> None:
    with ExitStack() as attack:
        for _ in range(200):
            attack.enter_context(opened(port, HALVES[kind]))
        times = []
        for _ in range(20):
            begun = time.perf_counter()
            assert answers(port)
            times.append(time.perf_counter() - begun)

    assert sorted(times)[-2] < 1


def test_a_request_that_comes_in_pieces_is_answered(port: int) -> None:
    pieces = (b"POST / HTTP/1.1\r\nHo", b"st: a\r\nContent-Length: 6\r\n\r", b"\nabc")
    with opened(port, b"") as link:
        for piece in pieces:
            link.sendall(piece)
            time.sleep(0.05)
        link.sendall(b"def")

        assert received(link).endswith(b"6\n")
        # The connection is kept for the next, and for two that are sent as one.
        request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
        link.sendall(request + request)
        both = received(link)
        while both.count(b"\r\n\r\n2\n") < 2:
            both += received(link)


def test_a_long_body_arrives_whole(port: int) -> None:
    body = b"x" * 3_000_000
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)

    assert sent(port, head + body).endswith(b"3000000\n")


@pytest.mark.soak
def test_attack_01_who_sends_nothing_more_is_let_go(port: int) -> None:
    with opened(port, HALVES["half a head"]) as link:
        link.settimeout(server.PATIENCE + 5)

        assert link.recv(100) == b""


@pytest.mark.parametrize(
    ("received", "is_here"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\ncontent-length:3\r\n\r\nab", False),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", True),
    ],
)
def test_a_thread_takes_what_it_need_not_wait_for(
    received: bytes, *, is_here: bool
) -> None:
    assert server.is_here(received) == is_here
