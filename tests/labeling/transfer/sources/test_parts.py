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
from labeling.services.transfer.sources.store import Tell
from labeling.services.work.progress import Cancelled
from tests.labeling.transfer.sources.scripted import Answer, answering, nobody
from tests.labeling.transfer.sources.server import KEY, Server

SMALL = Portions(at_once=1000, part=400)
NONE = Answer(404)
BEGUN = b"<R><UploadId>u&amp;1</UploadId></R>"
DONE = b"<R><ETag>e</ETag></R>"
THREE_PARTS = [Answer(headers={"ETag": f'"{name}"'}) for name in "abc"]
GONE = Answer(404, b"<Error><Code>NoSuchUpload</Code></Error>")


@pytest.fixture(autouse=True)
def allowed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SOURCE_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)


def bucket_at(endpoint: str, opened: list[Bucket]) -> Bucket:
    bucket = Bucket(Place(endpoint, "us-east-1", "bucket", "p/"), KEY, SMALL)
    opened.append(bucket)
    return bucket


def write(bucket: Bucket, data: bytes, tell: Tell = nobody) -> None:
    digest = hashlib.sha256(data).hexdigest()
    bucket.write("out/é x.bin", io.BytesIO(data), len(data), digest, tell)


@pytest.mark.parametrize("size", [1000, 1001, 1200, 12_345])
def test_a_file_of_any_size_is_written_byte_for_byte(server: Server, size: int) -> None:
    data = bytes(n * n % 251 for n in range(size))
    bucket = bucket_at(server.endpoint, server.opened)

    write(bucket, data)

    assert (server.files / "p/out/é x.bin").read_bytes() == data
    assert bucket.etag("out/é x.bin")
    assert [each.key for page in bucket.pages() for each in page] == ["out/é x.bin"]


def test_each_part_is_its_own_call_and_the_last_one_names_them_all() -> None:
    answers = [NONE, Answer(body=BEGUN), *THREE_PARTS, Answer(body=DONE)]

    with answering(answers) as server:
        write(bucket_at(f"http://127.0.0.1:{server.port}", server.opened), b"x" * 1100)

    path = "/bucket/p/out/%C3%A9%20x.bin"
    assert server.asked == [
        f"HEAD {path}",
        f"POST {path}?uploads=",
        *(f"PUT {path}?partNumber={n}&uploadId=u%261" for n in (1, 2, 3)),
        f"POST {path}?uploadId=u%261",
    ]


def test_each_part_is_sent_with_its_own_sha_256() -> None:
    data = bytes(n % 251 for n in range(1100))
    answers = [NONE, Answer(body=BEGUN), *THREE_PARTS, Answer(body=DONE)]

    with answering(answers) as server:
        write(bucket_at(f"http://127.0.0.1:{server.port}", server.opened), data)

    parts = [data[:400], data[400:800], data[800:]]
    assert server.sent[2:5] == [(hashlib.sha256(p).hexdigest(), p) for p in parts]


@pytest.mark.parametrize("end", [Cancelled, SystemExit, KeyboardInterrupt])
def test_whatever_ends_an_upload_between_two_parts_gives_it_up(
    end: type[BaseException],
) -> None:
    heard = []

    def tell(written: int) -> None:
        heard.append(written)
        if written > 400:
            raise end

    answers = [NONE, Answer(body=BEGUN), *THREE_PARTS[:2], Answer(204)]
    with answering(answers) as server:
        bucket = bucket_at(f"http://127.0.0.1:{server.port}", server.opened)
        with pytest.raises(end):
            write(bucket, b"x" * 1100, tell)

    assert heard == [400, 800]
    assert len(server.asked) == 5
    assert server.asked[-1].startswith("DELETE /bucket/p/out/")


def there(etag: str, size: int = 1100) -> Answer:
    return Answer(headers={"ETag": f'"{etag}"'}, length=size)


@pytest.mark.parametrize(
    "lost", [[Answer(length=9)], [Answer(503), GONE]], ids=["cut", "tried again"]
)
@pytest.mark.parametrize("before", [NONE, there("old")], ids=["new", "again"])
def test_an_end_whose_answer_was_lost_is_one_where_the_object_is_there(
    before: Answer, lost: list[Answer]
) -> None:
    answers = [before, Answer(body=BEGUN), *THREE_PARTS, *lost, there("mine")]

    with answering(answers) as server:
        write(bucket_at(f"http://127.0.0.1:{server.port}", server.opened), b"x" * 1100)

    assert server.asked[-1].startswith("HEAD")


@pytest.mark.parametrize("after", [NONE, there("old"), there("mine", 1099)])
def test_an_end_whose_answer_was_lost_is_none_where_another_object_is_there(
    after: Answer,
) -> None:
    answers = [there("old"), Answer(body=BEGUN), *THREE_PARTS, GONE, after, Answer(204)]

    with answering(answers) as server:
        bucket = bucket_at(f"http://127.0.0.1:{server.port}", server.opened)
        with pytest.raises(RefusedError, match="NoSuchUpload"):
            write(bucket, b"x" * 1100)

    assert server.asked[-1].startswith("DELETE")


@pytest.mark.parametrize(
    "answers",
    [
        [Answer(headers={"ETag": '"a"'}), Answer(403)],
        [
            *([Answer(headers={"ETag": '"a"'})] * 3),
            Answer(body=b"<Error><Code>InternalError</Code></Error>"),
            NONE,
        ],
    ],
    ids=["part", "end"],
)
def test_an_upload_that_fails_is_given_up(answers: list[Answer]) -> None:
    with answering([NONE, Answer(body=BEGUN), *answers, Answer(204)]) as server:
        bucket = bucket_at(f"http://127.0.0.1:{server.port}", server.opened)
        with pytest.raises(RefusedError, match=r"refuses: (HTTP 403|InternalError)"):
            write(bucket, b"x" * 1100)

    assert server.asked[-1].startswith("DELETE /bucket/p/out/")


def test_what_was_refused_is_told_also_where_it_cannot_be_given_up() -> None:
    with answering([NONE, Answer(body=BEGUN), Answer(403), NONE]) as server:
        bucket = bucket_at(f"http://127.0.0.1:{server.port}", server.opened)
        with pytest.raises(RefusedError, match="HTTP 403"):
            write(bucket, b"x" * 1100)


def test_a_server_that_begins_no_upload_is_told() -> None:
    with answering([NONE, Answer(body=b"<html></html>")]) as server:
        bucket = bucket_at(f"http://127.0.0.1:{server.port}", server.opened)
        with pytest.raises(PlaceError, match="no object in parts"):
            write(bucket, b"x" * 1100)


def test_a_part_that_was_lost_is_sent_again_alone() -> None:
    answers = [
        NONE,
        Answer(body=BEGUN),
        Answer(503),
        *(Answer(headers={"ETag": '"a"'}) for _ in range(3)),
        Answer(body=DONE),
    ]

    with answering(answers) as server:
        write(bucket_at(f"http://127.0.0.1:{server.port}", server.opened), b"x" * 1100)

    assert sum("partNumber=1&" in call for call in server.asked) == 2
    assert len(server.asked) == 7


def test_the_largest_file_has_no_more_parts_than_s3_takes() -> None:
    size = 5 * 2**40

    assert size / Portions().of(size) <= MOST_PARTS
    assert Portions().of(6 * 2**30) == Portions().part
