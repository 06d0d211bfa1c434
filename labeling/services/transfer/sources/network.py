"""Connections to what people name: never to addresses that are the operator's own.

A name is looked up once, all that it stands for is checked, and the connection goes to
what was checked: a name that stands for something else a moment later changes nothing.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from labeling.errors import InvalidInputError
from labeling.messages import message

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Seconds until a server has to take a connection, and between two pieces that it sends.
PATIENCE: Final = 15.0
# Also what stands in a header of pages: see ``serving.origins``.
_HOST: Final = re.compile(r"[A-Za-z0-9._:-]{1,150}")
# As resolvers do, which take 127.1 and 0x7f000001 for addresses, too.
_NUMBER: Final = re.compile(r"(.*\.)?([0-9]+|0[xX][0-9A-Fa-f]*)\.?")
# Each of these carries an IPv4 address, which is reached by it.
_CARRIERS: Final = tuple(
    ipaddress.IPv6Network(network)
    for network in ("::ffff:0:0/96", "64:ff9b::/96", "::/96")
)


class PlaceError(InvalidInputError):
    """A server that cannot be reached or may not be; ``errors`` may name the field."""


def split(endpoint: str) -> SplitResult:
    """Return the parts of the address of a server, such as https://s3.example.com:9000.

    Raises PlaceError where it is none.
    """
    try:
        parts = urlsplit(endpoint)
        # Line ends and tabs are left out by the parser, and not by what reads a header.
        is_plain = endpoint.isprintable() and parts.path in ("", "/")
        is_plain = is_plain and not (parts.query or parts.fragment)
        is_named = parts.scheme in ("http", "https") and bool(
            _HOST.fullmatch(parts.hostname or "")
        )
        _ = parts.port
    except ValueError:
        is_named = is_plain = False
        parts = SplitResult("", "", "", "", "")
    if not (is_named and is_plain) or "@" in parts.netloc:
        raise PlaceError(
            message(
                "“%(endpoint)s” is no address of a server, such as https://s3.example.com.",
                endpoint=endpoint[:200],
            )
        )
    return parts


def below(endpoint: str, name: str) -> str:
    """Return the address of a name below a server: https://name.s3.example.com.

    Raises PlaceError where it is none, and where the server has a number and no name.
    """
    parts = split(endpoint)
    host = parts.hostname or ""
    # What stands before an IPv6 address the parser leaves out; so all would seem well.
    if ":" in host or _NUMBER.fullmatch(host):
        raise PlaceError(
            message(
                "“%(host)s” is the number of a server, before which no name of a bucket can stand: leave the bucket in the path.",
                host=host,
            )
        )
    address = f"{parts.scheme}://{name}.{parts.netloc}"
    split(address)
    return address


def is_endpoint(text: str) -> bool:
    """Whether a text is the address of a server."""
    try:
        split(text)
    except PlaceError:
        return False
    return True


def resolve(host: str, port: int, *, is_plain: bool) -> list[str]:
    """Return the addresses of a host, all of which may be connected to.

    Raises PlaceError where it has none, or one that the operator has not allowed;
    ``is_plain``: without TLS all have to be named by the operator.
    """
    try:
        known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PlaceError(
            message("There is no server by the name “%(host)s”.", host=host)
        ) from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in known))
    for address in addresses:
        # All of them: whoever names a server decides which one a connection takes.
        _check(host, address, is_plain=is_plain)
    return addresses


def _check(host: str, address: str, *, is_plain: bool) -> None:
    named = _carried(ipaddress.ip_address(address.partition("%")[0]))
    if any(named in network for network in _allowed()):
        return
    # Loopback, link-local with the metadata of clouds, private, shared and reserved.
    if not named.is_global or named.is_multicast:
        raise PlaceError(
            message(
                "“%(host)s” is an address within the server's own network, which is not allowed: the operator may allow it by SOURCE_NETWORKS.",
                host=host,
            )
        )
    if is_plain:
        raise PlaceError(
            message(
                "“%(host)s” is asked without encryption: name it by https://.",
                host=host,
            )
        )


def _carried(address: Address) -> Address:
    """Return the address that is reached in the end."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.sixtofour:
            return address.sixtofour
        if any(address in network for network in _CARRIERS) and int(address) > 1:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _allowed() -> Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]
    networks = settings.SOURCE_NETWORKS
    return networks


def connection(endpoint: str) -> http.client.HTTPConnection:
    """Return a connection to a server, not made yet; it is checked whenever it is made.

    Raises PlaceError where the endpoint is no address of a server.
    """
    # No proxy of the environment is asked: it would look up the name itself.
    parts = split(endpoint)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return _Encrypted(host, parts.port or 443, timeout=PATIENCE)
    return _Plain(host, parts.port or 80, timeout=PATIENCE)


def _open(host: str, port: int, *, is_plain: bool) -> socket.socket:
    """Connect to one of the checked addresses. Raises PlaceError where none replies."""
    why: OSError | None = None
    for address in resolve(host, port, is_plain=is_plain):
        try:
            taken = socket.create_connection((address, port), PATIENCE)
            # As the library sets it: small calls would wait for the receipts of others.
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            why = error
        else:
            return taken
    raise PlaceError(
        message("“%(host)s” does not answer: %(why)s.", host=host, why=str(why))
    )


class _Plain(http.client.HTTPConnection):
    """A connection to what was checked, without TLS."""

    def connect(self) -> None:
        """Connect; raise PlaceError where that is not allowed or not possible."""
        self.sock = _open(self.host, self.port, is_plain=True)


class _Encrypted(http.client.HTTPConnection):
    """A connection to what was checked, whose certificate is that of the name."""

    def connect(self) -> None:
        """Connect; raise PlaceError where that is not allowed or not possible."""
        plain = _open(self.host, self.port, is_plain=False)
        try:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(plain, server_hostname=self.host)
        except (OSError, ValueError) as error:
            plain.close()
            raise PlaceError(
                message(
                    "“%(host)s” cannot prove who it is: %(why)s.",
                    host=self.host,
                    why=str(error),
                )
            ) from error
