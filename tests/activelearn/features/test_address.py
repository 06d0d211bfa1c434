"""An address that makes vectors: asked in batches, again where it is busy, and held to words."""

from __future__ import annotations

import ipaddress
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.test import Client

from activelearn.core import features as core
from activelearn.core.joined import JoinedRows
from activelearn.models import AddedEncoder, FeatureShard
from activelearn.services.features import added, adding, address, forgetting, store
from activelearn.services.features.address import AddressError, EmbeddingsAddress
from activelearn.services.ordering import ranking
from activelearn.services.training import choosing, encoding
from labeling.errors import ConflictError, InvalidInputError
from labeling.models import Job, Membership, Project
from labeling.services.transfer.sources.network import PlaceError
from labeling.services.work import jobs
from tests import make
from tests.activelearn.features.test_added import encode, models_page, texts

pytestmark = pytest.mark.django_db

SIZE = 6


@dataclass
class Embeddings:
    """A server that conforms: what it was asked, and what it is to reply first."""

    url: str = ""
    size: int = SIZE
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    first: list[tuple[int, bytes]] = field(default_factory=list)

    def place(self, key: str = "a key") -> EmbeddingsAddress:
        return EmbeddingsAddress(self.url, "small", key)

    def reply(self, body: dict[str, Any]) -> bytes:
        self.asked.append(body)
        data = [
            {"object": "embedding", "index": place, "embedding": self.vector(text)}
            for place, text in enumerate(body["input"])
        ]
        # In any order: the places say which is whose.
        return json.dumps({"object": "list", "data": data[::-1]}).encode()

    def vector(self, text: str) -> list[float]:
        seed = list(text.encode()) or [0]
        return np.random.default_rng(seed).normal(3, 1, self.size).tolist()


@pytest.fixture
def server(settings: LazySettings) -> Iterator[Embeddings]:
    settings.SOURCE_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    made = Embeddings()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            body = json.loads(self.rfile.read(size))
            made.keys.append(self.headers.get("Authorization", ""))
            if self.path != "/v1/embeddings":
                status, data = 404, b"nothing here"
            elif made.first:
                status, data = made.first.pop(0)
            else:
                status, data = 200, made.reply(body)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{listening.server_port}/v1"
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield made
    listening.shutdown()
    listening.server_close()


def test_texts_are_sent_in_batches_and_each_gets_its_own(server: Embeddings) -> None:
    many = [f"text {number}" for number in range(130)]
    many[7] = " "

    vectors = address.vectors_of(server.place(), many)

    assert [len(body["input"]) for body in server.asked] == [64, 64, 1]
    assert vectors.shape == (130, SIZE)
    assert np.isnan(vectors[7]).all()
    assert np.allclose(vectors[100], server.vector("text 100"), atol=1e-6)
    assert server.asked[0]["model"] == "small"
    assert set(server.keys) == {"Bearer a key"}
    address.vectors_of(server.place(key=""), ["x" * 9000])
    assert server.keys[-1] == ""
    assert len(server.asked[-1]["input"][0]) == address.LONGEST


def test_what_may_be_over_in_a_moment_is_tried_again(server: Embeddings) -> None:
    server.first = [(429, b"slow down"), (503, b"")]

    vectors = address.vectors_of(server.place(), ["a"], pauses=(0.0, 0.0))

    assert vectors.shape == (1, SIZE)
    server.first = [(500, b"broken")] * 3
    with pytest.raises(AddressError, match="500: broken"):
        address.vectors_of(server.place(), ["a"], pauses=(0.0, 0.0))
    assert server.first == []


def entries(*vectors: object) -> bytes:
    data = [{"index": place, "embedding": row} for place, row in enumerate(vectors)]
    return json.dumps({"data": data}).encode()


@pytest.mark.parametrize(
    ("status", "data", "why"),
    [
        (401, b"no such key", "401: no such key"),
        (302, b"", "302: –"),
        (200, b"<html>", "its reply is not as that of"),
        (200, b'{"data": []}', "its reply is not as that of"),
        (200, entries([1.0]), "its reply is not as that of"),
        (200, entries([1.0], [1.0, 2.0]), "its reply is not as that of"),
        (200, entries([1.0], ["1"]), "its reply is not as that of"),
        (200, entries([], []), "no numbers"),
        (200, entries([1.0], [float("nan")]), "infinities"),
        (200, entries([1.0], [1e300]), "infinities"),
        (200, entries([0.0] * 4097, [0.0] * 4097), "too many"),
    ],
)
def test_a_reply_that_is_none_is_refused_in_words(
    status: int, data: bytes, why: str, server: Embeddings
) -> None:
    server.first = [(status, data)]

    with np.errstate(over="ignore"), pytest.raises(AddressError, match=why):
        address.vectors_of(server.place(), ["a", "b"], pauses=())


def test_an_address_within_the_servers_own_network_is_not_asked(
    server: Embeddings, settings: LazySettings
) -> None:
    settings.SOURCE_NETWORKS = []

    with pytest.raises(PlaceError, match="SOURCE_NETWORKS"):
        address.vectors_of(server.place(), ["a"])
    assert server.asked == []


@pytest.mark.parametrize(
    ("url", "model", "key", "wrong"),
    [
        ("", "m", "", "url"),
        ("ftp://example.com/v1", "m", "", "url"),
        ("https://user@example.com/v1", "m", "", "url"),
        ("https://example.com/v1?key=1", "m", "", "url"),
        ("https://example.com/v 1", "m", "", "url"),
        ("https://example.com/v1", " ", "", "model"),
        ("https://example.com/v1", "m", "ключ", "key"),
        ("https://example.com/v1", "m", "a\r\nb", "key"),
    ],
)
def test_what_is_no_address_is_refused_by_field(
    url: str, model: str, key: str, wrong: str
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        address.check(EmbeddingsAddress(url, model, key))

    assert [*refusal.value.by_field] == [wrong]


def with_address(project: Project, server: Embeddings) -> core.Spec:
    adding.add_address(project, server.place(), None)
    assert encode(project).state == "done"
    return added.specs_of(project)["address"]


def test_texts_are_seen_once_in_the_background_and_orders_do_not_wait(
    server: Embeddings,
) -> None:
    project = texts(20)
    spec = with_address(project, server)
    choosing.choose(project, "address", None)
    assert store.spec_of(project) == spec
    rows = store.load(project).rows[:]
    assert isinstance(rows, JoinedRows)
    assert (rows.dense.astype(float) ** 2).sum(axis=1).mean() == pytest.approx(
        4, rel=0.01
    )
    sent = len(server.asked)

    # It is down, and a text comes in.
    server.first = [(401, b"")] * 9
    make.item(project, data={"text": "a new one"})
    assert store.spec_of(project) == core.JOINED_TEXT_SPEC
    ranking.rank(project)
    encoding.consider(project.pk)
    with pytest.raises(ConflictError):
        jobs.run(Job.objects.get(kind="learn.encode", state="queued").pk)
    encoding.consider(project.pk)
    assert not Job.objects.filter(kind="learn.encode", state="queued").exists()

    server.first = []
    Job.objects.filter(kind="learn.encode").delete()
    assert encode(project).result == {"items": 1}
    assert store.spec_of(project) == spec
    assert [body["input"] for body in server.asked[sent:]] == [["a new one"]]


def test_the_key_is_encrypted_and_in_no_specification(server: Embeddings) -> None:
    project = texts(10)

    spec = with_address(project, server)

    row = AddedEncoder.objects.get()
    assert "a key" not in row.sealed
    assert row.sealed
    shards = FeatureShard.objects.filter(spec_hash=core.hash_of(spec))
    assert "a key" not in json.dumps([spec, row.given, *(s.spec for s in shards)])
    assert server.keys[-1] == "Bearer a key"


def test_an_address_that_makes_other_vectors_now_is_refused(
    server: Embeddings,
) -> None:
    project = texts(10)
    with_address(project, server)
    server.size = SIZE + 1
    make.item(project, data={"text": "a new one"})
    encoding.consider(project.pk)

    with pytest.raises(AddressError, match="of 7 numbers, before of 6"):
        jobs.run(Job.objects.get(kind="learn.encode", state="queued").pk)


def test_an_address_that_does_not_reply_is_not_added(server: Embeddings) -> None:
    project = texts(1)
    server.first = [(401, b"no such key")]

    with pytest.raises(AddressError, match="no such key"):
        adding.add_address(project, server.place(), None)
    assert not AddedEncoder.objects.exists()
    adding.add_address(project, server.place(), None)
    with pytest.raises(ConflictError, match="already"):
        adding.add_address(project, server.place(), None)


def test_what_is_removed_is_asked_no_more(server: Embeddings) -> None:
    project = texts(10)
    with_address(project, server)
    choosing.choose(project, "address", None)

    adding.remove(project, "address")
    forgetting.forget_all()

    assert store.spec_of(project) == core.JOINED_TEXT_SPEC
    assert not AddedEncoder.objects.exists()
    assert not FeatureShard.objects.exists()


def test_a_manager_adds_it_on_the_page_and_an_engineer_does_not(
    server: Embeddings, client: Client
) -> None:
    project = texts(10)
    page = f"/projects/{project.slug}/models/"
    form = {"action": "add-address", "url": server.url, "model": "small", "key": "k"}
    engineer = make.member(project, role=Membership.Role.ENGINEER)

    client.force_login(engineer.user)
    offered = client.get(page).content.decode()
    refused = client.post(page, form)
    before = models_page(project, client)
    done = client.post(page, form)
    jobs.run(Job.objects.get(kind="learn.encode").pk)
    after = models_page(project, client)

    assert 'value="add-address"' not in offered
    assert refused.status_code in {403, 409}
    assert "all 10 are sent to it once, about" in before
    assert done.status_code == 302
    assert f"of “{server.place().host}”" in after
    assert 'value="add-address"' not in after


def test_a_program_adds_and_removes_it(server: Embeddings, client: Client) -> None:
    project = texts(10)
    client.force_login(make.manager_of(project).user)
    path = f"/api/projects/{project.slug}/representations/address/"
    body = {"url": server.url, "model": "small", "key": "k"}

    made = client.post(path, json.dumps(body), content_type="application/json")
    wrong = client.post(
        path, json.dumps({**body, "url": "x"}), content_type="application/json"
    )

    (row,) = [
        each for each in made.json()["representations"] if each["name"] == "address"
    ]
    assert (made.status_code, row["state"]) == (202, "waiting")
    assert wrong.status_code == 400
    assert client.delete(path).status_code == 204
    assert not AddedEncoder.objects.exists()
