"""The station at work while parts of the real server are killed."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import CHANGED, CHROMIUM, SHOWN, chromium, log_in
from tests.running.machine import Machine

pytestmark = [
    pytest.mark.running,
    pytest.mark.soak,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium"),
]
COUNT = 60


@pytest.fixture
def machine(folder: Path) -> Iterator[Machine]:
    started = Machine(folder / "home")
    try:
        started.start()
        yield started
    finally:
        started.kill_all()
        # Pytest shows it beside a failure.
        sys.stdout.write(started.log.read_text()[-10_000:])


def test_a_server_killed_under_a_robot_gets_every_answer_once(machine: Machine) -> None:
    password = machine.set_up(2 * COUNT)
    doomed = {COUNT // 3: "web", 2 * COUNT // 3: "database"}
    with chromium() as browser:
        window = browser.new_page()
        url = f"http://127.0.0.1:{machine.port}"
        log_in(window, url, "boss", password)
        window.goto(f"{url}/projects/p/label/")
        seen: list[str] = []
        while len(seen) < COUNT:
            window.wait_for_function(f"() => ({SHOWN})() !== null", timeout=90_000)
            seen.append(window.evaluate(SHOWN))
            if part := doomed.pop(len(seen), None):
                os.kill(machine.pid_of(part), signal.SIGKILL)
            # A label named by one character has that as its key.
            window.keyboard.press("xy"[len(seen) % 2])
            window.wait_for_function(CHANGED, arg=seen[-1])
        expect(window.locator("#saved")).to_have_text("saved", timeout=90_000)

    assert len(set(seen)) == COUNT
    rows = [json.loads(line) for line in machine.run("export", "p").splitlines()]
    given = {
        row["data"]["text"]: [vote["labels"] for vote in row["votes"]]
        for row in rows
        if row["votes"]
    }
    assert given == {text: [["yx"[number % 2]]] for number, text in enumerate(seen)}
