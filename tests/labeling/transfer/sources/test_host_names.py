"""A bucket whose name stands before that of its server, by a real server."""

from __future__ import annotations

import hashlib
import io
import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from labeling.errors import InvalidInputError
from labeling.models import Source
from labeling.services.transfer.sources import network, serving, setting_up, store
from labeling.services.transfer.sources.bucket import Bucket
from labeling.services.transfer.sources.network import PlaceError
from labeling.services.transfer.sources.place import Place
from labeling.services.transfer.sources.setting_up import SourceDraft
from tests import make
from tests.labeling.transfer.sources.scripted import nobody
from tests.labeling.transfer.sources.server import KEY, Server, counts, listed, running


@pytest.fixture(scope="module")
def by_name(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("s3"), "--force-path-style=false") as server:
        yield server


@pytest.fixture
def endpoint(
    by_name: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Give the address of a server that only knows buckets by their own names."""
    settings.SOURCE_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    known = socket.getaddrinfo

    def resolved(host: str, *args: Any, **options: Any) -> Any:
        is_ours = host == "bucket.s3.test"
        return known("127.0.0.1" if is_ours else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    by_name.empty()
    yield by_name.endpoint.replace("127.0.0.1", "s3.test")
    by_name.close()


def test_a_bucket_of_its_own_name_is_listed_read_and_written(
    endpoint: str, by_name: Server
) -> None:
    by_name.put("p/ü b+.txt", b"whole")
    place = Place(endpoint, "us-east-1", "bucket", "p/", is_host=True)
    by_name.opened.append(bucket := Bucket(place, KEY))

    [[entry]] = bucket.pages()
    digest = hashlib.sha256(b"12").hexdigest()
    bucket.write("new", io.BytesIO(b"12"), 2, digest, nobody)

    assert (entry.key, store.content(bucket, entry, 99)) == ("ü b+.txt", b"whole")
    assert (by_name.files / "p/new").read_bytes() == b"12"
    address = bucket.address("ü b+.txt", 60)
    assert address.startswith(f"http://bucket.{network.split(endpoint).netloc}/p/")


@pytest.mark.django_db
def test_a_source_keeps_how_its_bucket_is_named(endpoint: str, by_name: Server) -> None:
    by_name.put("a.txt", b"one text")
    project = make.project()
    draft = SourceDraft(
        "named",
        endpoint=endpoint,
        bucket="bucket",
        key_id=KEY.id,
        secret=KEY.secret,
        addressing="host",
    )

    source = setting_up.add(project, None, draft)
    listed(source)

    assert counts(source) == {"objects": 1, "new": 1}
    assert source.where == f"http://bucket.{network.split(endpoint).netloc}/"


@pytest.mark.django_db
def test_pages_may_show_pictures_of_the_bucket_s_own_name_alone() -> None:
    project = make.project(data_type="image")
    Source.objects.create(
        project=project,
        name="named",
        kind="s3",
        endpoint="https://s3.example.com",
        bucket="pictures",
        serving="signed",
        addressing="host",
    )

    assert serving.origins(project) == ["https://pictures.s3.example.com"]


@pytest.mark.parametrize(
    "host", ["[::1]:9000", "[2001:db8::1]", "10.0.0.1:9000", "127.1", "0x7f000001"]
)
def test_no_bucket_stands_before_the_number_of_a_server(host: str) -> None:
    with pytest.raises(PlaceError, match="is the number of a server"):
        network.below(f"https://{host}", "bucket")


@pytest.mark.parametrize("host", ["s3.example.com", "10.example", "s3.0x1g", "minio"])
def test_a_name_with_numbers_in_it_is_a_name(host: str) -> None:
    assert network.below(f"https://{host}", "b") == f"https://b.{host}"


@pytest.mark.django_db
def test_a_source_of_a_number_and_a_name_is_refused_in_words(
    server: Server,
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        server.source(make.project(), addressing="host")

    assert "is the number of a server" in str(refusal.value.by_field["endpoint"][0])


@pytest.mark.django_db
def test_pages_are_shown_where_an_earlier_source_has_no_origin() -> None:
    project = make.project(data_type="image")
    Source.objects.create(
        project=project,
        name="numbered",
        kind="s3",
        endpoint="https://[2001:db8::1]",
        bucket="pictures",
        serving="signed",
        addressing="host",
    )

    assert serving.origins(project) == []
