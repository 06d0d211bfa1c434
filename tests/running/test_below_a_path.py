"""The whole journey below a path of a host, behind TLS, with two web processes (wanted 14)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response, expect, sync_playwright

from tests.attacks.small_proxy import passing_on
from tests.e2e.browser import CHANGED, CHROMIUM, PACE, SHOWN
from tests.running.machine import Machine, open_folder

pytestmark = [
    pytest.mark.running,
    pytest.mark.browser,
    pytest.mark.soak,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl"),
]
HOST, BELOW = "label.example.com", "/x/y/"
COUNT = 4


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


class Window:
    """A browser's page, and all that it asked for."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.asked: list[str] = []
        self.refused: list[str] = []
        self.messages: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("response", self._note)
        page.on("console", lambda message: self.messages.append(message.text))

    def _note(self, answer: Response) -> None:
        if answer.status >= 400:
            self.refused.append(f"{answer.status} {answer.url}")

    def go(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}")

    def log_in(self, password: str) -> None:
        # By the page that one wanted: where it leads to stays below the path, too.
        self.go("projects/new/")
        self.page.fill("[name=username]", "boss")
        self.page.fill("[name=password]", password)
        self.page.click("main button")
        self.page.wait_for_url("**/x/y/projects/new/")

    def create(self) -> None:
        self.page.fill("[name=name]", "Below")
        self.page.select_option("[name=data_type]", "text")
        self.page.fill("[name=labels]", "cat\ndog")
        self.page.click("main button")
        self.page.wait_for_url("**/x/y/projects/below/**")

    def bring(self, file: Path) -> None:
        self.go("projects/below/import/")
        self.page.set_input_files("[name=file]", file)
        self.page.click("main form button")
        expect(self.page.get_by_text("the first rows")).to_be_visible()
        self.page.get_by_role("button", name="Import", exact=True).click()
        new = self.page.get_by_text(f": {COUNT} new").first
        expect(new).to_be_visible(timeout=60_000)

    def label(self) -> None:
        self.page.get_by_role("link", name="Label", exact=True).first.click()
        for _ in range(COUNT - 1):
            self.page.wait_for_function(f"() => ({SHOWN})() !== null")
            shown = self.page.evaluate(SHOWN)
            self.page.wait_for_timeout(PACE)
            self.page.keyboard.press("1")
            self.page.wait_for_function(CHANGED, arg=shown)
        expect(self.page.locator("#saved")).to_have_text("saved", timeout=20_000)

    def look_around(self) -> None:
        """Follow each link of the project's pages once."""
        self.go("projects/below/")
        links = self.page.eval_on_selector_all(
            "a[href]", "links => links.map(link => link.href)"
        )
        for link in sorted({link.partition("#")[0] for link in links}):
            if "/export/" not in link and self.url in link:
                answer = self.page.goto(link)
                assert answer is not None
                assert answer.status == 200, link


def test_all_of_a_site_below_a_path_stays_below_it(
    machine: Machine, tmp_path: Path
) -> None:
    password = machine.run("user", "create", "boss", "--manager").split()[-1]
    file = tmp_path / "rows.jsonl"
    rows = ({"external_id": f"r{n}", "text": f"text {n}"} for n in range(COUNT))
    file.write_text("\n".join(map(json.dumps, rows)))
    with (
        passing_on(tmp_path, HOST, behind=machine.port, below=BELOW) as (port, strays),
        sync_playwright() as play,
    ):
        rule = f"--host-resolver-rules=MAP {HOST} 127.0.0.1"
        started = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", rule]
        )
        context = started.new_context(ignore_https_errors=True)
        url = f"https://{HOST}:{port}{BELOW}"
        window = Window(context.new_page(), url)
        window.log_in(password)
        window.create()
        window.bring(file)
        window.label()
        window.look_around()
        # By the page: the browser alone knows where the host is.
        export = window.page.evaluate(
            "path => fetch(path).then(answer => answer.text())",
            f"{BELOW}api/projects/below/export/?format=jsonl",
        )
        votes = [len(json.loads(line)["votes"]) for line in export.splitlines()]
        cookies = context.cookies(url)
        started.close()

    assert sorted(votes) == [0] + [1] * (COUNT - 1)
    # A browser asks for this of each host by itself.
    assert [path for path in strays if path != "/favicon.ico"] == []
    paths = {urlsplit(asked).path for asked in window.asked if HOST in asked}
    assert {path for path in paths if not path.startswith(BELOW)} <= {"/favicon.ico"}
    assert any(path.startswith("/x/y/static/") for path in paths)
    assert any("/api/projects/below/queue/lease/" in path for path in paths)
    assert {cookie["path"] for cookie in cookies} == {BELOW}
    assert all(cookie["secure"] for cookie in cookies if cookie["httpOnly"])
    assert [line for line in window.refused if "favicon" not in line] == []
    assert not [text for text in window.messages if "Content Security Policy" in text]
