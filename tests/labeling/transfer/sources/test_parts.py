"""A large object is written in parts, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import ipaddress
import time

import pytest
from pytest_django.fixtures import Settings

from labeling.services.transfer.sources.bucket import Bucket
from labeling.services.transfer.sources.network import PlaceError
from labeling.services.transfer.sources.parts import MOST_PARTS, Portions
from labeling.services.transfer.sources.place import Place
from labeling.services.transfer.sources.replies import RefusedError
from tests.labeling.transfer.sources.scripted import Answer, answering
from tests.labeling.transfer.sources.server import KEY, Server

SMALL = Portions(at_once=1000, part=400)
BEGUN = b"<R><UploadId>u&amp;1</UploadId></R>"
DONE = b"<R><ETag>e</ETag></R>"


@pytest.fixture(autouse=True)
def allowed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SOURCE_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)


def bucket_at(endpoint: str, opened: list[Bucket]) -> Bucket:
    bucket = Bucket(Place(endpoint, "us-east-1", "bucket", "p/"), KEY, SMALL)
    opened.append(bucket)
    return bucket


def write(bucket: Bucket, data: bytes) -> None:
    digest = hashlib.sha256(data).hexdigest()
    bucket.write("out/é x.bin", io.BytesIO(data), len(data), digest)


@pytest.mark.parametrize("size", [1000, 1001, 1200, 12_345])
def test_a_file_of_any_size_is_written_byte_for_byte(server: Server, size: int) -> None:
    data = bytes(n * n % 251 for n in range(size))
    bucket = bucket_at(server.endpoint, server.opened)

    write(bucket, data)

    assert (server.files / "p/out/é x.bin").read_bytes() == data
    assert bucket.etag("out/é x.bin")
    assert [each.key for page in bucket.pages() for each in page] == ["out/é x.bin"]


def test_each_part_is_its_own_call_and_the_last_one_names_them_all() -> None:
    answers = [
        Answer(body=BEGUN),
        *(Answer(headers={"ETag": f'"{name}"'}) for name in "abc"),
        Answer(body=DONE),
    ]

    with answering(answers) as server:
        write(bucket_at(f"http://127.0.0.1:{server.port}", server.opened), b"x" * 1100)

    path = "/bucket/p/out/%C3%A9%20x.bin"
    assert server.asked == [
        f"POST {path}?uploads=",
        *(f"PUT {path}?partNumber={n}&uploadId=u%261" for n in (1, 2, 3)),
        f"POST {path}?uploadId=u%261",
    ]


@pytest.mark.parametrize(
    "answers",
    [
        [Answer(headers={"ETag": '"a"'}), Answer(403)],
        [
            *([Answer(headers={"ETag": '"a"'})] * 3),
            Answer(body=b"<Error><Code>InternalError</Code></Error>"),
        ],
    ],
    ids=["part", "end"],
)
def test_an_upload_that_fails_is_given_up(answers: list[Answer]) -> None:
    with answering([Answer(body=BEGUN), *answers, Answer(204)]) as server:
        bucket = bucket_at(f"http://127.0.0.1:{server.port}", server.opened)
        with pytest.raises(RefusedError, match=r"refuses: (HTTP 403|InternalError)"):
            write(bucket, b"x" * 1100)

    assert server.asked[-1].startswith("DELETE /bucket/p/out/")


def test_what_was_refused_is_told_also_where_it_cannot_be_given_up() -> None:
    with answering([Answer(body=BEGUN), Answer(403), Answer(404)]) as server:
        bucket = bucket_at(f"http://127.0.0.1:{server.port}", server.opened)
        with pytest.raises(RefusedError, match="HTTP 403"):
            write(bucket, b"x" * 1100)


def test_a_server_that_begins_no_upload_is_told() -> None:
    with answering([Answer(body=b"<html></html>")]) as server:
        bucket = bucket_at(f"http://127.0.0.1:{server.port}", server.opened)
        with pytest.raises(PlaceError, match="no object in parts"):
            write(bucket, b"x" * 1100)


def test_a_part_that_was_lost_is_sent_again_alone() -> None:
    answers = [
        Answer(body=BEGUN),
        Answer(503),
        *(Answer(headers={"ETag": '"a"'}) for _ in range(3)),
        Answer(body=DONE),
    ]

    with answering(answers) as server:
        write(bucket_at(f"http://127.0.0.1:{server.port}", server.opened), b"x" * 1100)

    assert sum("partNumber=1&" in call for call in server.asked) == 2
    assert len(server.asked) == 6


def test_the_largest_file_has_no_more_parts_than_s3_takes() -> None:
    size = 5 * 2**40

    assert size / Portions().of(size) <= MOST_PARTS
    assert Portions().of(6 * 2**30) == Portions().part
