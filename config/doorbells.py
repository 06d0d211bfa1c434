"""A broker that is a table of our database; NOTIFY wakes who waits.

Messages are doorbells: ids in, safe to run twice, rung again by a sweep. So a message is
deleted as it is taken, and the table is not logged: who dies with a message, or a crash of
the database, costs the seconds until the sweep. A ring is put by the database connection
of its thread, and within a transaction it is heard only when that has been committed.
"""

from __future__ import annotations

import json
import logging
import select
from pathlib import Path
from queue import Empty
from typing import Any, Final

import django.db
import psycopg
from kombu.transport import TRANSPORT_ALIASES, virtual
from psycopg import sql

from labeling.sql import statements

logger = logging.getLogger(__name__)

SCHEME: Final = "postgresql"

_SQL: Final = statements.load(Path(__file__).with_name("doorbells.sql"))


def _channel_of(queue: str) -> str:
    return f"assay.{queue}"


def _call(statement: str, **values: str) -> list[tuple[Any, ...]]:
    """Run a statement on this thread's connection, which may have lost its server."""
    link = django.db.connection
    if not link.in_atomic_block:
        link.close_if_unusable_or_obsolete()
    with link.cursor() as cursor:
        cursor.execute(_SQL[statement], values)
        return cursor.fetchall() if cursor.description else []


def _read(taken: str) -> dict[str, Any] | None:
    """Return a message, or None where it is none: a worker must not die of a row.

    It is out of the table already, and the sweep rings again for what it was about.
    """
    message: Any = None
    try:
        message = json.loads(taken)
        is_message = {"delivery_tag", "delivery_info"} <= set(message["properties"])
    except (ValueError, LookupError, TypeError):
        is_message = False
    if not is_message:
        logger.error("a doorbell that cannot be read is left out: %.200r", taken)
        return None
    return dict(message)


class Channel(virtual.Channel):
    """Queues are names in the table; nothing is to be made for one."""

    connection: Transport
    supports_fanout = False
    # A message for nobody is not kept: nobody would ever take it.
    deadletter_queue = None
    do_restore = True

    def _new_queue(self, *_: object, **__: object) -> None:
        return

    def _has_queue(self, *_: object, **__: object) -> bool:
        return True

    def _put(self, queue: str, message: dict[str, Any], **_: object) -> None:
        _call(
            "put", queue=queue, message=json.dumps(message), channel=_channel_of(queue)
        )

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        """Return the oldest message of a queue. Raises Empty where there is none."""
        del timeout
        while (taken := self.connection.take(queue)) is not None:
            if message := _read(taken):
                return message
        raise Empty

    def _size(self, queue: str) -> int:
        return int(_call("size", queue=queue)[0][0])

    def _purge(self, queue: str) -> int:
        count = self._size(queue)
        _call("purge", queue=queue)
        return count

    def _delete(self, queue: str, *_: object, **__: object) -> None:
        _call("purge", queue=queue)

    def basic_consume(self, queue: str, *args: Any, **kwargs: Any) -> Any:
        """Hear the bell of a queue from now on."""
        self.connection.hear(queue)
        return super().basic_consume(queue, *args, **kwargs)


class Transport(virtual.Transport):
    """Each consumer has a connection of its own, on which it hears the bell."""

    Channel = Channel
    # Of a process: producers and consumers come and go, what was declared stays.
    state_of_process = virtual.BrokerState()
    driver_type = driver_name = SCHEME
    connection_errors = (
        *virtual.Transport.connection_errors,
        # Also where the table is not there yet: it is made before anything serves.
        django.db.DatabaseError,
        django.db.InterfaceError,
        psycopg.Error,
    )
    implements = virtual.Transport.implements.extend(
        asynchronous=True, exchange_type=frozenset(["direct"])
    )

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.state = self.state_of_process
        self._link: psycopg.Connection[Any] | None = None
        self._loop: Any = None
        self._watched: int | None = None
        # Whether something may lie in the table that has not been taken yet.
        self._has_rung = True
        # Whether a queue was not looked at, for the worker has enough.
        self._is_full = False

    def establish_connection(self) -> Transport:
        """Look whether the table is there."""
        _call("look")
        super().establish_connection()
        return self

    def driver_version(self) -> str:
        """Return the version of the driver."""
        return psycopg.__version__

    @property
    def link(self) -> psycopg.Connection[Any]:
        """The connection of a consumer."""
        if self._link is None:
            words = django.db.connection.get_connection_params()
            kept = {key: words[key] for key in words if key not in _OF_DJANGO}
            self._link = psycopg.connect(**kept, autocommit=True)
            # One that is heard while a statement runs is told here, and not again.
            self._link.add_notify_handler(self._ring)
        return self._link

    def _ring(self, *_: object) -> None:
        self._has_rung = True

    def hear(self, queue: str) -> None:
        """Hear the bell of a queue, and look for what was rung before."""
        self.link.execute(
            sql.SQL("LISTEN {}").format(sql.Identifier(_channel_of(queue)))
        )
        self._ring()

    def take(self, queue: str) -> str | None:
        """Take the oldest message of a queue out of the table."""
        row = self.link.execute(_SQL["take"], {"queue": queue}).fetchone()
        return row[0] if row else None

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        """Have the loop wait for the bell, and take what was rung before it waits."""
        del connection
        self._loop, self._watched = loop, self.link.fileno()
        loop.add_reader(self._watched, self._hear_bell)
        loop.on_tick.add(self._take_all)

    def _hear_bell(self) -> None:
        """Read what has arrived. Raises OperationalError where the server has gone."""
        self.link.pgconn.consume_input()
        while self.link.pgconn.notifies():
            self._ring()

    def _take_all(self) -> None:
        """Deliver what lies in the table, as much as the worker wants at a time."""
        while self._has_rung or self._is_full:
            if not self._take_round() and not self._has_rung:
                break

    def _take_round(self) -> bool:
        """Deliver a message of each queue; return whether there was one."""
        # Before the look: a bell that is heard meanwhile counts.
        self._has_rung = self._is_full = is_taken = False
        for channel in self.channels or ():
            for queue in channel._active_queues:  # noqa: SLF001 (a part of it)
                if not channel.qos.can_consume():
                    self._is_full = True
                elif (taken := self.take(queue)) is not None:
                    # Behind one that cannot be read there may be others.
                    self._has_rung = True
                    if message := _read(taken):
                        is_taken = True
                        self._deliver(message, queue)
        return is_taken

    def drain_events(
        self, connection: Any, timeout: float | None = None, **_: Any
    ) -> None:
        """Deliver a message; wait for one where there is none.

        Raises TimeoutError where none comes in time.
        """
        del connection
        while not self._take_round():
            if not self._has_rung:
                self._wait(timeout)

    def _wait(self, timeout: float | None) -> None:
        """Wait for the bell. Raises TimeoutError where it is silent."""
        bell = select.poll()
        bell.register(self.link.fileno(), select.POLLIN)
        if not bell.poll(None if timeout is None else timeout * 1000):
            raise TimeoutError
        self._hear_bell()

    def close_connection(self, connection: Any) -> None:
        """Give back what was taken and not done, and hear no bell any more."""
        if self._loop is not None:
            self._loop.on_tick.discard(self._take_all)
            self._loop.remove(self._watched)
            self._loop = None
        super().close_connection(connection)
        if self._link is not None:
            self._link.close()
            self._link = None


# Django's own words for a connection, which psycopg does not know or which bind it to
# Django's ways with types.
_OF_DJANGO: Final = {
    "cursor_factory",
    "context",
    "server_side_binding",
    "prepare_threshold",
}


def register() -> None:
    """Let Celery find the broker by its scheme."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:{Transport.__name__}"
