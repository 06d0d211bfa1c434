"""A bucket, by a real server; and servers that answer what none should."""

from __future__ import annotations

import hashlib
import io
import ipaddress
import time
import urllib.error
import urllib.request

import pytest
from pytest_django.fixtures import Settings

from labeling.services.transfer.sources import bucket as buckets
from labeling.services.transfer.sources import replies, store
from labeling.services.transfer.sources.bucket import Bucket
from labeling.services.transfer.sources.network import PlaceError
from labeling.services.transfer.sources.place import Place
from labeling.services.transfer.sources.replies import RefusedError
from labeling.services.transfer.sources.signing import AccessKey
from labeling.services.transfer.sources.store import Listed, ObjectChangedError
from tests.labeling.transfer.sources.scripted import Answer, answering, nobody
from tests.labeling.transfer.sources.server import KEY, Server

ODD = ("a b+.txt", "ü/ß%20.txt", "(1)&=?#.txt", "日本.txt", "d01.x", "d01/x")
ONE = Listed("a", "e", 3, None)


@pytest.fixture(autouse=True)
def allowed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SOURCE_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)


def listing(*keys: str, more: str = "") -> bytes:
    objects = "".join(
        f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in keys
    )
    return f"<ListBucketResult>{objects}{more}</ListBucketResult>".encode()


def test_all_keys_come_in_their_order_and_each_is_read(server: Server) -> None:
    for key in ODD:
        server.put(f"p/{key}", key.encode())
    server.put("q/other", b"x")
    bucket = server.bucket("p/")

    listed = [each for page in bucket.pages() for each in page]

    assert [each.key for each in listed] == sorted(ODD, key=str.encode)
    assert [store.content(bucket, each, 99).decode() for each in listed] == [
        each.key for each in listed
    ]
    assert all(each.etag and each.size and each.modified_at for each in listed)


def test_a_long_list_comes_in_pages_and_goes_on_behind_a_key(server: Server) -> None:
    names = sorted(f"{number:04d}" for number in range(2100))
    for name in names:
        server.put(name, b"x")
    bucket = server.bucket()

    pages = [[each.key for each in page] for page in bucket.pages()]

    assert [len(page) for page in pages] == [1000, 1000, 100]
    assert [key for page in pages for key in page] == names
    rest = [each.key for page in bucket.pages("1500") for each in page]
    assert rest == names[1501:]


def test_an_object_that_is_another_one_than_the_listed_is_not_read(
    server: Server,
) -> None:
    server.put("a", b"old")
    server.put("b", b"old")
    bucket = server.bucket()
    first, second = next(bucket.pages())
    server.put("a", b"new")
    server.remove("b")

    for listed in (first, second):
        with pytest.raises(ObjectChangedError, match="changed or removed"):
            store.content(bucket, listed, 99)


def test_a_file_is_written_and_its_etag_is_told(server: Server) -> None:
    data = "Größe".encode() * 1000
    digest = hashlib.sha256(data).hexdigest()
    bucket = server.bucket("p/")

    bucket.write("out/é x.csv", io.BytesIO(data), len(data), digest, nobody)

    assert (server.files / "p/out/é x.csv").read_bytes() == data
    assert bucket.etag("out/é x.csv") == hashlib.md5(data).hexdigest()
    assert bucket.etag("nothing") == ""


def test_a_signed_address_is_good_for_this_object_alone(server: Server) -> None:
    server.put("p/ü b+.txt", b"whole")
    server.put("p/x.txt", b"other")
    address = server.bucket("p/").address("ü b+.txt", 60)

    with urllib.request.urlopen(address) as answer:
        assert answer.read() == b"whole"
    for wrong in (
        address.replace("%C3%BC%20b%2B.txt", "x.txt"),
        address.replace("Expires=60", "Expires=61"),
    ):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(wrong)
    assert KEY.secret not in address


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (AccessKey(KEY.id, "wrong"), "SignatureDoesNotMatch"),
        (AccessKey("nobody", KEY.secret), "refuses"),
        (None, "refuses"),
    ],
)
def test_a_wrong_key_is_refused_in_the_servers_words(
    server: Server, key: AccessKey | None, words: str
) -> None:
    with pytest.raises(RefusedError, match=words):
        next(server.bucket(key=key).pages())


def test_a_bucket_that_is_not_there_is_told(server: Server) -> None:
    place = Place(server.endpoint, "us-east-1", "nowhere")
    server.opened.append(bucket := Bucket(place, KEY))

    with pytest.raises(RefusedError, match="NoSuchBucket"):
        next(bucket.pages())


def test_a_redirect_is_not_followed() -> None:
    with answering([Answer()]) as elsewhere:
        there = f"http://127.0.0.1:{elsewhere.port}/"
        leads = Answer(307, headers={"Location": there})
        with (
            answering([leads]) as server,
            pytest.raises(RefusedError, match="HTTP 307"),
        ):
            next(server.bucket().pages())

        assert elsewhere.asked == []


def test_the_region_of_a_bucket_elsewhere_is_told() -> None:
    answer = Answer(301, headers={"x-amz-bucket-region": "eu-west-1"})

    with answering([answer]) as server, pytest.raises(RefusedError, match="eu-west-1"):
        next(server.bucket().pages())


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(status: int) -> None:
    given = [Answer(status), Answer(status), Answer(body=listing("a"))]

    with answering(given) as server:
        assert [each.key for each in next(server.bucket().pages())] == ["a"]
        assert len(server.asked) == 3


def test_a_server_that_stays_busy_is_told() -> None:
    with answering([Answer(503)]) as server:
        with pytest.raises(RefusedError, match="HTTP 503"):
            next(server.bucket().pages())
        assert len(server.asked) == buckets.TRIES


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>hello</html>",
        b"<ListBucketResult>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><ListBucketResult>&a;</ListBucketResult>',
        b"<ListBucketResult>" + b"<a>" * 50 + b"</a>" * 50 + b"</ListBucketResult>",
    ],
)
def test_what_is_no_list_of_a_bucket_is_told(body: bytes) -> None:
    with (
        answering([Answer(body=body)]) as server,
        pytest.raises(PlaceError, match="does not speak S3"),
    ):
        next(server.bucket().pages())


def test_a_list_that_begins_again_and_again_ends() -> None:
    more = (
        "<IsTruncated>true</IsTruncated>"
        "<NextContinuationToken>t</NextContinuationToken>"
    )

    with (
        answering([Answer(body=listing("a", more=more))]) as server,
        pytest.raises(PlaceError, match="for ever"),
    ):
        list(server.bucket().pages())


def test_names_with_a_prefix_and_encoded_keys_are_read() -> None:
    body = (
        b'<s:ListBucketResult xmlns:s="x"><s:EncodingType>url</s:EncodingType><s:Contents>'
        b"<s:Key>p%2Fa+b%2B</s:Key><s:ETag>&quot;e&quot;</s:ETag><s:Size>nonsense</s:Size>"
        b"</s:Contents></s:ListBucketResult>"
    )

    with answering([Answer(body=body)]) as server:
        assert next(server.bucket("p/").pages()) == [Listed("a b+", "e", 0, None)]


def test_an_object_that_breaks_off_is_told() -> None:
    with (
        answering([Answer(body=b"abc", length=10, headers={"ETag": '"e"'})]) as server,
        pytest.raises(PlaceError, match="broke"),
    ):
        store.content(server.bucket(), ONE._replace(size=10), 99)


def test_an_object_that_is_larger_than_it_was_listed_is_not_read() -> None:
    given = [Answer(body=b"abcd", headers={"ETag": '"e"'})]

    with answering(given) as server, pytest.raises(ObjectChangedError):
        store.content(server.bucket(), ONE, 99)


def test_no_more_is_read_than_is_allowed() -> None:
    body = b"x" * 10 * store.PIECE

    with answering([Answer(body=body, headers={"ETag": '"e"'})]) as server:
        data = store.content(server.bucket(), ONE._replace(size=len(body)), 10)

    assert 10 < len(data) <= store.PIECE


def test_a_server_that_is_gone_is_told() -> None:
    bucket = Bucket(Place("http://127.0.0.1:9", "r", "bucket"), KEY)

    with pytest.raises(PlaceError, match="does not answer"):
        bucket.etag("a")


def test_an_answer_without_end_is_cut_off() -> None:
    body = b"x" * (replies.MOST_XML + 2)

    with (
        answering([Answer(body=body)]) as server,
        pytest.raises(PlaceError, match="too long"),
    ):
        next(server.bucket().pages())


def test_a_connection_goes_on_after_an_object_that_was_not_read_to_its_end() -> None:
    large = Answer(body=b"x" * 10 * store.PIECE, headers={"ETag": '"e"'})
    small = Answer(body=b"abc", headers={"ETag": '"e"'})

    with answering([large, small]) as server:
        bucket = server.bucket()
        store.content(bucket, ONE._replace(size=10 * store.PIECE), 10)

        assert store.content(bucket, ONE, 99) == b"abc"
