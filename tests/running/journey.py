"""A person's way through a site below a path, behind whatever ends TLS for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Response, expect, sync_playwright

from tests.e2e.browser import CHANGED, CHROMIUM, PACE, SHOWN

HOST, BELOW = "label.example.com", "/x/y/"
COUNT = 4


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


@dataclass
class Journey:
    """What is there to be seen after it."""

    votes: list[int]
    cookies: list[Any]
    asked: list[str]
    refused: list[str]
    messages: list[str]

    def check(self) -> None:
        """See that all of it was below the path, and nothing was refused."""
        assert sorted(self.votes) == [0] + [1] * (len(self.votes) - 1)
        paths = {urlsplit(asked).path for asked in self.asked if HOST in asked}
        # A browser asks for this of each host by itself.
        assert {path for path in paths if not path.startswith(BELOW)} <= {
            "/favicon.ico"
        }
        assert any(path.startswith(f"{BELOW}static/") for path in paths)
        assert f"{BELOW}api/projects/below/queue/lease/" in paths
        assert {cookie["path"] for cookie in self.cookies} == {BELOW}
        kept = [cookie for cookie in self.cookies if cookie["httpOnly"]]
        assert all(cookie["secure"] for cookie in kept)
        assert [line for line in self.refused if "favicon" not in line] == []
        policy = "Content Security Policy"
        assert not [text for text in self.messages if policy in text]


def travel(port: int, password: str, folder: Path) -> Journey:
    """Log in, make a project, bring items, label, follow each link, and export."""
    file = folder / "rows.jsonl"
    rows = ({"external_id": f"r{n}", "text": f"text {n}"} for n in range(COUNT))
    file.write_text("\n".join(map(json.dumps, rows)))
    with sync_playwright() as play:
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
        cookies = [*context.cookies(url)]
        started.close()
    return Journey(votes, cookies, window.asked, window.refused, window.messages)
