"""No connection to addresses of the operator's own network, at no time."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from config import env
from labeling.services.transfer.sources import network
from labeling.services.transfer.sources.network import PlaceError

PUBLIC: Final = "93.184.216.34"
Resolver = Callable[..., list[tuple[Any, ...]]]


def resolver(*answers: str) -> Resolver:
    """Return what looks each name up as the next one of some addresses, then as the last."""
    left = list(answers)

    def look_up(_host: object, port: object, **_more: object) -> list[tuple[Any, ...]]:
        address = left.pop(0) if len(left) > 1 else left[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    return look_up


@pytest.fixture
def dialed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return which addresses are connected to; none of them answers."""
    tried: list[str] = []

    def refuse(address: tuple[str, int], *_more: object, **_named: object) -> None:
        tried.append(address[0])
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(socket, "create_connection", refuse)
    return tried


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
        *(
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
        ),
        *("::1", "::", "fe80::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1"),
        *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::7f00:1"),
    ],
)
@pytest.mark.parametrize("is_plain", [True, False])
def test_an_address_within_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str, *, is_plain: bool
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver(address))

    with pytest.raises(PlaceError, match="the server's own network"):
        network.resolve("innocent.example", 443, is_plain=is_plain)


@pytest.mark.parametrize(
    "host", ["localhost", "2130706433", "0x7f000001", "127.1", "0177.0.0.1"]
)
def test_other_spellings_of_an_address_within_are_refused(host: str) -> None:
    with pytest.raises(PlaceError):
        network.resolve(host, 443, is_plain=False)


def test_one_address_within_among_others_is_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = resolver(PUBLIC)(None, 443) + resolver("10.0.0.1")(None, 443)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_n: both)

    with pytest.raises(PlaceError, match="the server's own network"):
        network.resolve("innocent.example", 443, is_plain=False)


def test_what_the_operator_names_is_allowed_and_nothing_beside_it(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.SOURCE_NETWORKS = [ipaddress.ip_network("10.20.0.0/16")]
    monkeypatch.setattr(socket, "getaddrinfo", resolver("10.20.3.4", "10.21.0.1"))

    assert network.resolve("minio", 9000, is_plain=True) == ["10.20.3.4"]
    with pytest.raises(PlaceError):
        network.resolve("minio", 9000, is_plain=True)


def test_the_internet_is_asked_by_tls_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver(PUBLIC))

    assert network.resolve("s3.example", 443, is_plain=False) == [PUBLIC]
    with pytest.raises(PlaceError, match="https://"):
        network.resolve("s3.example", 80, is_plain=True)


def test_a_name_that_stands_for_something_else_later_is_refused_then(
    monkeypatch: pytest.MonkeyPatch, dialed: list[str]
) -> None:
    monkeypatch.setattr(
        socket, "getaddrinfo", resolver(PUBLIC, PUBLIC, "169.254.169.254")
    )
    connection = network.connection("https://rebinding.example")

    assert network.resolve("rebinding.example", 443, is_plain=False) == [PUBLIC]
    with pytest.raises(PlaceError, match="does not answer"):
        connection.request("GET", "/")
    connection.close()
    with pytest.raises(PlaceError, match="the server's own network"):
        connection.request("GET", "/")

    # What was checked is what is connected to, and no name is looked up in between.
    assert dialed == [PUBLIC]


def test_the_certificate_is_that_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[object] = []
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(socket, "getaddrinfo", resolver(PUBLIC))
    monkeypatch.setattr(socket, "create_connection", lambda *_a, **_n: ours)

    def wrap(own: ssl.SSLContext, _plain: object, **more: object) -> None:
        named.extend([more["server_hostname"], own.check_hostname, own.verify_mode])
        raise ssl.SSLError("no certificate")

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", wrap)
    monkeypatch.setattr(socket, "TCP_NODELAY", socket.SO_KEEPALIVE)
    monkeypatch.setattr(socket, "IPPROTO_TCP", socket.SOL_SOCKET)

    with pytest.raises(PlaceError, match="cannot prove who it is"):
        network.connection("https://s3.example").request("GET", "/")

    assert named == ["s3.example", True, ssl.CERT_REQUIRED]
    theirs.close()


@pytest.mark.parametrize(
    "endpoint",
    [
        *("", "s3.example.com", "ftp://s3.example.com", "https://", "file:///etc"),
        *("https://user:pw@s3.example.com", "https://s3.example.com/path"),
        *("https://s3.example.com?x", "https://s3.example.com:99999", "https://[::1"),
        *("https://s3.example.com#x", "https://bücher.example"),
        *("https://a;script-src", "https://s3\n.example.com", "https://a b.example"),
        *("https://s3.example.com; img-src *", "https://*"),
    ],
)
def test_what_is_no_address_of_a_server_is_refused(endpoint: str) -> None:
    with pytest.raises(PlaceError, match="no address of a server"):
        network.connection(endpoint)


@pytest.mark.parametrize(
    ("endpoint", "port"), [("https://s3.example.com", 443), ("http://minio:9000", 9000)]
)
def test_a_connection_is_to_the_port_that_is_named(endpoint: str, port: int) -> None:
    connection = network.connection(endpoint)

    assert (connection.port, connection.timeout) == (port, network.PATIENCE)


def test_a_name_that_nobody_knows_is_told() -> None:
    with pytest.raises(PlaceError, match="no server by the name"):
        network.resolve("nowhere.invalid", 443, is_plain=False)


def test_the_operators_networks_are_read_and_a_wrong_one_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCE_NETWORKS", "10.20.0.0/16, fd00::/8")
    assert env.networks("SOURCE_NETWORKS") == [
        ipaddress.ip_network("10.20.0.0/16"),
        ipaddress.ip_network("fd00::/8"),
    ]

    monkeypatch.setenv("SOURCE_NETWORKS", "10.20.0.1/16")
    with pytest.raises(ImproperlyConfigured, match="SOURCE_NETWORKS"):
        env.networks("SOURCE_NETWORKS")
