"""A line that is slow and breaks: no answer is lost, none counts twice (F08)."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import label_by_keyboard, log_in
from tests.e2e.test_station import is_saved, once_each, prepare, texts_voted

pytestmark = [*browsing.MARKS, pytest.mark.soak]
# Seconds of each way, and the share of answers whose connection breaks before them.
DELAY, BREAKS = 0.1, 0.05
COUNT = 20


def _pump(source: socket.socket, target: socket.socket, *, breaks: bool) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            time.sleep(DELAY)
            if breaks and random.random() < BREAKS:
                break
            target.sendall(piece)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def slow_line(url: str, *, breaks: threading.Event) -> Iterator[str]:
    """Pass connections on slowly; while ``breaks`` is set some end before the answer."""
    parts = urlsplit(url)
    ends: list[socket.socket] = []
    pumps: list[threading.Thread] = []

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection((str(parts.hostname), parts.port or 80))
                ends.extend((near, far))
                for source, target, is_answer in (
                    (near, far, False),
                    (far, near, True),
                ):
                    pump = threading.Thread(
                        target=_pump,
                        args=(source, target),
                        kwargs={"breaks": is_answer and breaks.is_set()},
                        daemon=True,
                    )
                    pumps.append(pump)
                    pump.start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield f"http://{parts.hostname}:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    for pump in pumps:
        pump.join(10)
    for end in ends:
        end.close()


def test_f08_on_a_slow_line_that_breaks_every_answer_counts_once(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare(COUNT + 5)
    who = make.member(project).user.username
    breaks = threading.Event()
    with slow_line(live_server.url, breaks=breaks) as url:
        page = browser.new_page()
        log_in(page, url, who)
        page.goto(f"{url}/projects/{project.slug}/label/")
        breaks.set()

        done = label_by_keyboard(page, lambda _: "1", COUNT)

        is_saved(page)
        page.close()

    assert done == COUNT
    assert texts_voted() == once_each(COUNT)
