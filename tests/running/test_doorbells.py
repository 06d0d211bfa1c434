"""The broker that is a table: heard at once, taken once, given back, never in the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from kombu import Connection, Exchange, Queue
from kombu.exceptions import OperationalError

from config import doorbells

pytestmark = pytest.mark.django_db(transaction=True)
BELL = Queue("bell", Exchange("bell", "direct"), "bell")


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """Begin and end with an empty table: it is no model's, so no test empties it."""
    doorbells._call("purge", queue="bell")
    yield
    doorbells._call("purge", queue="bell")


def ring(*numbers: int) -> None:
    with Connection("postgresql://database") as link:
        producer = link.Producer()
        for number in numbers:
            producer.publish(
                number, exchange=BELL.exchange, routing_key="bell", declare=[BELL]
            )


def ring_and_leave(*numbers: int) -> None:
    """Ring from a thread that ends."""
    ring(*numbers)
    connection.close()


def waiting() -> int:
    return int(doorbells._call("size", queue="bell")[0][0])


class Listener:
    """Takes messages, so many at a time, and keeps them until it has done them."""

    def __init__(self, link: Connection, prefetch: int = 1) -> None:
        self.link = link
        self.heard: list[Any] = []
        self.messages: list[Any] = []
        consumer = link.Consumer(BELL, callbacks=[self._hear], accept=["json"])
        consumer.qos(prefetch_count=prefetch)
        consumer.consume()

    def _hear(self, body: Any, message: Any) -> None:
        self.heard.append(body)
        self.messages.append(message)

    def listen(self, *, is_done: bool = True, seconds: float = 0.1) -> bool:
        try:
            self.link.drain_events(timeout=seconds)
        except TimeoutError:
            return False
        if is_done:
            self.messages[-1].ack()
        return True


def test_who_waits_is_woken_by_the_bell() -> None:
    with Connection("postgresql://database") as link:
        listener = Listener(link)
        assert not listener.listen()
        bell = threading.Timer(0.2, ring_and_leave, [7])
        bell.start()

        # Nothing is looked for in between: without the bell this takes its two minutes.
        assert listener.listen(seconds=120)
        bell.join()

    assert listener.heard == [7]
    assert waiting() == 0


def test_many_who_listen_take_each_message_once_and_in_order() -> None:
    ring(*range(40))
    heard: list[list[int]] = []

    def listen() -> None:
        try:
            with Connection("postgresql://database") as link:
                listener = Listener(link)
                while listener.listen():
                    continue
                heard.append(listener.heard)
        finally:
            connection.close()

    threads = [threading.Thread(target=listen) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(number for numbers in heard for number in numbers) == [*range(40)]
    assert all(numbers == sorted(numbers) for numbers in heard)


def test_more_than_is_wanted_at_a_time_stays_for_others() -> None:
    ring(1, 2, 3)
    with Connection("postgresql://database") as link:
        listener = Listener(link, prefetch=2)
        assert listener.listen(is_done=False)
        assert listener.listen(is_done=False)
        assert not listener.listen()
        assert waiting() == 1

        listener.messages[0].ack()

        assert listener.listen(is_done=False)
        assert listener.heard == [1, 2, 3]


def test_what_was_taken_and_not_done_is_given_back() -> None:
    ring(1, 2)
    with Connection("postgresql://database") as link:
        listener = Listener(link, prefetch=2)
        assert listener.listen()
        assert listener.listen(is_done=False)
        assert waiting() == 0

    assert waiting() == 1
    with Connection("postgresql://database") as link:
        listener = Listener(link)
        assert listener.listen()
        assert listener.heard == [2]


def test_a_ring_in_a_transaction_is_heard_when_it_is_committed_and_not_before() -> None:
    with Connection("postgresql://database") as link:
        listener = Listener(link)
        with transaction.atomic():
            ring(1)
            assert not listener.listen()
        assert listener.listen()
        with transaction.atomic():
            ring(2)
            transaction.set_rollback(True)

        assert not listener.listen()

    assert listener.heard == [1]


def test_a_message_for_nobody_is_not_kept() -> None:
    before = doorbells._call("look")
    with Connection("postgresql://database") as link:
        nobody = Exchange("nobody", "topic")
        link.Producer().publish(1, exchange=nobody, routing_key="x", declare=[nobody])

    assert doorbells._call("look") == before == []


def test_without_its_table_the_broker_does_not_answer() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE config_doorbell RENAME TO config_away")
    try:
        with (
            pytest.raises(OperationalError),
            Connection("postgresql://database") as link,
        ):
            link.ensure_connection(max_retries=1, timeout=1)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE config_away RENAME TO config_doorbell")


def test_a_bell_after_the_database_has_cut_the_connection_is_heard() -> None:
    with Connection("postgresql://database") as link:
        listener = Listener(link)
        ring(1)
        assert listener.listen()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            own = cursor.fetchone()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> %s",
                own,
            )
        with pytest.raises(link.connection_errors):
            listener.listen(seconds=10)
    with Connection("postgresql://database") as link:
        listener = Listener(link)
        ring(2)
        assert listener.listen()

    assert listener.heard == [2]


@pytest.mark.parametrize(
    "row",
    ["", "no JSON", "[]", "7", "{}", '{"properties": null}', '{"properties": {}}'],
)
def test_attack_37_a_row_that_is_no_message_ends_no_worker(
    row: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Connection("postgresql://database") as link:
        listener = Listener(link)
        doorbells._call("put", queue="bell", message=row, channel="assay.bell")
        ring(7)

        assert listener.listen(seconds=20)

    assert listener.heard == [7]
    assert "cannot be read" in caplog.text
    assert waiting() == 0
