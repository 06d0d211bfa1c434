"""Slow requests by TLS, from a process of their own: ``python -m tests.running.slow_sockets PORT``.

It says that it has begun, goes on until its input ends, a minute at most, and says how many
connections it has made and how many ended before that. It knows loopback alone.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import time
from contextlib import suppress

from tests.running.journey import BELOW, HOST

SLOW, LONGEST = 400, 60
# Of another address than the people: nginx counts connections by it.
ATTACKER = "127.0.0.66"


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Attack:
    """Slow sockets: silent ones, halves of a head that grow, and halves of a body."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.links: list[tuple[socket.socket, bytes]] = []
        self.opened = self.closed = 0
        self.is_over = threading.Event()

    def open(self, number: int) -> tuple[socket.socket, bytes]:
        link = socket.create_connection(
            ("127.0.0.1", self.port), 20, source_address=(ATTACKER, 0)
        )
        self.opened += 1
        if number % 4 == 0:
            return link, b""  # not even a handshake
        link = trusting().wrap_socket(link, server_hostname=HOST)
        if number % 4 == 1:
            link.sendall(f"GET {BELOW} HTTP/1.1\r\nHost: {HOST}\r\n".encode())
            return link, b"X-a: b\r\n"
        path, length = ("login/", 60_000) if number % 4 == 2 else ("", 4_000_000)
        head = (
            f"POST {BELOW}{path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {length}"
        )
        link.sendall(f"{head}\r\n\r\n".encode())
        return link, b"x"

    def begin(self) -> None:
        self.links = [self.open(number) for number in range(SLOW)]

    def go_on(self) -> None:
        """Send a little on each, and open anew what was closed, until it is over."""
        end = time.monotonic() + LONGEST
        while not self.is_over.wait(0.5) and time.monotonic() < end:
            for number, (link, piece) in enumerate(self.links):
                try:
                    link.settimeout(0.01)
                    if piece:
                        link.sendall(piece)
                    if link.recv(500) == b"":
                        raise ConnectionResetError
                except TimeoutError:
                    continue  # it waits for us, as is wanted
                except OSError:
                    self.closed += 1
                    link.close()
                    with suppress(OSError):
                        self.links[number] = self.open(number)


def main(port: int) -> None:
    attack = Attack(port)
    attack.begin()
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    thread = threading.Thread(target=attack.go_on)
    thread.start()
    sys.stdin.read()
    attack.is_over.set()
    thread.join()
    sys.stdout.write(f"{attack.opened} {attack.closed}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
