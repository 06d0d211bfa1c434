"""The whole journey below a path of a host, behind TLS, with two web processes (wanted 14)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.small_proxy import passing_on
from tests.e2e.browser import CHROMIUM
from tests.running.journey import BELOW, HOST, travel
from tests.running.machine import Machine, open_folder

pytestmark = [
    pytest.mark.running,
    pytest.mark.browser,
    pytest.mark.soak,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl"),
]


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    with open_folder() as folder:
        started = Machine(
            folder / "home", ALLOWED_HOSTS=HOST, HTTPS="1", URL_PREFIX=BELOW
        )
        try:
            started.start()
            yield started
        finally:
            started.kill_all()


def test_all_of_a_site_below_a_path_stays_below_it(
    machine: Machine, tmp_path: Path
) -> None:
    password = machine.run("user", "create", "boss", "--manager").split()[-1]
    with passing_on(tmp_path, HOST, behind=machine.port, below=BELOW) as (port, strays):
        journey = travel(port, password, tmp_path)

    journey.check()
    # A browser asks for this of each host by itself.
    assert [path for path in strays if path != "/favicon.ico"] == []
