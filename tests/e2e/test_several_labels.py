"""C11: several labels from a file by keys to a model, its suggestions and an export.

The pictures are scikit-learn's handwritten digits, and their labels what holds of the
digit: even, prime, closed (it has a loop), high (5 or more). A one has none of them.
"""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from activelearn.models import ModelVersion
from activelearn.services.training import triggers
from labeling.models import Annotation, Item, Project
from labeling.services.votes import settle
from running.demo import data
from tests import make
from tests.activelearn.test_loop import work
from tests.e2e import browser as browsing
from tests.e2e.browser import CHANGED, PACE, READY, SHOWN, person
from tests.e2e.test_journey import part

pytestmark = browsing.MARKS

LABELS: Final = ("even", "prime", "closed", "high")
HOLDS: Final = ("02468", "2357", "0689", "56789")
LABELED: Final = 60


def labels_of(digit: str) -> list[str]:
    return [name for name, which in zip(LABELS, HOLDS, strict=True) if digit in which]


def import_by_page(page: Page, url: str, project: Project, file: Path) -> None:
    page.goto(f"{url}/projects/{project.slug}/import/")
    page.set_input_files("[name=file]", file)
    page.click("main form button")
    page.get_by_role("button", name="Import", exact=True).click()
    # Back on the page without a file: the import has been asked for.
    page.wait_for_url(lambda address: "upload=" not in address)
    work(project)


def label_by_keys(page: Page, truth: dict[str, str], most: int) -> None:
    """Press the keys of each label that holds, then enter."""
    known = {
        f"/{sha256}/": labels_of(truth[name])
        for name, sha256 in Item.objects.values_list("external_id", "media__sha256")
    }
    for _ in range(most):
        page.wait_for_function(f"() => ({SHOWN})() !== null")
        shown = page.evaluate(SHOWN)
        labels = next(names for sha, names in known.items() if sha in shown)
        page.wait_for_timeout(PACE)
        for name in labels:
            page.keyboard.press(str(LABELS.index(name) + 1))
        page.keyboard.press("Enter")
        page.wait_for_function(CHANGED, arg=shown)
    expect(page.locator("#saved")).to_have_text("saved", timeout=15_000)


def seen(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody wants to look at it."""
    if folder := os.environ.get("SEEN"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_c11_from_the_file_to_the_export(
    browser: Browser, live_server: LiveServer, tmp_path: Path
) -> None:
    body, truth = data.digits()
    file = tmp_path / "pictures.zip"
    file.write_bytes(part(body, list(truth)[:200]))
    manager = make.user(manager=True)
    project = make.project(
        labels=LABELS,
        data_type="image",
        task_type="multi",
        suggestion_mode="assist",
        evaluation_share=0.3,
        # From the first model on: the automatic one waits for fifty labels of the pool.
        strategy="margin",
        manager=manager,
    )
    url = live_server.url
    with person(browser, url, manager.username) as page:
        import_by_page(page, url, project, file)
        page.goto(f"{url}/projects/{project.slug}/label/")
        label_by_keys(page, truth, LABELED)

        settle.settle_project(project.pk)
        triggers.request(project, manager, "enough")
        work(project)
        page.goto(f"{url}/projects/{project.slug}/models/")
        expect(page.locator("main")).to_contain_text("By set of labels")
        seen(page, "models")
        if ModelVersion.objects.get().stage != ModelVersion.Stage.CHAMPION:
            page.get_by_role("link", name="Promote").first.click()
            page.get_by_role("button", name="Promote").click()
        work(project)

        page.goto(f"{url}/projects/{project.slug}/label/")
        page.locator(READY).wait_for()
        suggestion = page.locator("#item small")
        for _ in range(20):
            # Some items are held out, or stay blind.
            if suggestion.count() and ", " in suggestion.inner_text():
                break
            shown = page.evaluate(SHOWN)
            page.keyboard.press("1")
            page.keyboard.press("Enter")
            page.wait_for_function(CHANGED, arg=shown)
        assert suggestion.inner_text().startswith("The model suggests")
        assert sum(name in suggestion.inner_text() for name in LABELS) > 1
        seen(page, "station")
        expect(page.locator("#saved")).to_have_text("saved", timeout=15_000)

        page.goto(f"{url}/projects/{project.slug}/export/")
        page.get_by_text("CSV", exact=True).click()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download").click()
        rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))

    assert len(rows) == 200
    votes = Annotation.votes.order_by("pk")[:LABELED]
    given = {vote.item.external_id: vote.labels for vote in votes}
    for row in rows:
        if row["external_id"] in given:
            labels = sorted(labels_of(truth[row["external_id"]]))
            assert given[row["external_id"]] == labels
    assert {len(labels) for labels in given.values()} == {0, 1, 2, 3}
