"""A server for the tests of sources."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.labeling.transfer.sources.server import Server, running


@pytest.fixture(scope="package")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def server(shared_server: Server, settings: Settings) -> Iterator[Server]:
    """Give an empty bucket of a server, which the operator allows."""
    settings.SOURCE_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    shared_server.empty()
    yield shared_server
    shared_server.close()
