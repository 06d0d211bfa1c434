"""Webhooks: written with what they tell, signed, sent until they arrive, and nowhere else."""

from __future__ import annotations

import ipaddress
import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from labeling.errors import ConflictError, InvalidInputError
from labeling.models import Project, Review, WebhookDelivery, WebhookEndpoint
from labeling.services.queue import reviews
from labeling.services.queue.reviews import Wanted
from labeling.services.transfer.webhooks import delivering, endpoints, signatures
from labeling.services.votes import gold
from labeling.services.work import outbox
from labeling.services.work.outbox import Notice
from tests import make
from tests.labeling.transfer.hooked import (
    Receiver,
    deliver,
    is_signed,
    receiving,
    registered,
)
from tests.test_pages import browser

pytestmark = pytest.mark.django_db

SETTLED = "review.settled"


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with receiving(settings) as made:
        yield made


def settled(project: Project, **wish: Any) -> Review:
    """Have an item reviewed and settled by a known answer."""
    item = make.item(project)
    (review,) = reviews.ask(project, [Wanted(item.pk, 1, **wish)])
    gold.record(project, [(item, ["x"])])
    return review


def test_the_signature_is_that_of_the_specification() -> None:
    # The published example of Standard Webhooks.
    headers = signatures.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_s43_a_settled_review_is_told_once_and_signed(receiver: Receiver) -> None:
    project = make.project()
    made = registered(project, receiver.url, SETTLED)
    review = settled(project, external_id="order 7")

    assert delivering.deliver_due() == 1
    assert delivering.deliver_due() == 0

    [(headers, body)] = receiver.got
    assert is_signed(headers, body, made.secret)
    assert not is_signed(headers, body + b" ", made.secret)
    late = {
        **headers,
        "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 400),
    }
    assert not is_signed(late, body, made.secret)
    told = json.loads(body)
    assert told["type"] == SETTLED
    assert told["data"] == {
        "project": project.slug,
        "review": review.pk,
        "id": "order 7",
        "item": review.item_id,
        "model": 1,
        "labels": ["x"],
        "source": "gold",
        "ended_at": told["data"]["ended_at"],
    }
    row = WebhookDelivery.objects.get()
    assert (row.state, row.status, row.message_id) == (
        "delivered",
        204,
        headers["webhook-id"],
    )


def test_what_is_rolled_back_is_not_told(receiver: Receiver) -> None:
    project = make.project()
    registered(project, receiver.url, SETTLED)

    with transaction.atomic():
        settled(project)
        transaction.set_rollback(True)

    assert deliver() == 0


def test_only_who_wants_to_hear_of_an_event_is_told(receiver: Receiver) -> None:
    project = make.project()
    registered(project, receiver.url, "model.promoted")
    registered(make.project(), receiver.url, SETTLED)

    settled(project)

    assert deliver() == 0
    outbox.put(project.pk, [Notice("model.promoted", {"model": 2})])
    assert deliver() == 1


def test_a_callback_is_told_alone_and_once_with_the_secret_of_its_server(
    receiver: Receiver,
) -> None:
    project = make.project()
    made = registered(project, receiver.url)
    registered(project, receiver.url, SETTLED)
    callback = receiver.url.replace("/hooks", "/orders/7?by=assay")

    settled(project, callback=callback)

    assert deliver() == 1
    [(headers, body)] = receiver.got
    assert is_signed(headers, body, made.secret)
    assert WebhookDelivery.objects.get().url == callback


def test_a_callback_of_another_server_is_unknown(receiver: Receiver) -> None:
    project = make.project()
    registered(project, receiver.url)
    port = receiver.url.split(":")[2].split("/")[0]
    others = [
        f"https://127.0.0.1:{port}/x",
        "http://127.0.0.1/x",
        f"http://127.0.0.1:{port}@evil.example.com/",
        f"http://evil.example.com/http://127.0.0.1:{port}",
        f"http://127.0.0.1:{port}\\@evil.example.com",
        "javascript:alert(1)",
        "http://[",
    ]

    own = [receiver.url, f"http://127.0.0.1:{port}/any/path", ""]
    assert outbox.unknown_callbacks(project.pk, own) == []
    assert outbox.unknown_callbacks(project.pk, others) == sorted(others)


def test_what_fails_is_sent_again_later_each_time_under_the_same_id(
    receiver: Receiver,
) -> None:
    project = make.project()
    registered(project, receiver.url, SETTLED)
    settled(project)
    receiver.statuses = [500, 503, 200]
    waits = []

    for _ in range(2):
        deliver()
        row = WebhookDelivery.objects.get()
        waits.append(row.next_at - timezone.now())
        assert (row.state, delivering.deliver_due()) == ("waiting", 0)
    deliver()

    assert timedelta(0) < waits[0] < timedelta(seconds=6)
    assert timedelta(minutes=4) < waits[1] < timedelta(minutes=6)
    row = WebhookDelivery.objects.get()
    assert (row.state, row.attempts, row.status) == ("delivered", 3, 200)
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {row.message_id}


def test_after_all_attempts_it_is_given_up_and_can_be_replayed(
    receiver: Receiver,
) -> None:
    project = make.project()
    registered(project, receiver.url, SETTLED)
    settled(project)
    attempts = len(delivering.PAUSES) + 1
    receiver.statuses = [500] * attempts

    for _ in range(attempts + 3):
        deliver()

    row = WebhookDelivery.objects.get()
    assert (row.state, row.attempts) == ("dead", attempts)
    delivering.replay(project, row.pk)
    assert delivering.deliver_due() == 1
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("delivered", 1)
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {row.message_id}


def test_a_worker_that_is_killed_after_sending_leaves_the_same_id(
    receiver: Receiver,
) -> None:
    project = make.project()
    registered(project, receiver.url, SETTLED)
    settled(project)
    before = WebhookDelivery.objects.get()
    delivering.deliver_due()
    # As the row was when the worker was killed, just before it marked it.
    claim = timezone.now() + delivering.CLAIM
    WebhookDelivery.objects.update(state="waiting", next_at=claim, status=None)

    assert delivering.deliver_due() == 0
    assert deliver() == 1

    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert ids == [before.message_id] * 2
    assert receiver.got[0][1] == receiver.got[1][1]


def test_a_mark_that_comes_late_changes_nothing(receiver: Receiver) -> None:
    project = make.project()
    registered(project, receiver.url, SETTLED)
    settled(project)
    receiver.statuses = [500]
    claimed = delivering._claimed()
    assert claimed is not None
    outcome = delivering._sent(claimed)
    # Another worker has begun the next attempt meanwhile.
    WebhookDelivery.objects.update(attempts=2)

    delivering._mark(claimed, outcome)

    row = WebhookDelivery.objects.get()
    assert (row.attempts, row.status) == (2, None)


def test_s02_a_redirect_is_not_followed(receiver: Receiver, settings: Settings) -> None:
    project = make.project()
    registered(project, receiver.url, SETTLED)
    settled(project)
    receiver.statuses, receiver.redirect = [302], receiver.url

    deliver()

    assert len(receiver.got) == 1
    row = WebhookDelivery.objects.get()
    assert (row.state, row.status) == ("waiting", 302)


def test_who_says_gone_is_told_nothing_more(receiver: Receiver) -> None:
    project = make.project()
    registered(project, receiver.url, SETTLED)
    settled(project)
    receiver.statuses = [410]

    deliver()
    settled(project)

    assert [row.state for row in WebhookDelivery.objects.all()] == ["dead"]
    assert not WebhookEndpoint.objects.get().is_active


# reliability.md 1.3: each of these is loopback, or within the server's own network.
FORMS = (
    "http://localhost/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://①②⑦.0.0.1/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "ftp://93.184.216.34/",
    "file:///etc/passwd",
    "gopher://93.184.216.34/",
    "https://user@93.184.216.34/",
    "https://93.184.216.34/a b",
    "https://93.184.216.34/#x",
    "https:///x",
    "",
)


@pytest.mark.parametrize("url", FORMS)
def test_s04_s05_no_address_of_the_servers_own_network_is_registered(
    url: str, settings: Settings
) -> None:
    settings.SOURCE_NETWORKS = []
    project = make.project()

    with pytest.raises(InvalidInputError) as refused:
        registered(project, url, SETTLED)

    assert [*refused.value.by_field] == ["url"]
    assert not WebhookEndpoint.objects.exists()


def test_s03_a_name_that_turns_to_loopback_later_is_not_told(
    receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SOURCE_NETWORKS = []
    project = make.project()
    port = int(receiver.url.split(":")[2].split("/")[0])
    places = ["93.184.216.34"]

    def resolved(host: str, port: int, *_: object, **__: object) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (places[0], port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    registered(project, f"https://hooks.example.com:{port}/", SETTLED)
    places[0] = "127.0.0.1"
    settled(project)

    deliver()

    assert receiver.got == []
    row = WebhookDelivery.objects.get()
    assert (row.state, row.attempts, row.status) == ("waiting", 1, None)
    assert "SOURCE_NETWORKS" in str(row.error)


def test_a_new_secret_signs_beside_the_one_before_for_a_day(
    receiver: Receiver,
) -> None:
    project = make.project()
    first = registered(project, receiver.url, SETTLED)
    second = endpoints.renew_secret(endpoints.of_project(project, first.endpoint.pk))
    settled(project)
    deliver()
    WebhookEndpoint.objects.update(earlier_until=timezone.now())
    settled(project)
    deliver()

    [early, late] = receiver.got
    assert is_signed(*early, first.secret)
    assert is_signed(*early, second.secret)
    assert not is_signed(*late, first.secret)
    assert is_signed(*late, second.secret)


def test_no_secret_is_kept_in_the_clear_nor_told_twice(receiver: Receiver) -> None:
    project = make.project()
    call = make.Caller(make.member(project, "engineer").user)
    path = f"projects/{project.slug}/webhooks/"

    made = call("post", path, {"url": receiver.url, "events": [SETTLED]})

    secret = made.json()["secret"]
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    assert secret.startswith("whsec_")
    assert secret not in WebhookEndpoint.objects.get().secret
    pk = made.json()["id"]
    assert "secret" not in call("get", f"{path}{pk}/").json()
    assert secret not in call("get", path).content.decode()
    renewed = call("post", f"{path}{pk}/secret/")
    assert (renewed.status_code, renewed.json()["secret"] != secret) == (201, True)


def test_the_api_registers_tries_changes_and_removes_an_endpoint(
    receiver: Receiver,
) -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)
    path = f"projects/{project.slug}/webhooks/"
    body = {"url": receiver.url, "events": ["strange"]}
    assert call("post", path, body).status_code == 400
    pk = call("post", path, {**body, "events": []}).json()["id"]

    tried = call("post", f"{path}{pk}/test/")
    delivering.deliver_due()

    assert tried.status_code == 202
    listed = f"projects/{project.slug}/webhook-deliveries/"
    shown = call("get", f"{listed}?state=delivered")
    assert [row["id"] for row in shown.json()["results"]] == [tried.json()["id"]]
    assert [told["type"] for told in receiver.told] == ["webhook.test"]
    # S04: what the receiver says is nobody's business.
    assert "secret of the receiver" not in shown.content.decode()
    again = call("post", f"{listed}{tried.json()['id']}/replay/")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    changed = call("patch", f"{path}{pk}/", {"events": [SETTLED], "is_active": False})
    assert (changed.json()["events"], changed.json()["is_active"]) == ([SETTLED], False)
    assert call("post", f"{path}{pk}/test/").status_code == 409
    assert deliver() == 0
    assert call("delete", f"{path}{pk}/").status_code == 204
    assert call("get", f"{path}{pk}/").status_code == 404
    assert WebhookDelivery.objects.get().state == "dead"
    for role in ("annotator", "expert"):
        other = make.Caller(make.member(project, role).user)
        assert other("get", path).status_code == 403
        assert other("get", listed).status_code == 403


def test_a_project_has_few_endpoints(receiver: Receiver) -> None:
    project = make.project()
    for _ in range(endpoints.MOST):
        registered(project, receiver.url)

    with pytest.raises(ConflictError):
        registered(project, receiver.url)


def test_an_endpoint_that_fails_lets_others_go_first(receiver: Receiver) -> None:
    project, other = make.project(), make.project()
    registered(project, receiver.url, SETTLED)
    registered(other, receiver.url, SETTLED)
    settled(project)
    settled(project)
    settled(other)
    receiver.statuses = [500]

    assert deliver() == 2

    assert [told["data"]["project"] for told in receiver.told] == [
        project.slug,
        other.slug,
    ]


def test_old_messages_are_forgotten_unless_they_wait(receiver: Receiver) -> None:
    project = make.project()
    registered(project, receiver.url, SETTLED)
    for _ in range(2):
        settled(project)
    old = timezone.now() - delivering.KEPT - timedelta(hours=1)
    WebhookDelivery.objects.update(created_at=old)
    first = WebhookDelivery.objects.earliest("pk")
    WebhookDelivery.objects.filter(pk=first.pk).update(state="dead")

    assert delivering.forget() == 1
    assert WebhookDelivery.objects.get().state == "waiting"


def test_the_page_shows_a_secret_once_and_what_became_of_messages(
    receiver: Receiver, settings: Settings
) -> None:
    project = make.project()
    client = browser(make.member(project, "engineer").user)
    page = f"/projects/{project.slug}/webhooks/"

    def press(**form: object) -> Any:
        return client.post(page, form)

    made = press(action="register", url=receiver.url, events=[SETTLED])
    assert "whsec_" in made.content.decode()
    assert "whsec_" not in client.get(page).content.decode()
    pk = WebhookEndpoint.objects.get().pk
    assert press(action="test", id=pk).status_code == 302
    receiver.statuses = [503]
    deliver()
    shown = client.get(f"{page}?state=waiting").content.decode()
    assert "webhook.test" in shown
    assert "503" in shown
    row = WebhookDelivery.objects.get()
    assert press(action="replay", id=row.pk).status_code == 302
    assert delivering.deliver_due() == 1
    assert "whsec_" in press(action="renew", id=pk).content.decode()
    press(action="switch", id=pk)
    assert not WebhookEndpoint.objects.get().is_active
    press(action="remove", id=pk)
    assert receiver.url not in client.get(page).content.decode().split("<table")[0]
    assert press(action="strange").status_code == 400
    settings.SOURCE_NETWORKS = [ipaddress.ip_network("10.0.0.0/8")]
    refused = press(action="register", url=receiver.url)
    assert refused.status_code == 400
    assert "SOURCE_NETWORKS" in refused.content.decode()
